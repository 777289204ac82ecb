"""Figures equal those of statistics packages of others, to 1e-9 where both define them alike."""

from __future__ import annotations

import json

import pytest
from peer_packages import FIGURES, Figures, differences, own_figures, worlds

from copd_strat.evaluation import measures


@pytest.fixture(scope="module")
def said() -> dict[str, dict[str, Figures]]:
    """What the packages said of the same people; ``make peers`` asks them again."""
    return dict(json.loads(FIGURES.read_text(encoding="utf-8")))


def test_packages_of_others_say_the_same(said: dict[str, dict[str, Figures]]) -> None:
    assert list(differences(said)) == []


def test_each_figure_has_a_package_that_speaks_of_it(said: dict[str, dict[str, Figures]]) -> None:
    spoken = {figure for world in said.values() for figure in world}
    assert spoken == {figure for people in worlds().values() for figure in own_figures(people)}
    packages = {name for world in said.values() for figure in world.values() for name in figure}
    assert packages == {"dcurves", "lifelines", "scikit-learn", "scikit-survival", "statsmodels"}


def test_the_lost_left_out_would_be_noticed(
    said: dict[str, dict[str, Figures]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("peer_packages.follow_up_weights", lambda days, known: known.astype(float))
    noticed = {fault.split(", ")[0] for fault in differences(said)}
    assert noticed == {name.split(", ")[0] for name in worlds()} - {"nobody is lost"}


def test_the_dead_taken_for_lost_would_be_noticed(
    said: dict[str, dict[str, Figures]], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, people in worlds().items():
        worlds_without = {name: people.assign(ended_by=people["ended_by"].replace("death", "left"))}
        monkeypatch.setattr("peer_packages.worlds", lambda found=worlds_without: found)
        assert bool(list(differences(said))) == ("die" in name)


def test_a_place_after_the_ninth_would_be_noticed(
    said: dict[str, dict[str, Figures]], monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = measures.c_statistic
    monkeypatch.setattr(
        measures, "c_statistic", lambda trial: plain(trial)._replace(value=plain(trial).value + 2e-9)
    )
    assert any("c-statistic" in fault for fault in differences(said))
