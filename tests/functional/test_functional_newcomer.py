"""From a folder of files that nobody has told us about to a published run: what a newcomer types, and no more."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner
from functional_site import SHORT, Site

from copd_strat.cli import commands, new_site
from copd_strat.synthetic import SyntheticSettings, generate

ANSWERS = {
    "Title": "Our ICS",
    "Legal basis": "nobody here exists",
    "Approval reference": "TEST",
    "Approval expires": "2099-12-31",
    "Controller": "nobody",
    "Opt out regime": "type1",
    "Opt out applied on": "2026-03-31",
    "Output": "output",
    "Care setting": "primary_care",
}
LAYOUTS = (
    "emis",
    *(pytest.param(name, marks=pytest.mark.slow) for name in ("nhse", "cprd_aurum", "omop", "tpp")),
)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_from_strange_files_to_a_published_run(
    layout: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = SyntheticSettings(
        seed=7, practices=2, register=40, years=2, end=date(2026, 3, 31), layout=layout
    )
    generate(settings, tmp_path / "delivery")
    monkeypatch.setattr(new_site, "_on_terminal", lambda: True)
    config = tmp_path / "nightly.yaml"
    typed = "\n".join(ANSWERS.values()) + "\n"
    done = CliRunner().invoke(commands, ["init", str(tmp_path / "delivery"), "-o", str(config)], input=typed)
    assert done.exit_code == 0, done.output
    assert [line for line in ANSWERS if f"\n{line} (" not in done.output] == []
    assert f"Layout {layout}:" in done.output
    with config.open("a", encoding="utf-8") as stream:
        stream.write(SHORT)  # for the time that the test takes: two months of summary instead of 24
    site = Site(tmp_path, tmp_path)
    checked = site.call("doctor", "--config", str(config), "--as-of", "2026-04-10")
    assert checked.returncode == 0, checked.stderr
    assert f"{layout}: " in checked.stdout
    night = site.run()
    assert night.returncode == 0, night.stderr
    assert not [line for line in night.stderr.splitlines() if "not read" in line]
    assert (site.output / "CURRENT.json").exists()
