"""An indicator is one row of a table and one query."""

from __future__ import annotations

from importlib.resources import files

from copd_strat.summary.cube import COHORTS, indicators


def test_every_indicator_has_its_query_and_no_query_stands_alone() -> None:
    folder = files("copd_strat.summary").joinpath("indicators", "sql")
    queries = {path.name.removesuffix(".sql") for path in folder.iterdir()}
    assert queries == set(indicators().index) - set(COHORTS.values())


def test_what_an_indicator_refers_to_is_an_indicator() -> None:
    declared = indicators()
    for column in ("denominator_id", "part_of"):
        assert set(declared[column]) - {""} <= set(declared.index)
