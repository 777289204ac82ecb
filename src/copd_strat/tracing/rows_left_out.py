"""Which rows are left out together: each row that may matter by itself, then what says the same thing twice.

The person is copied once for each set, without its rows; whatever is said of the person and not of a copy rests on
what that copy lacks. So nothing here repeats what the clinical rules say.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from copd_strat.engine import Engine, packaged_sql
from copd_strat.extracts.layouts.native.mapping import LAYOUT

_QUERIES = {feed.relation: feed.sql for feed in LAYOUT.feeds if feed.sql is not None}
# Tables whose rows matter only through their code.
_CODED = {"gp_events": "code", "prescriptions": "dmd_code"}


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """Rows that one copy of the person lacks, as (table, row); ``single`` for one row alone."""

    rows: frozenset[tuple[str, int]]
    single: bool


def sets_to_leave_out(engine: Engine, rows: pd.DataFrame) -> list[LeftOut]:
    """Every set worth trying; ``rows``: table, row and day of all accepted rows of the person.

    Single rows, except entries whose code is on no list, which only show together that the record is alive; all
    rows of a concept, from general practice and hospital; all listed rows of a day; all rows of a table; all
    entries on no list.
    """
    concepts = _concepts(engine)
    every = list(zip(rows["table"], rows["row"].astype(int), strict=True))
    unlisted = frozenset(key for key in every if key[0] in _CODED and key not in concepts)
    by_concept: dict[str, set[tuple[str, int]]] = {}
    for key, names in concepts.items():
        for name in names:
            by_concept.setdefault(name, set()).add(key)
    by_table: dict[str, set[tuple[str, int]]] = {}
    for key in every:
        by_table.setdefault(key[0], set()).add(key)
    by_day: dict[object, set[tuple[str, int]]] = {}
    for key, day in zip(every, rows["day"], strict=True):
        if key not in unlisted and not pd.isna(day):
            by_day.setdefault(day, set()).add(key)
    together = [*by_concept.values(), *by_day.values(), *by_table.values(), unlisted]
    groups = {frozenset(group) for group in together if len(group) > 1 or group == unlisted}
    singles = [LeftOut(rows=frozenset({key}), single=True) for key in every if key not in unlisted]
    ordered = sorted((group for group in groups if group), key=lambda group: (len(group), sorted(group)))
    return [*singles, *(LeftOut(rows=group, single=False) for group in ordered)]


def _concepts(engine: Engine) -> dict[tuple[str, int], set[str]]:
    """(table, row) → the concepts that its codes are on."""
    found: dict[tuple[str, int], set[str]] = {}
    for table, column in _CODED.items():
        if engine.has_table(f"person_{table}"):
            query = (
                f"SELECT p._row, concept FROM person_{table} p INNER JOIN codes ON p.{column} = codes.code"
            )
            for row, concept in engine.rows(query):
                found.setdefault((table, int(row)), set()).add(str(concept))
    for row, concept in _hospital_concepts(engine):
        found.setdefault(("hospital_episodes", row), set()).add(concept)
    return found


def _hospital_concepts(engine: Engine) -> Iterator[tuple[int, str]]:
    """Concepts of each episode's diagnoses: a three-character code takes in its subdivisions."""
    if not engine.has_table("person_hospital_episodes"):
        return
    listed: dict[str, set[str]] = {}
    for concept, code in engine.rows("SELECT concept, code FROM codes WHERE code_system = 'icd10'"):
        listed.setdefault(str(code), set()).add(str(concept))
    columns = ", ".join(f"diagnosis_{place:02d}" for place in range(1, 21))
    for row, *diagnoses in engine.rows(f"SELECT _row, {columns} FROM person_hospital_episodes"):
        for diagnosis in filter(None, diagnoses):
            plain = re.sub(r"X$", "", re.sub(r"[^A-Z0-9]", "", str(diagnosis).upper()))
            for code in (plain, plain[:4], plain[:3]):
                yield from ((int(row), concept) for concept in listed.get(code, ()))


def make_copies(engine: Engine, sets: list[LeftOut], native: dict[str, tuple[str, ...]]) -> None:
    """The canonical relations of the copies: copy 0 is whole, copy n lacks the rows of the n-th set.

    ``native``: columns of each canonical table. Ids of people, stays and attendances carry ``#`` and the copy.
    """
    engine.register_frame("copies", pd.DataFrame({"copy": range(len(sets) + 1)}))
    lacking = [(number, *key) for number, one in enumerate(sets, start=1) for key in sorted(one.rows)]
    engine.register_frame("lacking", pd.DataFrame(lacking, columns=["copy", "of_table", "of_row"]))
    for table, columns in native.items():
        own = f"person_{table}"
        if not engine.has_table(own):
            continue
        if "patient_id" not in columns:
            engine.create_table(table, f"SELECT {', '.join(columns)} FROM {own}")
            continue
        chosen = ", ".join(
            f"concat(r.{name}, '#', c.copy) AS {name}"
            if name in ("patient_id", "episode_id", "attendance_id")
            else f"r.{name}"
            for name in columns
        )
        engine.create_table(
            table,
            f"SELECT {chosen} FROM {own} r CROSS JOIN copies c ANTI JOIN lacking l"
            f" ON l.copy = c.copy AND l.of_table = '{table}' AND l.of_row = r._row",
        )
        if table in _QUERIES:
            # the layout's own query reads the table as it came
            engine.create_table(f"native_{table}", f"SELECT * FROM {table}")
            engine.create_table(table, packaged_sql("extracts.layouts.native", _QUERIES[table]))
