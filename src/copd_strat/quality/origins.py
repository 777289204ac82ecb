"""Which source tables stand behind what: the patients, and every canonical table."""

from __future__ import annotations

from collections import Counter

from copd_strat.engine import Engine
from copd_strat.extracts.layouts import LAYOUTS
from copd_strat.extracts.receipts import Ingested

# The canonical relations are the native layout's tables.
RELATIONS = LAYOUTS["native"].order


def people_tables(landing: Ingested) -> frozenset[str]:
    """Source tables (``layout.table``) that the patients are made from."""
    return feeding_tables(landing)["patients"]


def feeding_tables(landing: Ingested) -> dict[str, frozenset[str]]:
    """Canonical table → the source tables that came and that it is made from.

    Tables in native form count for whatever layout asked for them, so tables are matched by name.
    """
    layouts = [LAYOUTS[name] for name in {receipt.layout for receipt in landing.tables}]
    needs: dict[str, set[str]] = {relation: set() for relation in RELATIONS}
    for layout in layouts:
        for feed in layout.feeds:
            needs[feed.relation] |= set(feed.needs)
    return {
        relation: frozenset(f"{r.layout}.{r.table}" for r in landing.tables if r.table in tables)
        for relation, tables in needs.items()
    }


def accepted_rows(landing: Ingested) -> dict[str, int]:
    """Canonical table → accepted rows of all tables that it is made from."""
    loaded: Counter[str] = Counter()
    for receipt in landing.tables:
        loaded[f"{receipt.layout}.{receipt.table}"] += receipt.totals["loaded"]
    return {
        relation: sum(loaded[table] for table in tables)
        for relation, tables in feeding_tables(landing).items()
    }


def rows_of_relations(engine: Engine) -> dict[str, int]:
    """Canonical table → its rows."""
    return {relation: int(engine.scalar(f"SELECT count(*) FROM {relation}")) for relation in RELATIONS}
