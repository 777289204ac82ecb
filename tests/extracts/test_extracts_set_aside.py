"""An impossible value that a row can do without costs only itself, is listed with its place, and counted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from extract_world import (
    gp_events,
    hospital_episodes,
    ingested,
    patients,
    person,
    prescriptions,
    write_extract,
)

MAKE = {
    "patients": patients,
    "gp_events": gp_events,
    "prescriptions": prescriptions,
    "hospital_episodes": hospital_episodes,
}

# Table, the impossible value, the rule that says so: the sibling values of one kind.
IMPOSSIBLE: dict[str, tuple[str, dict[str, Any], str]] = {
    "dead before birth": ("patients", {"death_date": "1930-01-01"}, "death_date.not_before_birth_year"),
    "dead tomorrow": ("patients", {"death_date": "2026-11-24"}, "death_date.not_future"),
    "dead on no day": ("patients", {"death_date": "1801-01-01"}, "death_date.not_placeholder"),
    "gone before coming": ("patients", {"registration_end": "2014-01-01"}, "registration_end.not_before"),
    "come before anybody": ("patients", {"registration_start": "1799-05-01"}, "registration_start.readable"),
    "born in no month": ("patients", {"birth_month": "13"}, "birth_month.maximum"),
    "an eleventh decile": ("patients", {"imd_decile": "11"}, "imd_decile.maximum"),
    "a sex of its own": ("patients", {"sex": "woman"}, "sex.valid_values"),
    "a value in words": ("gp_events", {"value": "twelve"}, "value.readable"),
    "entered tomorrow": ("gp_events", {"recorded_date": "2026-11-24"}, "recorded_date.not_future"),
    "less than none": ("prescriptions", {"quantity": "-3"}, "quantity.minimum"),
    "admitted on no day": (
        "hospital_episodes",
        {"admission_date": "1900-01-01"},
        "admission_date.not_placeholder",
    ),
}


@pytest.mark.parametrize(("table", "values", "rule"), IMPOSSIBLE.values(), ids=IMPOSSIBLE.keys())
def test_the_row_stays_without_the_value_and_the_value_is_listed(
    tmp_path: Path, table: str, values: dict[str, Any], rule: str
) -> None:
    rows = MAKE[table]()
    rows[3] |= values
    ((column, value),) = values.items()
    with ingested(write_extract(tmp_path / "in", **{table: rows}), tmp_path) as night:
        assert night.receipt(table).totals["loaded"] == len(rows)
        assert night.quarantine(table) == []
        assert night.broken(table)[rule] == 1
        held = night.engine.rows(f"SELECT count(*) FROM {table} WHERE CAST({column} AS VARCHAR) = '{value}'")
        assert held == [(0,)]
        listed = {row["rule"].partition(f"{table}.")[2]: row for row in night.set_aside(table)}
        assert (listed[rule]["file"], listed[rule]["line"]) == (f"{table}.csv", 5)
        assert listed[rule]["value"].startswith(value)
        assert listed[rule]["fix"]


def test_nobody_becomes_unknown_for_a_date_of_death_before_birth(tmp_path: Path) -> None:
    """Their events would go with them, as those of unknown patients."""
    rows = patients()
    for n in range(10):
        rows[n] |= {"death_date": "1912-01-01"}
    with ingested(write_extract(tmp_path / "in", patients=rows), tmp_path) as night:
        assert night.count("patients") == len(rows)
        assert night.count("gp_events") == len(gp_events())
        assert night.broken("patients") == {"death_date.not_before_birth_year": 10}


@pytest.mark.parametrize("year", ["2027", "2150", "1905", "1850"])
@pytest.mark.parametrize("number", [0, 7, 39])
def test_one_ghost_costs_one_person(tmp_path: Path, number: int, year: str) -> None:
    rows = patients()
    rows[number] |= {"birth_year": year}
    with ingested(write_extract(tmp_path / "in", patients=rows), tmp_path) as night:
        assert night.count("patients") == len(rows) - 1
        assert night.quarantine("patients")[0]["line"] == number + 2
        assert night.count(f"patients WHERE patient_id = '{person(number)}'") == 0


@pytest.mark.parametrize("gone", [{"death_date": "1994-05-01"}, {"registration_end": "1994-05-01"}])
def test_somebody_who_is_known_to_be_gone_may_be_born_long_ago(tmp_path: Path, gone: dict[str, str]) -> None:
    rows = patients()
    rows[5] |= {"birth_year": "1903", "registration_start": "1980-01-01", **gone}
    with ingested(write_extract(tmp_path / "in", patients=rows), tmp_path) as night:
        assert night.quarantine("patients") == []
        assert night.count("patients") == len(rows)
