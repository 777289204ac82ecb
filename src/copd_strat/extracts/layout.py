"""What a layout states: its source tables, and the SELECTs that turn them into canonical relations."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from copd_strat.contracts.contract import SQL_TYPES, Contract
from copd_strat.engine.sql import identifier, packaged_sql

# Relations that a source supplies only if it is given for that kind of care.
CARE_OF = {
    "patients": "primary",
    "gp_events": "primary",
    "prescriptions": "primary",
    "hospital_episodes": "secondary",
    "ed_attendances": "secondary",
}

# Several sources may add to these; any other relation comes from one source.
SHARED_RELATIONS = frozenset(
    {
        "deaths",
        "organisations",
        "provider_successors",
        "local_flags",
        "decisions",
        "community_contacts",
        "app_activity",
    }
)


@dataclass(frozen=True, kw_only=True)
class Feed:
    """One SELECT that feeds a canonical relation, once all tables that it ``needs`` have come.

    ``sql`` names a file of this room's ``sql/`` folder, which reads the views ``<layout>_<table>`` of
    accepted rows that count (an absent table's view is empty); without it the needed table has the relation's
    columns already. ``stored`` feeds are worked out once: those that are dear to repeat, and those that a
    second source of the same layout may supply too. ``only_if`` selects whether the tables hold the relation
    at all; where they do not, the sentence ``otherwise`` says what is lost.
    """

    relation: str
    needs: tuple[str, ...]
    sql: str | None = None
    stored: bool = False
    only_if: str | None = None
    otherwise: str | None = None


@dataclass(frozen=True, kw_only=True)
class CodeTable:
    """The sender's own dictionary of what stands in ``column`` of ``table``: ``key`` of table ``dictionary``.

    Rows of which ``explained`` (SQL) is true say themselves what their code means.
    """

    table: str
    column: str
    dictionary: str
    key: str
    explained: str = "FALSE"


@dataclass(frozen=True, kw_only=True)
class Changes:
    """How a table tells of changes: of the rows with one ``key``, the one that ``last`` puts first counts.

    ``gone`` is true of a row that says that its key is no more, ``superseded`` of rows that a later full history
    takes the place of. All three are SQL over the table's columns.
    """

    key: tuple[str, ...]
    last: str
    gone: str = "FALSE"
    superseded: str = "FALSE"

    def current(self, contract: Contract, rows: str) -> str:
        """SQL of the rows that count, out of the accepted ``rows``; equal ones are ordered by all columns."""
        columns = ", ".join(identifier(column.name) for column in contract.columns)
        key = ", ".join(map(identifier, self.key))
        return (
            f"SELECT {columns} FROM (SELECT *, row_number() OVER (PARTITION BY {key} "
            f"ORDER BY {self.last}, {columns}) AS _place FROM ({rows}) r "
            f"WHERE NOT coalesce({self.superseded}, FALSE)) v WHERE _place = 1 AND NOT coalesce({self.gone}, FALSE)"
        )


@dataclass(frozen=True, kw_only=True)
class Layout:
    """A layout's mapping.

    ``order`` lists its source tables; those that the patients are made from, ``people``, are read before the
    rest, so that all other rows can be held against known patients. ``native`` tables are in the native form
    and follow the native contracts. ``care`` says which tables belong to primary or secondary care alone.
    ``limits`` tell what the layout cannot carry, as (relation, sentence). ``practices_end`` names the SQL file
    that selects ``practice_id, last_day`` where the source says how far each practice's records go.
    ``code_tables`` are the dictionaries that the source's own codes are looked up in. ``changes`` are those of
    the tables that hold several versions of a row: their views hold the one that counts.
    """

    name: str
    order: tuple[str, ...]
    people: tuple[str, ...]
    care: dict[str, str]
    feeds: tuple[Feed, ...]
    native: tuple[str, ...] = ()
    limits: tuple[tuple[str, str], ...] = ()
    practices_end: str | None = None
    code_tables: tuple[CodeTable, ...] = ()
    changes: Mapping[str, Changes] = field(default_factory=dict)


def as_they_are(*tables: str) -> tuple[Feed, ...]:
    """Feeds of tables that have their relation's name and columns."""
    return tuple(Feed(relation=table, needs=(table,)) for table in tables)


def view_of(layout: Layout, table: str) -> str:
    """The view of a source table's accepted rows that count, under which the SQL of ``sql/`` knows it."""
    return f"{layout.name}_{table}".lower()


def tables_read(layout: Layout, feed: Feed) -> frozenset[str]:
    """The source tables whose rows a feed takes: those it needs, and those that its SELECT reads besides."""
    if feed.sql is None:
        return frozenset(feed.needs)
    words = set(re.findall(r"\w+", packaged_sql(f"extracts.layouts.{layout.name}", feed.sql).lower()))
    return frozenset({*feed.needs, *(table for table in layout.order if view_of(layout, table) in words)})


def columns_of(contract: Contract) -> list[tuple[str, str]]:
    """(name, engine type) of a table's columns; a canonical relation has those of its native contract."""
    return [(column.name, SQL_TYPES[column.type]) for column in contract.columns]


def no_rows(contract: Contract) -> str:
    """A SELECT of the table's columns without any row."""
    columns = ", ".join(f"CAST(NULL AS {kind}) AS {identifier(name)}" for name, kind in columns_of(contract))
    return f"SELECT {columns} WHERE FALSE"
