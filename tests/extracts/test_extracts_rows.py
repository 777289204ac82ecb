"""Rows that break a rule: quarantined with file, line, rule, reason and fix, and every row accounted for."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pyarrow.csv
import pyarrow.parquet
import pytest
from extract_world import (
    ReadNight,
    Rows,
    as_csv,
    broken_rules,
    contract,
    gp_events,
    hospital_episodes,
    ingested,
    patients,
    prescriptions,
    write_extract,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from copd_strat.contracts.own_tables import arrow_type, own_table
from copd_strat.errors import ContractError


def with_change(rows: Rows, number: int, **values: Any) -> Rows:
    return [row | values if place == number else row for place, row in enumerate(rows)]


SPOILED: dict[str, tuple[str, int, dict[str, Any], str]] = {
    "a day that does not exist": ("gp_events", 3, {"event_date": "2025-02-30"}, "event_date.readable"),
    "an American date": ("gp_events", 3, {"event_date": "04/28/2025"}, "event_date.readable"),
    "a time of day": ("gp_events", 3, {"event_date": "2025-02-03 14:30"}, "event_date.readable"),
    "no date": ("gp_events", 3, {"event_date": " "}, "event_date.required"),
    "a sentinel date": ("gp_events", 3, {"event_date": "1900-01-01"}, "event_date.not_placeholder"),
    "a date to come": ("gp_events", 3, {"event_date": "2026-11-24"}, "event_date.not_future"),
    "before birth": ("gp_events", 3, {"event_date": "1912-05-05"}, "event_date.not_before_birth"),
    "an unknown patient": ("gp_events", 3, {"patient_id": "P9999"}, "patient_id.known_patient"),
    "no patient": ("gp_events", 3, {"patient_id": ""}, "patient_id.required"),
    "an exponent for a code": ("gp_events", 3, {"code": "1.88242E+15"}, "code.intact_id"),
    "decimals behind a code": ("prescriptions", 3, {"dmd_code": "325427002.0"}, "dmd_code.intact_id"),
    "born after the run date": ("patients", 3, {"birth_year": "2027"}, "birth_year.plausible_birth_year"),
    "a record nobody closed": ("patients", 3, {"birth_year": "1900"}, "birth_year.plausible_birth_year"),
    "an odd practice": ("patients", 3, {"practice_id": "../x"}, "practice_id.pattern"),
    "ending before starting": (
        "hospital_episodes",
        3,
        {"episode_end": "2025-06-01"},
        "episode_end.not_before",
    ),
    "another row's key": ("hospital_episodes", 3, {"episode_id": "E00010"}, "unique"),
}
MAKE = {
    "patients": patients,
    "gp_events": gp_events,
    "prescriptions": prescriptions,
    "hospital_episodes": hospital_episodes,
}


@pytest.mark.parametrize(("table", "number", "values", "rule"), SPOILED.values(), ids=SPOILED.keys())
def test_a_bad_row_is_quarantined_under_its_rule(
    tmp_path: Path, table: str, number: int, values: dict[str, Any], rule: str
) -> None:
    rows = with_change(MAKE[table](), number, **values)
    with ingested(write_extract(tmp_path / "in", **{table: rows}), tmp_path) as night:
        quarantine = night.quarantine(table)
        assert broken_rules(quarantine, table) == {rule: 1}
        assert (quarantine[0]["file"], quarantine[0]["line"]) == (f"{table}.csv", number + 2)
        assert quarantine[0]["reason"]
        assert quarantine[0]["fix"]
        for column, value in values.items():
            assert quarantine[0][column] in (value, value.strip() or None)
        assert night.receipt(table).totals == {
            "rows_in": len(rows),
            "loaded": len(rows) - 1,
            "quarantined": 1,
            "duplicates": 0,
        }
        assert night.count(table) == len(rows) - 1


def test_an_optional_value_that_cannot_be_read_costs_only_itself(tmp_path: Path) -> None:
    rows = with_change(gp_events(), 3, value="twelve", recorded_date="31.12.2025")
    with ingested(write_extract(tmp_path / "in", gp_events=rows), tmp_path) as night:
        assert night.count("gp_events") == len(rows)
        assert night.quarantine("gp_events") == []
        assert night.broken("gp_events") == {"value.readable": 1, "recorded_date.readable": 1}
        assert night.count("gp_events WHERE recorded_date IS NULL") == 1


def test_exact_duplicates_are_counted_apart_and_never_quarantined(tmp_path: Path) -> None:
    rows = [*gp_events(), *gp_events()[:7]]
    with ingested(write_extract(tmp_path / "in", gp_events=rows), tmp_path) as night:
        assert night.receipt("gp_events").totals["duplicates"] == 7
        assert night.quarantine("gp_events") == []
        assert night.count("gp_events") == 200


def test_a_placeholder_date_of_admission_passes_with_a_warning(tmp_path: Path) -> None:
    rows = with_change(hospital_episodes(), 3, admission_date="1801-01-01")
    with ingested(write_extract(tmp_path / "in", hospital_episodes=rows), tmp_path) as night:
        assert night.count("hospital_episodes") == len(rows)
        assert night.broken("hospital_episodes") == {"admission_date.not_placeholder": 1}


def test_of_rows_with_one_key_the_finished_one_stays(tmp_path: Path) -> None:
    finished = hospital_episodes()
    unfinished = finished[4] | {"episode_status": "1", "episode_end": "", "discharge_date": ""}
    with ingested(
        write_extract(tmp_path / "in", hospital_episodes=[unfinished, *finished]), tmp_path
    ) as night:
        kept = "hospital_episodes WHERE episode_id = 'E00004' AND episode_status = '3'"
        assert night.count("hospital_episodes") == len(finished)
        assert night.count(kept) == 1


def test_many_bad_rows_are_counted_and_judged_elsewhere(tmp_path: Path) -> None:
    rows = [row | {"event_date": "31/12/2025"} if n % 4 == 0 else row for n, row in enumerate(gp_events())]
    with ingested(write_extract(tmp_path / "in", gp_events=rows), tmp_path) as night:
        assert night.broken("gp_events") == {"event_date.readable": 50}
        assert night.receipt("gp_events").totals["quarantined"] == 50


def test_long_ids_that_a_spreadsheet_rounded_stop_the_run(tmp_path: Path) -> None:
    rounded = [f"{1882421 + n}000000000" for n in range(30)]
    rows = [row | {"code": rounded[n % 30]} for n, row in enumerate(gp_events())]
    with (
        pytest.raises(ContractError, match="30 of 30 long ids in column code end in 000"),
        ingested(write_extract(tmp_path / "in", gp_events=rows), tmp_path),
    ):
        pass


def test_ids_in_a_floating_point_column_stop_the_run(tmp_path: Path) -> None:
    folder = write_extract(tmp_path / "in")
    table = pyarrow.csv.read_csv(folder / "prescriptions.csv")
    (folder / "prescriptions.csv").unlink()
    place = table.column_names.index("dmd_code")
    floats = table.set_column(place, "dmd_code", table["dmd_code"].cast("float64", safe=False))
    pyarrow.parquet.write_table(floats, folder / "prescriptions.parquet")
    with (
        pytest.raises(ContractError, match="column dmd_code holds decimal numbers"),
        ingested(folder, tmp_path),
    ):
        pass


def test_whole_number_ids_in_parquet_stay_what_they_are(tmp_path: Path) -> None:
    folder = write_extract(tmp_path / "in")
    table = pyarrow.csv.read_csv(folder / "prescriptions.csv")
    (folder / "prescriptions.csv").unlink()
    pyarrow.parquet.write_table(table, folder / "prescriptions.parquet")
    with ingested(folder, tmp_path) as night:
        assert night.engine.rows("SELECT DISTINCT dmd_code FROM prescriptions") == [("42087311000001104",)]


def test_lines_are_right_behind_lines_that_could_not_be_split(tmp_path: Path) -> None:
    folder = write_extract(tmp_path / "in")
    path = folder / "gp_events.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    for number in (3, 4, 50):
        lines[number - 1] = "P0001,2025-01-01"
    lines[90 - 1] += ",one,too,many"
    for number in (2, 5, 51, 200):
        lines[number - 1] = lines[number - 1].replace("2025-", "2025-13-", 1)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    with ingested(folder, tmp_path) as night:
        found = {row["line"]: row["rule_column"] for row in night.quarantine("gp_events")}
        whole = {3: "", 4: "", 50: "", 90: ""}
        assert found == whole | dict.fromkeys((2, 5, 51, 200), "event_date")
        assert night.receipt("gp_events").totals["rows_in"] == 200


def test_unreadable_lines_are_counted_in_the_file_they_stand_in(tmp_path: Path) -> None:
    folder = write_extract(tmp_path / "in")
    (folder / "gp_events.csv").unlink()
    for part in range(3):
        lines = as_csv(gp_events()[part::3]).splitlines()
        lines[5 + part] = "cut off"
        (folder / f"gp_events_{part}.csv").write_text("\n".join(lines), encoding="utf-8")
    with ingested(folder, tmp_path) as night:
        assert [file.quarantined for file in night.receipt("gp_events").files] == [1, 1, 1]
        assert [row["line"] for row in night.quarantine("gp_events")] == [6, 7, 8]


def test_a_row_with_a_byte_that_is_not_utf8_is_quarantined_alone(tmp_path: Path) -> None:
    folder = write_extract(tmp_path / "in")
    path = folder / "gp_events.csv"
    path.write_bytes(path.read_bytes().replace(b",snomed,", b",snom\xe9d,", 1))
    with ingested(folder, tmp_path) as night:
        assert broken_rules(night.quarantine("gp_events"), "gp_events") == {"complete_row": 1}
        assert night.count("gp_events") == 199


def _accepted(night: ReadNight) -> list[tuple[Any, ...]]:
    return night.engine.rows("SELECT * FROM gp_events ORDER BY ALL") + night.engine.rows(
        "SELECT * FROM hospital_episodes ORDER BY ALL"
    )


def test_neither_order_nor_partition_of_files_changes_what_is_accepted(tmp_path: Path) -> None:
    events = with_change(gp_events(), 9, event_date="nonsense") + gp_events()[:5]
    stays = [*hospital_episodes(), *(row | {"provider": "RX2"} for row in hospital_episodes()[:1])]
    results = []
    for seed in range(3):
        shuffled = random.Random(seed)
        shuffled.shuffle(events)
        shuffled.shuffle(stays)
        folder = write_extract(tmp_path / f"in{seed}", hospital_episodes=stays)
        (folder / "gp_events.csv").unlink()
        for part in range(seed + 1):
            text = as_csv(events[part :: seed + 1])
            (folder / f"gp_events_{part}.csv").write_text(text, encoding="utf-8")
        with ingested(folder, tmp_path / f"out{seed}") as night:
            results.append(_accepted(night))
    assert results[0] == results[1] == results[2]
    assert len(results[0]) == 199 + 50


FIELD = st.one_of(
    st.sampled_from(["", "P0001", "2025-03-04", "1900-01-01", "13645005", "snomed", "1E+17", "7.5"]),
    st.text(alphabet='abc019-/. "é,\t', max_size=6),
)


@settings(
    max_examples=20,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(lines=st.lists(st.lists(FIELD, min_size=0, max_size=9), max_size=12))
def test_every_line_is_loaded_quarantined_or_a_duplicate(
    tmp_path_factory: pytest.TempPathFactory, lines: list[list[str]]
) -> None:
    base = tmp_path_factory.mktemp("fuzz")
    folder = write_extract(base / "in")
    (folder / "prescriptions.csv").unlink()
    header = "\t".join(prescriptions()[0])
    added = ["\t".join(field.replace("\t", " ") for field in line) for line in lines]
    good = as_csv(prescriptions() * 8, "\t").splitlines()[1:]
    (folder / "prescriptions.txt").write_text("\n".join([header, *good, *added]) + "\n", encoding="utf-8")
    with ingested(folder, base) as night:
        file = night.receipt("prescriptions").files[0]
        assert file.rows_in == file.loaded + file.quarantined + file.duplicates
        assert file.rows_in == len(good) + sum(bool(line) for line in added)
        assert file.loaded == night.count("prescriptions")
        assert file.duplicates >= 420
        assert file.quarantined == len({row["line"] for row in night.quarantine("prescriptions")})


def test_what_is_listed_is_written_as_its_contract_says(tmp_path: Path) -> None:
    rows = with_change(gp_events(), 3, event_date="2025-02-30")
    rows = with_change(rows, 5, value="twelve")
    listed = {
        "quarantine": [column.name for column in contract("gp_events").columns],
        "set_aside": [],
    }
    with ingested(write_extract(tmp_path / "in", gp_events=rows), tmp_path) as night:
        for name, more in listed.items():
            (path,) = (night.quality / name).glob("*gp_events*.parquet")
            own = own_table("internal", name)
            assert [(field.name, field.type) for field in pyarrow.parquet.read_schema(path)] == [
                *((column.name, arrow_type(column)) for column in own.columns),
                *((column, pyarrow.string()) for column in more),
            ]
