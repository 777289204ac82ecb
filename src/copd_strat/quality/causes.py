"""From what the rules say to what is wrong: every broken rule and every movement under its cause.

A halved file breaks dozens of comparisons, and a fifth of the birth years damaged makes unknown patients in
every other table. People can only put causes right, so each is one finding, and the rest are its effects. The
steps are in the order in which one thing explains another: faults of the program, contracts, practices,
files, patients, months, feeds.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from copd_strat.config import GuardSettings
from copd_strat.errors import ContractError, RunGuardError
from copd_strat.quality.findings import Finding, Level, RuleResult, SuiteResult, Weight
from copd_strat.quality.gate_rules import NEEDED_ROWS, PROOFS
from copd_strat.quality.guard import Figures
from copd_strat.quality.guard_changes import Movement
from copd_strat.quality.guard_rules import GUARD_RULES
from copd_strat.quality.linkage_findings import SPELLING, WITHOUT_RECORDS
from copd_strat.quality.verdict_sentences import (
    ChangedFile,
    breach_sentence,
    changed_files,
    concepts_sentence,
    dispositions_sentence,
    fault_sentence,
    feeds_sentence,
    files_sentence,
    gone_files,
    gone_files_sentence,
    let_through,
    months_sentence,
    patients_sentence,
    practices_sentence,
    stale_sentence,
    table_sentence,
    unknown_patients_sentence,
)

_FAULTS = {rule.code for rule in PROOFS}
WHOLE_FILES = GUARD_RULES["GRD02"].fix
FAULT, BREACH = "counts do not add up", "a contract is broken"
LEVELS: tuple[Level, ...] = ("fail", "warn")
_KINDS: tuple[tuple[str, str, tuple[str, ...], Callable[[list[Movement]], str]], ...] = (
    ("the extract is old", "GP records", ("GRD01", "GRD10"), stale_sentence),
    ("concepts have changed", "code lists", ("GRD08",), concepts_sentence),
    ("dispositions have changed", "dispositions", ("GRD09",), dispositions_sentence),
)


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """All that was judged, and what is known of how things hang together.

    ``people``: source tables that the patients are made from; ``feeding``: canonical table → the source
    tables it is made from; ``last``: the last run's figures, empty on the first night; ``linkage``: what was
    found of tables that join with too few patients, each with the table as its subject.
    """

    suites: tuple[SuiteResult, ...]
    movements: tuple[Movement, ...]
    tonight: Figures | None
    last: Mapping[str, Any]
    settings: GuardSettings
    people: frozenset[str]
    feeding: Mapping[str, frozenset[str]]
    linkage: tuple[Finding, ...] = ()

    @property
    def patients_ratio(self) -> float:
        before = self.last.get("patients")
        return self.tonight.patients / before if before and self.tonight else 1.0

    def came_as_before(self, table: str) -> bool:
        """Whether as many rows came in as last time, so that fewer accepted ones have another cause."""
        before, now = (sum(rows.values()) for rows in self.rows_of(table))
        return now >= (1 - self.settings.max_rows_change) * before

    def fits_patients(self, movement: Movement) -> bool:
        """Whether a movement is what so many more or fewer patients bring: the rest would not even warn."""
        expected = self.patients_ratio * movement.before
        return abs(movement.now - expected) <= self.settings.max_rows_change / 2 * expected

    def rows_of(self, table: str) -> tuple[Mapping[str, int], Mapping[str, int]]:
        """Rows in by file: last night's, tonight's."""
        now = self.tonight.files.get(table, {}) if self.tonight else {}
        return (self.last.get("files") or {}).get(table, {}), now


@dataclass(kw_only=True)
class _Case:
    """A cause under way: the finding it will be, and what it has explained so far."""

    cause: str
    subject: str
    weight: Weight
    sentence: str
    fix: str
    codes: tuple[str, ...]
    exit_code: int
    tables: frozenset[str] = frozenset()
    figures: Mapping[str, float] = field(default_factory=dict)
    practices: frozenset[str] = frozenset()
    effects: list[str] = field(default_factory=list)
    moved: list[Movement] = field(default_factory=list)
    fixed: list[str] = field(default_factory=list)
    of_linkage: bool = False

    def explain(self, sentence: str, *movements: Movement) -> None:
        """Something more that follows from this cause: where it is meant, it has to be let through as well."""
        self.effects.append(sentence)
        self.moved += movements

    def explain_finding(self, found: Finding) -> None:
        self.effects.append(found.sentence)
        self.fixed += [code for code in found.codes if found.weight == "stop" and code in GUARD_RULES]

    def finding(self) -> Finding:
        """The cause, with every key that its night needs if it is meant: one alone would stop at the next."""
        stopping = [movement for movement in self.moved if movement.level == "fail"]
        meant = let_through(stopping, self.fixed) if self.exit_code == RunGuardError.exit_code else ""
        return Finding(
            cause=self.cause,
            subject=self.subject,
            weight=self.weight,
            sentence=self.sentence,
            fix=self.fix + meant,
            figures=self.figures,
            codes=self.codes,
            effects=tuple(self.effects),
            exit_code=self.exit_code,
        )


def find_causes(evidence: Evidence) -> tuple[Finding, ...]:
    """One finding a cause, those that stop the night first.

    What stops the night is gone through before what only warns: a warning may be an effect of a stop, never
    the other way round.
    """
    cases = _Cases(evidence)
    for level in LEVELS:
        cases.add_faults(level)
        cases.add_breaches(level)
        cases.add_files(level)
        cases.add_practices(level)
        cases.add_patients(level)
        cases.add_linkage(level)
        cases.add_tables(level)
        cases.add_unknown_patients(level)
        cases.add_months(level)
        cases.add_feeds(level)
        cases.add_without_records(level)
        cases.add_rest(level)
        cases.explain_empty_tables()
    return tuple(case.finding() for case in cases.all)


def _by_months(groups: list[list[Movement]]) -> list[list[list[Movement]]]:
    """The tables' movements, those of tables that lack the very same months together: one delivery failed."""
    together: dict[frozenset[str | None], list[list[Movement]]] = defaultdict(list)
    for found in groups:
        together[frozenset(movement.month for movement in found)].append(found)
    return list(together.values())


