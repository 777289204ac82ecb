"""The year of birth is that of somebody who can be alive on the run date, or who is known to be gone."""

from __future__ import annotations

from typing import Any

from copd_strat.checks.check import Cell, Check, Row
from copd_strat.contracts.contract import Column, Contract, Rule
from copd_strat.engine.sql import identifier


class PlausibleBirthYear(Check):
    meaning = "nobody is born after the run date, or so long ago that they can hardly be alive"
    counts = "Rows whose {column} lies after the run date, or more than {oldest} years before it{unless}."
    fix = "correct {column} at the source, or close the record of somebody who has died"
    arguments = ("oldest",)
    moves = True

    def words(self, column: Column | None, arguments: dict[str, Any], contract: Contract) -> tuple[str, str]:
        gone = " and ".join(arguments.get("unless", ()))
        unless = f" though {gone} are empty" if gone else ""
        return super().words(column, arguments | {"unless": unless}, contract)

    def other_columns(self, rule: Rule) -> tuple[str, ...]:
        return tuple(rule.arguments.get("unless", ()))

    def condition(self, cell: Cell) -> str:
        gone = [
            f"{cell.typed}{identifier(column)} IS NULL" for column in cell.rule.arguments.get("unless", ())
        ]
        too_old = f"{cell.value} < {cell.as_of.year - cell.rule.arguments['oldest']}"
        return f"({cell.value} > {cell.as_of.year} OR {' AND '.join([too_old, *gone])})"

    def bad_value(self, rule: Rule, contract: Contract, row: Row) -> str:
        return "2999"


CHECK = PlausibleBirthYear()
