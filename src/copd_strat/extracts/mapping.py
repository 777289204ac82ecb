"""What a layout states: its source tables, and the SELECTs that turn them into canonical relations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

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
    "organisations": "practice_id, practice_name, pcn, sub_icb, icb, valid_from DATE, valid_to DATE",
    "local_flags": "patient_id, flag, flag_date DATE",
    "decisions": "practice_id, patient_ref, run_id, decision, reason, decided_on DATE",
}

Care = Literal["primary", "secondary"]


@dataclass(frozen=True, kw_only=True)
class Layout:
    """A layout's mapping.

    ``order`` is the order in which its source tables are read. ``care`` says which tables belong to primary or
    secondary care alone. ``people`` selects ``patient_id, birth_year`` from the table ``people_from``, for
    the rules that need to know a patient. ``relations`` maps a canonical relation to the SELECTs that feed it,
    by source table; ``{source}`` and table names in braces stand for accepted rows.
    """

    name: str
    order: tuple[str, ...]
    care: dict[str, str]
    people: str
    people_from: str
    relations: dict[str, dict[str, str]]


def columns_of(relation: str) -> list[tuple[str, str]]:
    """(name, engine type) of a canonical relation's columns."""
    parts = [part.strip().split(" ") for part in CANONICAL[relation].split(",") if part.strip()]
    return [(part[0], part[1] if len(part) > 1 else "VARCHAR") for part in parts]
