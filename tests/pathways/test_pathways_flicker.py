"""Names do not flicker: thirty nights with stay-on against a bare threshold."""

from __future__ import annotations

from pathlib import Path

from pathways_flicker import bare_threshold, draw, simulate

from copd_strat.pathways import load_policy

FIGURE = Path(__file__).parents[2] / "docs" / "figures" / "flicker.svg"


def test_fewer_names_leave_and_return_within_a_week_and_the_figure_shows_it(tmp_path: Path) -> None:
    policy = load_policy("risk_and_rules")
    bare, stay_on = simulate(bare_threshold(policy)), simulate(policy)
    assert bare.returned[-1] > 50, "the simulation must drift enough to show something"
    assert stay_on.returned[-1] < bare.returned[-1] / 10
    assert stay_on.listed[-1] < 2 * bare.listed[-1], "staying on must not fill the list"
    draw(bare, stay_on, tmp_path / "flicker.svg")
    assert FIGURE.read_text(encoding="utf-8") == (tmp_path / "flicker.svg").read_text(encoding="utf-8")
