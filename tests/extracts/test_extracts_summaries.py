"""Summaries decide what is looked for row by row. Held against a plain reading, every rule in every row, they find
the same: counts, refused rows, values set aside and relations, on clean and on faulty files of every layout."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from extract_world import CONTRACTS, everything, ingested, write_extract
from hypothesis import given, settings
from hypothesis import strategies as st

from copd_strat.checks.faults import inject
from copd_strat.extracts import checked_table, row_repeats
from copd_strat.extracts.broken_rules import RuleSearch
from copd_strat.extracts.ingest import contracts_of, load_contracts
from copd_strat.extracts.layouts import LAYOUTS
from copd_strat.extracts.row_repeats import Hashes, Lines, RowHashes
from copd_strat.extracts.source_files import find
from copd_strat.synthetic import SyntheticSettings, World, simulate_world
from copd_strat.synthetic.generate import write_world


@pytest.fixture(scope="module")
def world() -> World:
    return simulate_world(SyntheticSettings(seed=5, practices=1, register=12, others=4, years=2))


def plain_repeats(hashes: RowHashes) -> Iterator[tuple[Lines, Lines]]:
    """Row by row, with everything seen so far in hand."""
    seen: set[int] = set()
    found: list[tuple[int, int]] = []
    for place in range(len(hashes.rows)):
        values = np.fromfile(hashes._hashes_of(place), np.uint64)
        lines = np.fromfile(hashes._lines_of(place), np.int64)
        numbers = lines if len(lines) else np.arange(1, len(values) + 1)
        for value, line in zip(values.tolist(), numbers.tolist(), strict=True):
            if value in seen:
                found.append((place, line))
            seen.add(value)
    if found:
        yield np.array([place for place, _ in found]), np.array([line for _, line in found])


def both_ways(folder: Path, out: Path, layout: str, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    found = []
    for way in ("summaries", "plain"):
        with monkeypatch.context() as patched:
            if way == "plain":
                patched.setattr(RuleSearch, "broken", lambda self, *, in_place: self.applicable)
                patched.setattr(RowHashes, "repeats", plain_repeats)
            with ingested(folder, out / way, layout) as night:
                found.append(everything(night))
    return found


@pytest.mark.parametrize("faulty", [False, True], ids=["clean", "faulty"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_summaries_find_what_a_plain_reading_finds(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, layout: str, faulty: bool
) -> None:
    folder = write_world(world, tmp_path / "in", layout).extracts
    if faulty:
        contracts = contracts_of(LAYOUTS[layout], CONTRACTS, load_contracts(CONTRACTS, "native"))
        for contract in contracts.values():
            if files := find(folder, contract):
                inject(files, contract, seed=3)
    summaries, plain = both_ways(folder, tmp_path, layout, monkeypatch)
    assert summaries == plain
    broken = [code for receipt in plain["receipts"] for code, rows in receipt["rules"].items() if rows]
    assert len(broken) >= 20 if faulty else len(broken) <= 2


def typed_events(faulty: bool) -> pa.Table:
    """Events as a sender of Parquet types them; faults of every kind that types leave room for."""
    rows = 400
    days = [date(2020 + n // 100, 1 + n % 12, 1 + n % 28) for n in range(rows)]
    columns: dict[str, Any] = {
        "patient_id": [f"P{n % 40:04d}" for n in range(rows)],
        "event_date": list(days),
        "code": ["13645005" if n % 3 else "195951007" for n in range(rows)],
        "code_system": ["snomed"] * rows,
        "value": [float(n) if n % 5 == 0 else None for n in range(rows)],
        "unit": [None] * rows,
        "recorded_date": list(days),
    }
    if faulty:
        columns["patient_id"][7] = "P9999"
        columns["patient_id"][9] = None
        columns["event_date"][11] = date(1901, 5, 5)
        columns["event_date"][13] = date(2031, 1, 1)
        columns["event_date"][15] = date(1900, 1, 1)
        columns["recorded_date"][17] = date(2019, 1, 1)
        columns["code"][19] = "1.23E+15"
        columns["code"][21] = " 13645005 "
        columns["value"][25] = float("nan")
        columns["code_system"][27] = "SNOMED "
        for name in columns:
            columns[name] += columns[name][100:110]
    schema = pa.schema(
        {
            name: pa.date32() if name.endswith("date") else pa.float64() if name == "value" else pa.string()
            for name in columns
        }
    )
    return pa.table(columns, schema=schema)


@pytest.mark.parametrize("faulty", [False, True], ids=["clean", "faulty"])
def test_summaries_of_typed_files_that_stay_in_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, faulty: bool
) -> None:
    monkeypatch.setattr(checked_table, "_MANY_ROWS", 10)
    monkeypatch.setattr(row_repeats, "_AT_A_TIME", 64)
    monkeypatch.setattr(row_repeats, "_REPEATED_AT_A_TIME", 16)
    folder = write_extract(tmp_path / "in")
    (folder / "gp_events.csv").unlink()
    table = typed_events(faulty)
    for part in range(3):
        pq.write_table(table.slice(part * 150, 150), folder / f"gp_events_{part}.parquet")
    summaries, plain = both_ways(folder, tmp_path, "native", monkeypatch)
    assert summaries == plain
    receipt = next(one for one in plain["receipts"] if one["table"] == "gp_events")
    broken = {code.removeprefix("native.gp_events.") for code, rows in receipt["rules"].items() if rows}
    assert receipt["duplicates"] == (10 if faulty else 0)
    assert bool(broken) == faulty
    if faulty:
        assert {"patient_id.known_patient", "event_date.not_future", "event_date.not_before_birth"} <= broken


@given(
    files=st.lists(st.lists(st.integers(0, 12), max_size=30), max_size=4),
    numbered=st.booleans(),
    lot=st.integers(1, 12),
)
@settings(max_examples=60, deadline=None)
def test_every_row_but_the_first_of_its_kind_is_a_repeat(
    tmp_path_factory: pytest.TempPathFactory, files: list[list[int]], numbered: bool, lot: int
) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(row_repeats, "_AT_A_TIME", 7)
        patched.setattr(row_repeats, "_REPEATED_AT_A_TIME", lot)
        hashes = RowHashes(folder=tmp_path_factory.mktemp("repeats") / "hashes")
        for rows in files:
            # Spread over all 64 bits, so that parts divide them; the last bits are alike.
            values: Hashes = np.array([row << 60 | 5 for row in rows], np.uint64)
            lines = 10 * np.arange(1, len(rows) + 1) if numbered else None
            hashes.add_file([(values, lines)])
        found = sorted(
            (place, line)
            for places, numbers in hashes.repeats()
            for place, line in zip(places.tolist(), numbers.tolist(), strict=True)
        )
        expected = sorted(
            (place, line)
            for places, numbers in plain_repeats(hashes)
            for place, line in zip(places.tolist(), numbers.tolist(), strict=True)
        )
    assert found == expected