def _written_alike(broken: list[RuleResult]) -> dict[tuple[str, str | None], str]:
    """Columns of which most values cannot be read, for the same reason, each with all those of its table: dates are
    written in one way throughout."""
    reasons: dict[tuple[str, str], dict[str | None, None]] = defaultdict(dict)
    for found in broken:
        if found.column and found.check == "readable" and found.observed.get("share", 0) > _MOST:
            reason = found.description.replace(f" {found.column} ", " ", 1)
            reasons[found.table, reason][found.column] = None
    return {
        (table, column): ", ".join(filter(None, columns))
        for (table, _), columns in reasons.items()
        for column in columns
    }


_MOST = 0.5
_WEIGHTS: dict[Level, Weight] = {"fail": "stop", "warn": "warn"}


class _Cases:
    """The causes found so far; every step either explains what it sees by one of them or adds its own."""

    def __init__(self, evidence: Evidence) -> None:
        self.evidence = evidence
        self.all: list[_Case] = []

    def _movements(self, level: Level, *codes: str) -> list[Movement]:
        return [found for found in self.evidence.movements if found.code in codes and found.level == level]

    def _broken(self, level: Level) -> list[RuleResult]:
        suites = self.evidence.suites
        return [found for s in suites for found in (s.failures if level == "fail" else s.warnings)]

    def _about(self, tables: frozenset[str]) -> _Case | None:
        """The first cause that lies in one of the tables."""
        return next((case for case in self.all if case.tables & tables), None)

    def _about_people(self) -> _Case | None:
        return self._about(self.evidence.people)

    def add_faults(self, level: Level) -> None:
        """Counts that do not add up: no data can make them differ."""
        groups: dict[tuple[str, str], list[RuleResult]] = defaultdict(list)
        for found in self._broken(level):
            if found.code in _FAULTS:
                groups[found.code, found.table.split(":")[0]].append(found)
        for (_, table), results in groups.items():
            self._add_rules(FAULT, results[0].table, results, fault_sentence(results), frozenset({table}))

    def add_breaches(self, level: Level) -> None:
        """Rules of contracts, one cause a column, or those that are written alike; unknown patients have their own."""
        groups: dict[tuple[str, str], list[RuleResult]] = defaultdict(list)
        alike = _written_alike([found for every in LEVELS for found in self._broken(every)])
        for found in self._broken(level):
            if found.code not in _FAULTS and found.check != "known_patient":
                groups[found.table, alike.get((found.table, found.column), found.column or "")].append(found)
        for (table, columns), results in sorted(
            groups.items(), key=lambda group: group[0][0] not in self.evidence.people
        ):
            subject = f"{table}.{columns}" if columns else table
            case = next((case for case in self.all if case.subject == subject), None)
            if case:
                case.effects.append(breach_sentence(results))
            else:
                self._add_rules(BREACH, subject, results, breach_sentence(results), frozenset({table}))

    def add_files(self, level: Level) -> None:
        """Files that did not come: whatever else their tables lack follows from it."""
        for movement in self._movements(level, "GRD14"):
            table = movement.subject
            gone = gone_files(*self.evidence.rows_of(table))
            subject = f"{table}: {gone[0].name}" if len(gone) == 1 else table
            sentence = gone_files_sentence(movement, gone)
            self._add_guard("a file is missing", subject, [movement], sentence, frozenset({table}))

    def add_practices(self, level: Level) -> None:
        """Practices that have gone, if they are more of the patients' fall than all else together."""
        gone = [found for found in self._movements(level, "GRD04") if found.now == 0]
        if not gone or self._about_people() or self.evidence.tonight is None:
            return
        fall = self.evidence.last.get("patients", 0) - self.evidence.tonight.patients
        if 2 * sum(found.before for found in gone) >= fall:
            case = self._add_guard(
                "a practice has gone", "practices", gone, practices_sentence(gone), self.evidence.people
            )
            case.practices = frozenset(str(found.practice) for found in gone)

    def add_tables(self, level: Level) -> None:
        """Tables with other numbers of rows than last night, the patients' first."""
        found = self._movements(level, "GRD02")
        for movement in sorted(found, key=lambda one: one.subject not in self.evidence.people):
            table = movement.subject
            own, people = self._about(frozenset({table})), self._about_people()
            if own and own is not people and self._explains_rows(own, table):
                own.explain(f"{table}: {movement.words}", movement)
            elif people and (
                self._is_of_people(movement, frozenset({table})) or self._explains_rows(people, table)
            ):
                people.explain(f"{table}: {movement.words}", movement)
            else:
                files = changed_files(*self.evidence.rows_of(table))
                subject = f"{table}: {files[0].name}" if len(files) == 1 else table
                sentence = table_sentence(movement, files)
                self._add_guard(
                    "a table has changed in size", subject, [movement], sentence, frozenset({table})
                )

    def _is_of_people(self, movement: Movement, tables: frozenset[str]) -> bool:
        """Whether fewer patients explain a fall: it fits their number, or all rows came and were refused as
        nobody's. What is only below a usual month is no comparison with last night."""
        if movement.code == "GRD06":
            return False
        nobodys = {
            found.table for level in LEVELS for found in self._broken(level) if found.check == "known_patient"
        }
        whole = bool(tables & nobodys) and all(map(self.evidence.came_as_before, tables))
        return self.evidence.fits_patients(movement) or (whole and movement.now < movement.before)

    def _explains_rows(self, case: _Case, table: str) -> bool:
        """Rows that a contract set aside came in all the same; any other cause takes rows away."""
        return table in case.tables and (case.cause != BREACH or self.evidence.came_as_before(table))

    def add_patients(self, level: Level) -> None:
        """Fewer or more patients, in all or by practice, that nothing explains yet."""
        for movement in self._movements(level, "GRD03", "GRD04"):
            where = f"practice {movement.practice}" if movement.practice else "patients"
            case = self._about_people()
            if case is None:
                short = self._short_files(self.evidence.people)
                self._add_guard(
                    "the number of patients has changed",
                    short[0].name if len(short) == 1 else where,
                    [movement],
                    patients_sentence(movement, short),
                    self.evidence.people,
                )
            elif movement.practice not in case.practices:
                case.explain(f"{where}: {movement.words}", movement)

    def add_linkage(self, level: Level) -> None:
        """Tables that join with too few patients; where patients are missing, that is the cause."""
        for found in self.evidence.linkage:
            people = self._about_people()
            if found.weight != _WEIGHTS[level] or found.cause == WITHOUT_RECORDS:
                continue
            if people and found.cause != SPELLING:
                people.explain_finding(found)
            else:
                self._add_found(found)

    def add_without_records(self, level: Level) -> None:
        """People without records: what the table lacks, a file, whole months, a practice, is the cause if known."""
        for found in self.evidence.linkage:
            if found.weight != _WEIGHTS[level] or found.cause != WITHOUT_RECORDS:
                continue
            if case := self._about(frozenset({found.subject})) or self._about_people():
                case.explain_finding(found)
            else:
                self._add_found(found)

    def explain_empty_tables(self) -> None:
        """A table of which no row was accepted says so of itself, not why: any other stop that names it does."""
        for empty in [case for case in self.all if case.codes == (NEEDED_ROWS.code,)]:
            others = (case for case in self.all if case is not empty and case.weight == "stop")
            if cause := next((case for case in others if case.tables & empty.tables), None):
                cause.effects += [empty.sentence, *empty.effects]
                self.all.remove(empty)

    def _add_found(self, found: Finding) -> None:
        self.all.append(
            _Case(
                cause=found.cause,
                subject=found.subject,
                weight=found.weight,
                sentence=found.sentence,
                fix=found.fix,
                codes=found.codes,
                exit_code=found.exit_code,
                tables=frozenset({found.subject}),
                figures=found.figures,
                of_linkage=found.cause != WITHOUT_RECORDS,
            )
        )

    def _explaining_unknown_patients(self, table: str) -> _Case | None:
        own = (case for case in self.all if case.of_linkage and table in case.tables)
        return next(own, None) or self._about_people()

    def add_unknown_patients(self, level: Level) -> None:
        """Rows about people who are not among the patients: one cause, however many tables show it."""
        broken: list[RuleResult] = []
        for found in self._broken(level):
            if found.check != "known_patient":
                continue
            if case := self._explaining_unknown_patients(found.table):
                case.effects.append(unknown_patients_sentence([found]))
            else:
                broken.append(found)
        if broken:
            tables = tuple(dict.fromkeys(found.table for found in broken))
            self._add_rules(
                "rows about people who are not among the patients",
                ", ".join(tables),
                broken,
                unknown_patients_sentence(broken),
                frozenset(tables),
            )

    def add_months(self, level: Level) -> None:
        """Months with too few records: all those of one table together, and tables that lack the same ones."""
        groups: dict[str, list[Movement]] = defaultdict(list)
        for movement in self._movements(level, "GRD06", "GRD07"):
            own, people = self._about(self._sources(movement)), self._about_people()
            if own is None and people and self._is_of_people(movement, self._sources(movement)):
                own = people
            if own:
                own.explain(f"{movement.subject} in {movement.month}: {movement.words}", movement)
            else:
                groups[movement.subject].append(movement)
        whole: list[list[Movement]] = []
        for subject, found in groups.items():
            short = self._short_files(self._sources(found[0]))
            if short:
                self._add_short_files(subject, found, short)
            else:
                whole.append(found)
        for together in _by_months(whole):
            subjects = ", ".join(found[0].subject for found in together)
            sentence = "; ".join(months_sentence(found[0].subject, found) for found in together)
            every = [movement for found in together for movement in found]
            tables = frozenset[str]().union(*map(self._sources, every))
            self._add_guard("a month has too few records", subjects, every, sentence, tables)

    def _add_short_files(self, subject: str, found: list[Movement], short: list[ChangedFile]) -> None:
        told, tables = files_sentence(subject, short), self._sources(found[0])
        case = self._add_guard("a file is shorter than last night", short[0].name, found, told, tables)
        case.fix = WHOLE_FILES
        case.figures = {"before": short[0].before or 0, "tonight": short[0].now or 0}
        case.effects.append(months_sentence(subject, found))

    def _short_files(self, tables: frozenset[str]) -> list[ChangedFile]:
        """Files that explain what is missing: those that changed, if each has much fewer rows."""
        found = []
        for table in sorted(tables):
            changed = changed_files(*self.evidence.rows_of(table))
            limit = self.evidence.settings.max_rows_change
            if all(file.lost_more_than(limit) for file in changed):
                found += changed
        return found

    def add_feeds(self, level: Level) -> None:
        """Practices that have fallen silent, all those of one table together."""
        groups: dict[str, list[Movement]] = defaultdict(list)
        for movement in self._movements(level, "GRD05"):
            if case := self._about(self._sources(movement)) or self._about_people():
                case.explain(
                    f"{movement.subject} of practice {movement.practice}: {movement.words}", movement
                )
            else:
                groups[movement.subject].append(movement)
        for subject, found in groups.items():
            sentence, tables = feeds_sentence(subject, found), self._sources(found[0])
            self._add_guard("practices have fallen silent", subject, found, sentence, tables)

    def add_rest(self, level: Level) -> None:
        """Age of the extract, concepts, dispositions: each kind is one cause."""
        for cause, subject, codes, sentence in _KINDS:
            if found := self._movements(level, *codes):
                case = next((case for case in self.all if case.cause == cause), None)
                if case:
                    case.explain(sentence(found), *found)
                else:
                    self._add_guard(cause, subject, found, sentence(found), frozenset())

    def _sources(self, movement: Movement) -> frozenset[str]:
        return self.evidence.feeding.get(movement.subject, frozenset())

    def _add_rules(
        self, cause: str, subject: str, results: list[RuleResult], sentence: str, tables: frozenset[str]
    ) -> None:
        worst = max(results, key=lambda found: found.observed.get("share", 0))
        columns = [found.column for found in results if found.check == worst.check and found.column]
        others = ", ".join(dict.fromkeys(name for name in columns if name != worst.column))
        self.all.append(
            _Case(
                cause=cause,
                subject=subject,
                weight=_WEIGHTS[worst.level],
                sentence=sentence,
                fix=f"{worst.fix}; likewise {others}" if others else worst.fix,
                codes=tuple(dict.fromkeys(found.code for found in results)),
                exit_code=ContractError.exit_code,
                tables=tables,
                figures=worst.observed,
            )
        )

    def _add_guard(
        self, cause: str, subject: str, found: list[Movement], sentence: str, tables: frozenset[str]
    ) -> _Case:
        worst = max(found, key=lambda movement: abs(movement.now - movement.before))
        case = _Case(
            cause=cause,
            subject=subject,
            weight=_WEIGHTS[worst.level],
            sentence=sentence,
            fix="; ".join(dict.fromkeys(GUARD_RULES[movement.code].fix for movement in found)),
            codes=tuple(dict.fromkeys(movement.code for movement in found)),
            exit_code=RunGuardError.exit_code,
            tables=tables,
            figures={"before": worst.before, "tonight": worst.now},
            moved=list(found),
        )
        self.all.append(case)
        return case
