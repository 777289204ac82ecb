"""What a layout states: its source tables, and the SELECTs that turn them into canonical relations."""

from __future__ import annotations

from dataclasses import dataclass

from copd_strat.contracts.contract import SQL_TYPES, Contract
from copd_strat.engine.sql import identifier

# Columns of the canonical relations with their engine types: docs/architecture.md.
_EPISODE = (
    "patient_id, episode_id, provider, admission_date DATE, episode_start DATE, episode_end DATE, "
    "admission_method, discharge_date DATE, episode_order BIGINT, admission_source, discharge_destination, "
    "discharge_method, patient_class, episode_status, recorded_date DATE, "
)
CANONICAL = {
    "patients": "patient_id, practice_id, sex, birth_year BIGINT, birth_month BIGINT, ethnicity, "
    "imd_decile BIGINT, registration_start DATE, registration_end DATE, death_date DATE",
    "gp_events": "patient_id, event_date DATE, code, code_system, value DOUBLE, unit, recorded_date DATE",
    "prescriptions": "patient_id, issue_date DATE, dmd_code, quantity DOUBLE, duration_days DOUBLE, "
    "recorded_date DATE",
    "hospital_episodes": _EPISODE + ", ".join(f"diagnosis_{n:02d}" for n in range(1, 21)),
    "ed_attendances": "patient_id, attendance_id, arrival_date DATE, departure_date DATE, "
    "discharge_destination, "
    + ", ".join(f"diagnosis_{n:02d}" for n in range(1, 13))
    + ", "
    + ", ".join(f"diagnosis_qualifier_{n:02d}" for n in range(1, 13)),
    "deaths": "patient_id, death_date DATE",
    "organisations": "practice_id, practice_name, pcn, sub_icb, icb, valid_from DATE, valid_to DATE, "
    "successor_id",
    "provider_successors": "provider, successor, valid_from DATE",
    "local_flags": "patient_id, flag, flag_date DATE",
    "decisions": "practice_id, patient_ref, run_id, decision, reason, decided_on DATE",
}

# Relations that a source supplies only if it is given for that kind of care.
CARE_OF = {
    "patients": "primary",
    "gp_events": "primary",
    "prescriptions": "primary",
    "hospital_episodes": "secondary",
    "ed_attendances": "secondary",
}

# Several sources may add to these; any other relation comes from one source.
SHARED_RELATIONS = frozenset({"deaths", "organisations", "provider_successors", "local_flags", "decisions"})


@dataclass(frozen=True, kw_only=True)
class Feed:
    """One SELECT that feeds a canonical relation, once all tables that it ``needs`` have come.

    ``sql`` names a file of this room's ``sql/`` folder, which reads the views ``<layout>_<table>`` of
    accepted rows (an absent table's view is empty); without it the needed table has the relation's
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
class Layout:
    """A layout's mapping.

    ``order`` lists its source tables; those that the patients are made from, ``people``, are read before the
    rest, so that all other rows can be held against known patients. ``native`` tables are in the native form
    and follow the native contracts. ``care`` says which tables belong to primary or secondary care alone.
    ``limits`` tell what the layout cannot carry, as (relation, sentence).
    """

    name: str
    order: tuple[str, ...]
    people: tuple[str, ...]
    care: dict[str, str]
    feeds: tuple[Feed, ...]
    native: tuple[str, ...] = ()
    limits: tuple[tuple[str, str], ...] = ()


def as_they_are(*tables: str) -> tuple[Feed, ...]:
    """Feeds of tables that have their relation's name and columns."""
    return tuple(Feed(relation=table, needs=(table,)) for table in tables)


def view_of(layout: Layout, table: str) -> str:
    """The view of a source table's accepted rows, under which the SQL of ``sql/`` knows it."""
    return f"{layout.name}_{table}".lower()


def no_rows(contract: Contract) -> str:
    """A SELECT of the table's columns without any row."""
    columns = ", ".join(
        f"CAST(NULL AS {SQL_TYPES[column.type]}) AS {identifier(column.name)}" for column in contract.columns
    )
    return f"SELECT {columns} WHERE FALSE"


def columns_of(relation: str) -> list[tuple[str, str]]:
    """(name, engine type) of a canonical relation's columns."""
    parts = [part.strip().split(" ") for part in CANONICAL[relation].split(",") if part.strip()]
    return [(part[0], part[1] if len(part) > 1 else "VARCHAR") for part in parts]
