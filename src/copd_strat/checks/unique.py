"""No two rows have the same key."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from copd_strat.checks.check import Check, Common, Row
from copd_strat.checks.expectations import expectations
from copd_strat.contracts.contract import Column, Contract, Rule


class Unique(Check):
    meaning = "no two rows have the same key (or, of a column, the same value)"
    counts = "Rows that repeat the key ({key}) of another row with other content; the best one stays."
    fix = "have the source send one row a key"
    dimension = "uniqueness"
    warn_share = 0.0001
    fail_share = 0.02
    whole_table = True
    adds_row = True

    def words(self, column: Column | None, arguments: dict[str, Any], contract: Contract) -> tuple[str, str]:
        key = column.name if column else ", ".join(contract.key)
        if contract.made_here:
            return f"Rows that repeat the key ({key}) of another row.", self.fix
        return self.counts.format(key=key), self.fix

    def read(self, item: dict[str, Any]) -> dict[str, Any] | None:
        # The columns of a key are the contract's; the item's arguments only say them.
        return {} if item.get("metric") == "duplicateValues" else super().read(item)

    def written(self, rule: Rule, contract: Contract) -> dict[str, Any]:
        if rule.column is not None:
            return super().written(rule, contract)
        # The standard knows no share of repeated values.
        key = {"properties": list(contract.key)}
        return {"type": "library", "metric": "duplicateValues", "arguments": key, "mustBe": 0}

    def lint(self, rule: Rule, contract: Contract) -> Iterator[str]:
        if rule.column is None and not contract.key:
            yield "needs columns with 'primaryKey: true', or the arguments' 'properties'"
        if rule.column is not None and not contract.made_here:
            yield "'unique' judges tables made here only: an extract has a 'primaryKey'"

    def expectation(self, rule: Rule, contract: Contract, common: Common) -> Any:
        key = [rule.column] if rule.column else list(contract.key)
        if len(key) == 1:
            return expectations().ExpectColumnValuesToBeUnique(column=key[0], **common)
        return expectations().ExpectCompoundColumnsToBeUnique(column_list=key, **common)

    def spoiled(self, rule: Rule, contract: Contract, row: Row) -> Row | None:
        """The same key with other content: an optional value is taken away, so that no other rule breaks."""
        optional = (c.name for c in contract.columns if not c.required and c.name not in contract.key)
        name = next((name for name in optional if row.get(name)), None)
        return None if name is None else {**row, name: ""}


CHECK = Unique()
