"""Coded columns: every spelling of a known code is the code; anything else is unknown, and counted by value."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from extract_world import contract, hospital_episodes, ingested, patients, write_extract
from hypothesis import given, settings
from hypothesis import strategies as st

from copd_strat.extracts.coded_values import code_of
from copd_strat.quality.linkage_findings import coded_section
from copd_strat.quality.thresholds import judge_thresholds

ADMISSION = tuple(str(value) for value in contract("hospital_episodes").column("admission_method").values)
SEX = tuple(str(value) for value in contract("patients").column("sex").values)
DAMAGES: dict[str, Callable[[str], str]] = {
    "as it is": lambda code: code,
    "a decimal": lambda code: f"{code}.0",
    "decimals": lambda code: f"{code}.00",
    "blanks before": lambda code: f"  {code}",
    "blanks behind": lambda code: f"{code}\t ",
    "lower case": str.lower,
    "upper case": str.upper,
    "title case": str.title,
    "leading zeros lost": lambda code: code.lstrip("0") or code,
    "all at once": lambda code: f" {code.lower().lstrip('0') or code}.0 ",
}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("values", [ADMISSION, SEX, ("01", "02", "03", "10", "11"), ("0", "1", "2A", "X")])
def test_every_spelling_of_a_code_is_the_code(damage: str, values: tuple[str, ...]) -> None:
    assert {code: code_of(DAMAGES[damage](code), values) for code in values} == {
        code: code for code in values
    }


@settings(max_examples=300, deadline=None, derandomize=True)
@given(
    text=st.text(max_size=8),
    values=st.lists(st.text("019aAxX", min_size=1, max_size=3), unique_by=str.casefold),
)
def test_a_text_means_one_of_the_values_or_none(text: str, values: list[str]) -> None:
    """Whatever comes, no exception and no guess: a code is found only under its own letters and digits."""
    found = code_of(text, values)
    assert found is None or found in values
    if found is not None:
        bare = text.strip().casefold().lstrip("0")
        assert bare.startswith(found.casefold().lstrip("0"))


@pytest.mark.parametrize("text", ["", " ", "2", "221", "210", "21.5", "2l", "0021", "emergency", ".0", "-21"])
def test_what_is_no_spelling_is_unknown(text: str) -> None:
    assert code_of(text, ADMISSION) is None


def test_a_lost_zero_is_not_guessed_where_two_codes_would_fit() -> None:
    assert code_of("1", ("01", "001")) is None
    assert code_of("01", ("1", "2")) is None


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_file_of_spellings_comes_in_as_codes(tmp_path: Path, damage: str) -> None:
    rows = [
        row | {"admission_method": DAMAGES[damage](ADMISSION[n % len(ADMISSION)])}
        for n, row in enumerate(hospital_episodes())
    ]
    people = [row | {"sex": DAMAGES[damage](row["sex"])} for row in patients()]
    with ingested(write_extract(tmp_path / "in", hospital_episodes=rows, patients=people), tmp_path) as night:
        found = night.engine.rows("SELECT DISTINCT admission_method FROM hospital_episodes")
        assert {code for (code,) in found} == set(ADMISSION)
        assert night.engine.rows("SELECT DISTINCT sex FROM patients ORDER BY ALL") == [("female",), ("male",)]
        (codes,) = (c for c in night.receipt("hospital_episodes").codes if c.column == "admission_method")
        assert (codes.rows, codes.unknown) == (len(rows), 0)
        assert codes.said_unknown == sum(
            ADMISSION[n % len(ADMISSION)] in ("98", "99") for n in range(len(rows))
        )


def test_numbers_in_a_parquet_column_are_codes(tmp_path: Path) -> None:
    folder = write_extract(tmp_path / "in")
    (folder / "hospital_episodes.csv").unlink()
    rows = [
        {name: None if value == "" else str(value) for name, value in row.items()}
        for row in hospital_episodes()
    ]
    table = pa.Table.from_pylist(rows)
    place = table.column_names.index("admission_method")
    floats = pa.array([21.0 if n % 5 else None for n in range(len(rows))], pa.float64())
    pq.write_table(table.set_column(place, "admission_method", floats), folder / "hospital_episodes.parquet")
    with ingested(folder, tmp_path) as night:
        assert night.engine.rows("SELECT DISTINCT admission_method FROM hospital_episodes") == [("21",)]
        assert night.broken("hospital_episodes")["admission_method.required"] == 10


@pytest.mark.parametrize(("bad", "stops"), [(4, False), (5, True), (20, True)])
def test_unknown_codes_of_a_column_that_decides_stop_the_night(tmp_path: Path, bad: int, stops: bool) -> None:
    rows = hospital_episodes()
    for n in range(bad):
        rows[n] |= {"admission_method": "ZZ"}
    with ingested(write_extract(tmp_path / "in", hospital_episodes=rows), tmp_path) as night:
        receipt = night.receipt("hospital_episodes")
        assert receipt.totals["loaded"] == len(rows)
        assert night.count("hospital_episodes WHERE admission_method IS NULL") == bad
        judged = judge_thresholds([(receipt, receipt.contract)])
        broken = [result.code for result in judged.failures]
        assert broken == (["native.hospital_episodes.admission_method.valid_values"] if stops else [])
        shown = {row[0]: row[4:] for row in coded_section([receipt]).rows}
        of_methods = shown["native.hospital_episodes.admission_method"]
        assert of_methods == (bad, f"ZZ ({bad})" if bad >= 5 else "")


def test_a_value_that_is_long_or_rare_is_counted_but_not_shown(tmp_path: Path) -> None:
    rows = hospital_episodes()
    for n in range(6):
        rows[n] |= {"admission_method": "admitted through the front door"}
        rows[n + 10] |= {"admission_method": f"Q{n}"}
    with ingested(write_extract(tmp_path / "in", hospital_episodes=rows), tmp_path) as night:
        (codes,) = (c for c in night.receipt("hospital_episodes").codes if c.column == "admission_method")
        assert (codes.unknown, codes.unknown_values) == (12, ())
