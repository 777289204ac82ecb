"""Dates as sources write them: zones, two-digit years, floors, placeholders, in text and in Parquet."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from extract_world import contract
from one_file import column, let_in, write_columns

from copd_strat.errors import ContractError
from copd_strat.extracts.typed_values import typed

ROWS = 200
DEATHS = "patid\tdor\tdod\tmatch_rank"
SUMMER, WINTER = date(2026, 5, 14), date(2026, 1, 14)


def events(path: Path, dates: list[Any], kind: pa.DataType | None = None) -> Path:
    """GP events as CSV or Parquet, whatever the name says, with these dates and nothing unusual besides."""
    if path.suffix == ".csv":
        lines = [f"P{n:04d},{day},13645005" for n, day in enumerate(dates)]
        path.write_text("patient_id,event_date,code\n" + "\n".join(lines) + "\n", encoding="utf-8")
        return path
    ids = [f"P{n:04d}" for n in range(len(dates))]
    columns = {"patient_id": ids, "event_date": pa.array(dates, kind), "code": ["13645005"] * len(dates)}
    return write_columns(path, columns)


def days(
    path: Path, table: str = "gp_events", layout: str = "native", name: str = "event_date", **how: Any
) -> Any:
    """Typed dates as the row checks see them, and the notes of the receipt."""
    with let_in(path, table, layout, **how) as (engine, source):
        agreed = contract(table, layout)
        value = typed(agreed.column(name), source.file.columns[name], agreed.date_formats)
        read = engine.rows(f"SELECT {value} FROM ({source.rows}) r ORDER BY _line")
        return [day for (day,) in read], source.file.notes


MOMENTS = {
    "summer midnight in London": (datetime(2026, 5, 13, 23, tzinfo=UTC), "Europe/London", SUMMER),
    "winter midnight in London": (datetime(2026, 1, 14, 0, tzinfo=UTC), "Europe/London", WINTER),
    "a summer evening": (datetime(2026, 5, 14, 22, 59, tzinfo=UTC), "Europe/London", SUMMER),
    "midnight in Berlin": (datetime(2026, 5, 13, 22, tzinfo=UTC), "Europe/Berlin", SUMMER),
}


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize(("moment", "zone", "day"), MOMENTS.values(), ids=MOMENTS.keys())
def test_a_moment_with_a_zone_is_the_local_day(
    tmp_path: Path, moment: datetime, zone: str, day: date, unit: str
) -> None:
    path = events(tmp_path / "gp_events.parquet", [moment] * ROWS, pa.timestamp(unit, tz="UTC"))
    read, notes = days(path, zone=zone)
    assert read == [day] * ROWS
    assert notes == (f"event_date: {ROWS} moments were read as local days of {zone}",)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-05-14T00:00:00+01:00", SUMMER),
        ("2026-05-13T23:00:00Z", SUMMER),
        ("2026-05-13 23:00Z", SUMMER),
        ("2026-05-14T00:30:00.250+01", SUMMER),
        ("2026-05-14T00:00:00Z", SUMMER),
        ("2026-01-14T00:00:00+00:00", WINTER),
    ],
)
@pytest.mark.parametrize("share", [1, 50])
def test_so_is_one_in_text_alone_or_among_dates(tmp_path: Path, text: str, day: date, share: int) -> None:
    dates = [text if n % share == 0 else "2025-02-03" for n in range(ROWS)]
    read, notes = days(events(tmp_path / "gp_events.csv", dates))
    assert read == [day if n % share == 0 else date(2025, 2, 3) for n in range(ROWS)]
    assert "local days of Europe/London" in notes[0]


def test_a_moment_in_a_layout_with_other_formats_is_read_too(tmp_path: Path) -> None:
    lines = "\n".join(f"{n}\t\t2026-05-13T23:00:00Z\t1" for n in range(ROWS))
    path = tmp_path / "death_patient.txt"
    path.write_text(f"{DEATHS}\n{lines}\n", encoding="utf-8")
    read, _ = days(path, "death_patient", "cprd_aurum", "dod")
    assert read == [SUMMER] * ROWS


def test_times_without_a_zone_keep_their_day_but_midnights_an_hour_off_are_refused(tmp_path: Path) -> None:
    times = [datetime(2026, 5, 14, 9, 30), datetime(2026, 1, 14)] * (ROWS // 2)
    path = events(tmp_path / "gp_events.parquet", times, pa.timestamp("us"))
    assert days(path)[0] == [SUMMER, WINTER] * (ROWS // 2)
    shifted = [datetime(2026, 5, 13, 23), datetime(2026, 1, 14)] * (ROWS // 2)
    path = events(tmp_path / "b" / "gp_events.parquet", shifted, pa.timestamp("ns"))
    with pytest.raises(ContractError, match="00:00 and 23:00, midnights an hour off"):
        days(path)


# layout, table, column, header, a row with the date, dates of one meaning
TWO_DIGITS = [
    ("native", "gp_events", "event_date", ",", "P0001,{},13645005", ["04-03-05", "05/03/04", "5.3.04"]),
    ("cprd_aurum", "death_patient", "dod", "\t", "77\t\t{}\t1", ["05/03/04", "05/03/00", "5/3/91"]),
    ("nhse", "deaths", "REG_DATE_OF_DEATH", ",", "77,{}", ["05/03/04", "040305", "05-Mar-04"]),
]
CASES = [(*case[:-1], short) for case in TWO_DIGITS for short in case[-1]]
HEADERS = {
    "gp_events": "patient_id,event_date,code",
    "death_patient": DEATHS,
    "deaths": "DEC_CONF_NHS_NUMBER_CLEAN_DEID,REG_DATE_OF_DEATH",
}


@pytest.mark.parametrize(("layout", "table", "name", "delimiter", "row", "short"), CASES)
def test_two_digit_years_stop_the_run_by_name(
    tmp_path: Path, layout: str, table: str, name: str, delimiter: str, row: str, short: str
) -> None:
    path = tmp_path / f"{table}{'.txt' if delimiter == chr(9) else '.csv'}"
    path.write_text("\n".join([HEADERS[table], *[row.format(short)] * ROWS]), encoding="utf-8")
    with pytest.raises(ContractError, match=f"dates of {name} have two-digit years") as raised:
        days(path, table, layout, name)
    assert path.name in str(raised.value)
    assert "with four" in str(raised.value)


def test_a_few_two_digit_years_are_set_aside_and_say_so(tmp_path: Path) -> None:
    rows = ["77\t\t05/03/2004\t1"] * ROWS + ["77\t\t05/03/04\t1"]
    path = tmp_path / "death_patient.txt"
    path.write_text("\n".join([DEATHS, *rows]), encoding="utf-8")
    read, notes = days(path, "death_patient", "cprd_aurum", "dod")
    assert read == [date(2004, 3, 5)] * ROWS + [None]
    assert notes == ("dod: 1 dates with two-digit years are not read",)
    with let_in(path, "death_patient", "cprd_aurum") as (engine, source):
        assert column(engine, source, "dod")[-1] == "05/03/04 (two-digit year)"


@pytest.mark.parametrize("ending", ["csv", "parquet"])
@pytest.mark.parametrize(
    ("odd", "is_read"),
    [
        ("0204-03-05", False),
        ("1066-10-14", False),
        ("1899-12-31", False),
        ("1900-01-01", True),
        ("9999-12-31", True),
    ],
)
def test_a_date_before_the_floor_cannot_be_read_unless_it_stands_for_unknown(
    tmp_path: Path, ending: str, odd: str, is_read: bool
) -> None:
    dates = ["2025-02-03"] * ROWS + [odd]
    path = tmp_path / f"gp_events.{ending}"
    typed_dates = [date.fromisoformat(day) for day in dates] if ending == "parquet" else dates
    read, notes = days(events(path, typed_dates))
    assert read == [date(2025, 2, 3)] * ROWS + [date.fromisoformat(odd) if is_read else None]
    assert bool(notes) is not is_read


def test_days_that_python_cannot_hold_never_reach_it(tmp_path: Path) -> None:
    numbers = pa.array([20_000, -800_000, 10_000_000, 2**31 - 1, -(2**31) + 1] * 2, pa.int32()).cast(
        pa.date32()
    )
    columns = {"patient_id": ["P1"] * 10, "event_date": numbers, "code": ["1"] * 10}
    read, notes = days(write_columns(tmp_path / "gp_events.parquet", columns))
    assert read == [date(2024, 10, 4), None, None, None, None] * 2
    assert notes == ("event_date: 8 dates before 1900 or too far off are not read",)


def test_placeholders_of_a_table_stay_dates(tmp_path: Path) -> None:
    names = [column.name for column in contract("hospital_episodes").columns if column.present]
    values = {"admission_date": "1801-01-01", "episode_start": "2025-06-01", "episode_end": "2025-06-02"}
    rows = [",".join(values.get(name, "21") for name in names)] * ROWS
    path = tmp_path / "hospital_episodes.csv"
    path.write_text("\n".join([",".join(names), *rows]), encoding="utf-8")
    read, notes = days(path, "hospital_episodes", name="admission_date")
    assert read == [date(1801, 1, 1)] * ROWS
    assert not notes


def test_dates_of_a_column_agree_or_are_set_aside(tmp_path: Path) -> None:
    path = tmp_path / "death_patient.txt"
    path.write_text(
        DEATHS + "\n" + "77\t\t05/03/2004\t1\n" * ROWS + "77\t\t2004-03-05\t1\n", encoding="utf-8"
    )
    read, _ = days(path, "death_patient", "cprd_aurum", "dod")
    assert read == [date(2004, 3, 5)] * ROWS + [None]
    path.write_text(
        DEATHS + "\n" + "77\t\t05/03/2004\t1\n" * ROWS + "77\t\t2004-03-05\t1\n" * 9, encoding="utf-8"
    )
    with pytest.raises(ContractError, match=r"death_patient\.txt: column dod mixes date formats"):
        days(path, "death_patient", "cprd_aurum", "dod")


@pytest.mark.parametrize("kind", ["text", "text with a time", "whole numbers", "decimals"])
def test_day_numbers_of_a_spreadsheet_are_refused_by_their_name(tmp_path: Path, kind: str) -> None:
    numbers: list[Any] = [46_000 + n for n in range(ROWS)]
    if kind.startswith("text"):
        path = events(tmp_path / "gp_events.csv", [f"{n}.5" if "time" in kind else n for n in numbers])
    else:
        path = events(
            tmp_path / "gp_events.parquet", numbers, pa.int64() if "whole" in kind else pa.float64()
        )
    with pytest.raises(ContractError, match="day numbers as Excel counts them") as refused:
        days(path)
    assert "column event_date" in str(refused.value)
    assert not any(str(number) in str(refused.value) for number in numbers)


def test_few_day_numbers_are_set_aside_one_by_one(tmp_path: Path) -> None:
    read, _ = days(events(tmp_path / "gp_events.csv", ["46000"] * 2 + ["2026-01-14"] * ROWS))
    assert read == [None] * 2 + [WINTER] * ROWS
