"""The features in batches: everybody once, in the batch of their practice, also where there is nobody."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from copd_strat.clinical import feature_parts, features_in_parts
from copd_strat.config import EngineSettings
from copd_strat.engine import Engine

PEOPLE, PRACTICES = 300_000, 7


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """An engine with ``features`` alone: there is nothing on the way to drop."""
    monkeypatch.setattr(feature_parts, "give_back", lambda engine: engine.drop("features"))
    with Engine.open(EngineSettings(threads=1), tmp_path / "spill") as engine:
        engine.create_table("facts", f"SELECT range AS n FROM range({PEOPLE})")
        engine.create_view(
            "features",
            f"SELECT 'P' || lpad(CAST((n * 7919) % {PEOPLE} AS VARCHAR), 6, '0') AS patient_id,"
            f" 'A8100' || (n % {PRACTICES}) AS practice_id, n FROM facts",
        )
        yield engine


@pytest.mark.parametrize("numbers", [[0] * PRACTICES, [0, 1, 2, 3, 4, 5, 6], [2, 0, 1, 0, 2, 0, 1]])
def test_everybody_stands_once_in_the_batch_of_their_practice(
    numbers: list[int], engine: Engine, tmp_path: Path
) -> None:
    batches = {f"A8100{n}": number for n, number in enumerate(numbers)}
    before = engine.frame("SELECT * FROM features ORDER BY patient_id")
    parts = features_in_parts(engine, tmp_path / "features", batches)
    assert parts.numbers == tuple(range(max(numbers) + 1))
    for number in parts.numbers:
        part = parts.part(number)
        assert set(part["practice_id"].map(batches)) == {number}
        assert part["patient_id"].is_monotonic_increasing
    assert parts.rows == PEOPLE
    assert engine.frame("SELECT * FROM features ORDER BY patient_id").equals(before)
    assert parts.frame("n", order=["patient_id"])["n"].tolist() == before["n"].tolist()


def test_ranges_of_patients_one_after_the_other_give_the_same_files(engine: Engine, tmp_path: Path) -> None:
    batches = {f"A8100{n}": number for n, number in enumerate([2, 0, 1, 0, 2, 0, 1])}
    engine.create_table("everybody", "SELECT * FROM features")
    ranges = ((f"P{first:06}", f"P{first + 99_999:06}") for first in range(0, PEOPLE, 100_000))
    engine.create_in_parts(
        "features",
        [
            f"SELECT * FROM everybody WHERE patient_id BETWEEN '{first}' AND '{last}'"
            for first, last in ranges
        ],
        views=True,
    )
    parts = features_in_parts(engine, tmp_path / "features", batches)
    for number in parts.numbers:
        part = parts.part(number)
        assert set(part["practice_id"].map(batches)) == {number}
        assert part["patient_id"].is_monotonic_increasing
    before = engine.frame("SELECT * FROM everybody ORDER BY patient_id")
    assert engine.frame("SELECT * FROM features ORDER BY patient_id").equals(before)


def test_nobody_on_the_register_is_a_table_without_rows(engine: Engine, tmp_path: Path) -> None:
    engine.create_table("facts", "SELECT range AS n FROM range(0)")
    parts = features_in_parts(engine, tmp_path / "features", {})
    assert (parts.numbers, parts.rows, parts.columns()) == ((0,), 0, ("patient_id", "practice_id", "n"))
    assert engine.scalar("SELECT count(*) FROM features") == 0
