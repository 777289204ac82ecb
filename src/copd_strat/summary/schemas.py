"""The published tables by name; all there is to say of them stands in data_contracts/published."""

from __future__ import annotations

from functools import cache

from copd_strat.contracts.contract import Contract
from copd_strat.contracts.own_tables import own_table, own_tables


def published(table: str) -> Contract:
    """The contract of a published table; its key identifies a row and gives the order of rows."""
    return own_table("published", table)


@cache
def published_tables() -> tuple[Contract, ...]:
    """All published tables, by name."""
    return own_tables("published")


@cache
def schema_version() -> str:
    """The version that all published tables share."""
    (version,) = {contract.version for contract in published_tables()}
    return version
