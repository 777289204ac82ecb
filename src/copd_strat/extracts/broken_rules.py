"""Which rules does any row of a file break? Told from summaries, so that clean files need no mask a row.

Most rules look at one value, and are tried on the column's distinct values. Whether somebody's record begins
before their birth is told by each patient's first date. Rules that compare two columns, or look at a measure,
take one pass over the columns concerned.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from copd_strat.checks import check_kind
from copd_strat.checks.not_placeholder import placeholders
from copd_strat.checks.violations import violation
from copd_strat.contracts.contract import Contract, Rule
from copd_strat.engine import Engine, literal
from copd_strat.engine.sql import identifier
from copd_strat.extracts.staging import Source


@dataclass(frozen=True, kw_only=True)
class RuleSearch:
    """A file and its rules; ``typed`` is the SQL of each column's typed value over ``r``."""

    engine: Engine
    contract: Contract
    source: Source
    typed: Mapping[str, str]
    as_of: date

    @property
    def applicable(self) -> list[Rule]:
        """Rules on columns that the file has: on others a gap breaks nothing."""
        return [rule for rule in self.contract.rules if rule.column in self.source.file.columns]

    def broken(self, *, in_place: bool) -> list[Rule]:
        """Rules that some row breaks, in the contract's order.

        Unless the file is read ``in_place``, every row is typed and written anyway: then a rule that takes a
        pass of its own is not tried first, and counts as broken.
        """
        by_value: dict[str, list[Rule]] = {}
        by_pass: list[Rule] = []
        found: set[str] = set()
        for rule in self.applicable:
            if self._is_told_by_value(rule):
                by_value.setdefault(str(rule.column), []).append(rule)
            elif not in_place:
                found.add(rule.code)
            elif self._is_told_by_first_date(rule):
                found |= self._tried([rule], self._first_dates(rule))
            else:
                by_pass.append(rule)
        for column, rules in by_value.items():
            found |= self._tried(rules, self.source.values.of(column))
        found |= self._tried(by_pass, self.source.rows) if by_pass else set()
        return [rule for rule in self.applicable if rule.code in found]

    def condition(self, rule: Rule) -> str:
        """SQL over ``r``, ``t`` and ``p`` that is true where a row breaks the rule."""
        return violation(rule, self.contract, self.as_of, self.source.file.columns[str(rule.column)])

    def patients(self, rules: Iterable[Rule]) -> str:
        """The join that rules about known patients need; their ``known_patient`` rule names the id's column."""
        if not any(check_kind(rule.check).needs_patient for rule in rules):
            return ""
        return f"LEFT JOIN known_patients p ON p.patient_id = t.{identifier(self._id_column)}"

    @property
    def _id_column(self) -> str:
        return next((str(rule.column) for rule in self.contract.rules_of("known_patient")), "")

    def _is_told_by_value(self, rule: Rule) -> bool:
        kind = check_kind(rule.check)
        alone = not kind.other_columns(rule) and (not kind.needs_patient or rule.column == self._id_column)
        return alone and str(rule.column) in self.source.values

    def _is_told_by_first_date(self, rule: Rule) -> bool:
        """Whether each patient's least date tells: not where a date that stands for unknown would be the least."""
        if not check_kind(rule.check).told_by_least or str(rule.column) not in self.source.values:
            return False
        value = self.typed[str(rule.column)]
        unknown = placeholders(self.contract) or (date.max,)
        return not self.engine.scalar(
            f"SELECT bool_or({value} IN {literal(unknown)}) FROM ({self.source.values.of(str(rule.column))}) r"
        )

    def _first_dates(self, rule: Rule) -> str:
        patient, day = identifier(self._id_column), identifier(str(rule.column))
        return f"SELECT {patient}, min({day}) AS {day} FROM ({self.source.rows}) GROUP BY {patient}"

    def _tried(self, rules: list[Rule], rows: str) -> set[str]:
        """Codes of the rules that any of ``rows`` breaks; these have the columns that the rules look at."""
        columns = {str(rule.column) for rule in rules}
        columns |= {other for rule in rules for other in check_kind(rule.check).other_columns(rule)}
        columns |= {self._id_column} if self.patients(rules) else set()
        there = sorted(columns & self.source.file.columns.keys())
        raw = ", ".join(f"{identifier(name)} := r.{identifier(name)}" for name in there)
        typed = ", ".join(f"{identifier(name)} := {self.typed[name]}" for name in sorted(columns))
        tests = ", ".join(f"bool_or({self.condition(rule)})" for rule in rules)
        held = self.engine.rows(
            f"SELECT {tests} FROM (SELECT struct_pack({raw}) AS r, struct_pack({typed}) AS t FROM ({rows}) r) s "
            f"{self.patients(rules)}"
        )[0]
        return {rule.code for rule, breaks in zip(rules, held, strict=True) if breaks}
