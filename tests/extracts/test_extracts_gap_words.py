"""Words where a value is missing: gaps where they are declared, one finding that names them where not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from extract_world import Rows, gp_events, hospital_episodes, ingested, patients, prescriptions, write_extract
from one_file import column, let_in, write_columns

from copd_strat.extracts.receipts import Ingested
from copd_strat.quality.undeclared_gaps import word_findings

WORDS = ("NULL", "null", "NA", "<NA>", "N/A", "#N/A", "NaN", "nan", "\\N", ".", "-")
MAKE = {
    "patients": patients,
    "gp_events": gp_events,
    "prescriptions": prescriptions,
    "hospital_episodes": hospital_episodes,
}


def with_word(word: str) -> dict[str, Rows]:
    """All four tables with the word wherever a value is missing."""
    return {
        table: [{name: word if value == "" else value for name, value in row.items()} for row in make()]
        for table, make in MAKE.items()
    }


def relations(night: Any) -> list[Any]:
    return [night.engine.rows(f"SELECT * FROM {table} ORDER BY ALL") for table in MAKE]


@pytest.mark.parametrize("word", ["NULL", "."])
def test_a_declared_word_is_a_gap_in_every_table(tmp_path: Path, word: str) -> None:
    with ingested(write_extract(tmp_path / "plain"), tmp_path / "a") as night:
        expected = relations(night)
    with ingested(write_extract(tmp_path / "in", **with_word(word)), tmp_path / "b", gaps=(word,)) as night:
        assert relations(night) == expected
        assert not findings(night.ingested)


def findings(found: Ingested) -> list[tuple[str, str]]:
    return [(one.weight, one.sentence) for one in word_findings(found.tables)]


def test_an_undeclared_word_is_one_finding_with_its_columns(tmp_path: Path) -> None:
    with ingested(write_extract(tmp_path / "in", **with_word("NULL")), tmp_path / "a") as night:
        ((weight, sentence),) = findings(night.ingested)
    assert weight == "stop"
    assert sentence.startswith("gp_events, patients, prescriptions: the word NULL stands in 6 columns")
    assert "gp_events.unit 200" in sentence


def test_nothing_that_follows_from_the_word_is_found(tmp_path: Path) -> None:
    with ingested(write_extract(tmp_path / "plain"), tmp_path / "a") as night:
        expected = [receipt.rules for receipt in night.ingested.tables]
    with ingested(write_extract(tmp_path / "in", **with_word("NULL")), tmp_path / "b") as night:
        assert [receipt.rules for receipt in night.ingested.tables] == expected


def test_in_text_columns_alone_it_is_a_finding_as_well(tmp_path: Path) -> None:
    rows = [row | {"unit": "NULL"} for row in gp_events()]
    with ingested(write_extract(tmp_path / "in", gp_events=rows), tmp_path / "a") as night:
        told = "gp_events: the word NULL stands in 1 column (rows: gp_events.unit 200)"
        assert findings(night.ingested) == [("stop", told)]


def test_a_few_are_told_and_read_as_gaps(tmp_path: Path) -> None:
    rows = [row | {"unit": "N/A"} if n < 3 else row for n, row in enumerate(gp_events())]
    with ingested(write_extract(tmp_path / "in", gp_events=rows), tmp_path / "a") as night:
        told = "gp_events: the word N/A stands in 1 column (rows: gp_events.unit 3); it was read as a gap"
        assert findings(night.ingested) == [("warn", told)]
        assert night.count("gp_events WHERE unit IS NULL") == 200
        assert night.receipt("gp_events").files[0].undeclared_gaps == {"unit": {"N/A": 3}}


@pytest.mark.parametrize("ending", ["csv", "parquet"])
@pytest.mark.parametrize("pad", ["", "  "])
@pytest.mark.parametrize("word", WORDS)
def test_every_word_is_found_in_every_kind_of_column(
    tmp_path: Path, word: str, pad: str, ending: str
) -> None:
    path = tmp_path / f"gp_events.{ending}"
    names = ("patient_id", "event_date", "code", "value", "unit")
    rows = [("P1", word + pad, "13645005", word, pad + word), ("P2", "2025-02-03", "1", "3", "mL")]
    if ending == "csv":
        path.write_text("\n".join(",".join(row) for row in (names, *rows)), encoding="utf-8")
    else:
        write_columns(path, dict(zip(names, zip(*rows, strict=True), strict=True)))
    for gaps in ((), (word,)):
        with let_in(path, "gp_events", gaps=gaps) as (engine, source):
            assert column(engine, source, "unit") == [None, "mL"]
            assert column(engine, source, "event_date") == [None, "2025-02-03"]
            found = {} if gaps else {name: {word: 1} for name in ("event_date", "value", "unit")}
            assert source.undeclared_gaps == found


def test_a_word_of_a_value_set_is_a_value(tmp_path: Path) -> None:
    with ingested(
        write_extract(tmp_path / "in", patients=[row | {"sex": "unknown"} for row in patients()]),
        tmp_path / "a",
    ) as night:
        assert not findings(night.ingested)
        assert night.count("patients WHERE sex = 'unknown'") == len(patients())


def test_what_is_not_a_number_in_a_column_of_numbers_is_a_gap(tmp_path: Path) -> None:
    columns = {
        "patient_id": ["P1", "P2"],
        "event_date": ["2025-02-03"] * 2,
        "code": ["1", "2"],
        "value": pa.array([float("nan"), 7.5]),
    }
    with let_in(write_columns(tmp_path / "gp_events.parquet", columns), "gp_events") as (engine, source):
        assert column(engine, source, "value") == [None, 7.5]
        assert not source.undeclared_gaps
