"""Which source tables stand behind what: the patients, and every canonical table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection

from copd_strat.engine import Engine
from copd_strat.extracts.layout import Layout, tables_read
from copd_strat.extracts.layouts import LAYOUTS
from copd_strat.extracts.receipts import Ingested

# The canonical relations are the native layout's tables.
RELATIONS = LAYOUTS["native"].order


def people_tables(landing: Ingested) -> frozenset[str]:
    """Source tables (``layout.table``) that the patients are made from: without them there are none."""
    feeds = [feed for layout in _layouts(landing) for feed in layout.feeds if feed.relation == "patients"]
    return _came(landing, {table for feed in feeds for table in feed.needs})


def feeding_tables(landing: Ingested) -> dict[str, frozenset[str]]:
    """Canonical table → the source tables that came and that its SELECTs read.

    Tables in native form count for whatever layout asked for them, so tables are matched by name.
    """
    read: dict[str, set[str]] = {relation: set() for relation in RELATIONS}
    for layout in _layouts(landing):
        for feed in layout.feeds:
            read[feed.relation] |= tables_read(layout, feed)
    return {relation: _came(landing, tables) for relation, tables in read.items()}


def _layouts(landing: Ingested) -> list[Layout]:
    return [LAYOUTS[name] for name in sorted({receipt.layout for receipt in landing.tables})]


def _came(landing: Ingested, tables: Collection[str]) -> frozenset[str]:
    return frozenset(f"{r.layout}.{r.table}" for r in landing.tables if r.table in tables)


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
