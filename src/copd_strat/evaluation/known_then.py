"""The extracts as they stood on an earlier day: the canonical relations without what came later.

A back-test that sees the future praises every model. So two things keep it out: each relation is cut by a
query of its own, and before anything is read a second look, which knows dates from the contracts alone, makes
sure that none of them is later than the index.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

from copd_strat.contracts.own_tables import own_table
from copd_strat.engine import Engine, packaged_sql, render
from copd_strat.engine.sql import identifier, literal, plain_name

RELATIONS = (
    "patients",
    "gp_events",
    "prescriptions",
    "hospital_episodes",
    "ed_attendances",
    "deaths",
    "organisations",
    "local_flags",
    "decisions",
)
# Made by ingest for its own use, so that no contract describes it.
_PRACTICES_END = "practices_end"


@contextmanager
def known_then(engine: Engine, index: date) -> Iterator[None]:
    """Inside, the canonical relations hold what was known on ``index``; afterwards all of it again.

    RuntimeError if any date in them is later: a fault of the program, never of the data.
    """
    names = [name for name in (*RELATIONS, _PRACTICES_END) if engine.has_table(name)]
    for name in names:
        _rename(engine, name, f"whole_{name}")
    try:
        for name in names:
            cut = render(packaged_sql("evaluation", f"known_{name}"), {"index": index})
            engine.create_view(name, cut)
        require_nothing_later(engine, index)
        yield
    finally:
        for name in names:
            engine.execute(f"DROP VIEW IF EXISTS {plain_name(name)}")
            _rename(engine, f"whole_{name}", name)


def require_nothing_later(engine: Engine, index: date) -> None:
    """RuntimeError if a date in a canonical relation is later than ``index``."""
    for name in RELATIONS:
        dates = [column.name for column in own_table("native", name).columns if column.type == "date"]
        later = " OR ".join(f"{identifier(column)} > {literal(index)}" for column in dates)
        if (
            dates
            and engine.has_table(name)
            and engine.scalar(f"SELECT count(*) FROM {plain_name(name)} WHERE {later}")
        ):
            raise RuntimeError(f"{name}: a date after the back-test's index would leak into its features")


def _rename(engine: Engine, old: str, new: str) -> None:
    views = {name for (name,) in engine.rows("SELECT view_name FROM duckdb_views() WHERE NOT internal")}
    kind = "VIEW" if old in views else "TABLE"
    engine.execute(f"ALTER {kind} {plain_name(old)} RENAME TO {plain_name(new)}")
