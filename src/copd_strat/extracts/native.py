"""The native layout: its tables are the canonical ones, so the mapping only fills in defaults."""

from __future__ import annotations

from copd_strat.extracts.mapping import Layout

PRIMARY = ("patients", "gp_events", "prescriptions")
SECONDARY = ("hospital_episodes", "ed_attendances")
EITHER = ("deaths", "organisations", "local_flags", "decisions")

# An event without a code system is SNOMED CT, the only vocabulary new GP records are written in.
_SAME = "SELECT * FROM {source}"
_GP_EVENTS = "SELECT * REPLACE (lower(coalesce(code_system, 'snomed')) AS code_system) FROM {source}"

NATIVE = Layout(
    name="native",
    order=(*PRIMARY, *SECONDARY, *EITHER),
    care={**dict.fromkeys(PRIMARY, "primary"), **dict.fromkeys(SECONDARY, "secondary")},
    people="SELECT patient_id, min(birth_year) AS birth_year FROM {patients} GROUP BY patient_id",
    people_from="patients",
    relations={
        table: {table: _GP_EVENTS if table == "gp_events" else _SAME}
        for table in (*PRIMARY, *SECONDARY, *EITHER)
    },
)
