"""A row check that counts nothing is noticed by the night: planted in a copy of the program itself."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from contracts_page import CONTRACTS, ROOT

from copd_strat.synthetic.generate import generate
from copd_strat.synthetic.settings import SyntheticSettings

CONFIG = f"""
title: Planted (SYNTHETIC)
synthetic: true
governance:
  legal_basis: nobody here exists
  approval_reference: TEST
  approval_expires: 2099-12-31
  controller: nobody
  opt_out_regime: type1
  opt_out_applied_on: 2026-03-31
extracts:
  - {{layout: native, path: extracts}}
contracts: {CONTRACTS}
output: output
engine: {{memory_limit: 500MB, threads: 1}}
risk: {{care_setting: primary_care}}
"""
KEY = "a key for tests with synthetic people 0123456789"
PROGRAM = "from copd_strat.cli import main; main()"
CONDITION = 'f"{cell.value} > {literal(cell.as_of)} AND {cell.value} <= {literal(LAST_REAL_DAY)}"'


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A small site of whose GP events a few lie in the future: too few to stop a night by themselves."""
    made = generate(SyntheticSettings(register=60, practices=4), tmp_path / "made")
    shutil.copytree(made.extracts, tmp_path / "extracts")
    prescriptions = tmp_path / "extracts" / "deaths.csv"
    lines = prescriptions.read_text(encoding="utf-8").splitlines()
    lines += [f"{line.split(',')[0]},2198-01-0{n}" for n, line in enumerate(lines[1:4], start=1)]
    prescriptions.write_text("\n".join(lines) + "\n", encoding="utf-8")
    (tmp_path / "nightly.yaml").write_text(CONFIG, encoding="utf-8")
    return tmp_path


def validate(site: Path, source: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", PROGRAM, "validate", "--config", "nightly.yaml", "--as-of", "2026-11-10"],
        cwd=site,
        env=os.environ | {"PYTHONPATH": str(source), "COPD_STRAT_REFERENCE_KEY": KEY},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )


def test_a_check_that_is_always_false_stops_the_night(site: Path) -> None:
    sound = validate(site, ROOT / "src")
    assert sound.returncode == 0, sound.stderr
    copy = site / "program"
    shutil.copytree(ROOT / "src", copy)
    check = copy / "copd_strat" / "checks" / "not_future.py"
    text = check.read_text(encoding="utf-8")
    assert CONDITION in text
    check.write_text(text.replace(CONDITION, '"FALSE"'), encoding="utf-8")
    planted = validate(site, copy)
    assert planted.returncode == 12, planted.stderr
    assert "native.deaths.death_date.not_future" in planted.stderr
    assert "native.deaths.death_date.not_future" not in sound.stderr
