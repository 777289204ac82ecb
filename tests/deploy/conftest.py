"""The files for schedulers, and a night of a small site for them to run."""

from __future__ import annotations

import os
import sys
from datetime import date
from pathlib import Path

import pytest
from deploy_places import ROOT
from synthetic_site import HEAD, KEY

from copd_strat.synthetic import SyntheticSettings, generate


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A folder with extracts, key file and configuration; every hook writes what it was told into ``told``."""
    generate(
        SyntheticSettings(seed=7, practices=2, register=40, years=2, end=date(2026, 3, 31)), tmp_path / "made"
    )
    key = tmp_path / "reference.key"
    key.write_text(*KEY.values(), encoding="ascii")
    key.chmod(0o600)
    hook = tmp_path / "hook"
    hook.write_text('#!/bin/sh\necho "$COPD_STRAT_STATUS $COPD_STRAT_EXIT_CODE $*" >> "${0%/*}/told"\n')
    hook.chmod(0o700)
    (tmp_path / "nightly.yaml").write_text(
        f"""
{HEAD}extracts:
  - {{layout: native, path: made/native}}
pathways: {{reference_key_file: reference.key}}
guard: {{max_extract_age_days: 3660}}
summary: {{months: 2}}
hooks:
  on_success: [{hook}, "a b", ";", $HOME]
  on_failure: [{hook}]
""",
        encoding="utf-8",
    )
    return tmp_path


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """An executable as an installed site has it, which knows no environment."""
    path = tmp_path / "copd-strat"
    source = ROOT / "src"
    path.write_text(
        f"#!{sys.executable}\nimport sys\nsys.path.insert(0, {os.fspath(source)!r})\n"
        "from copd_strat.cli import main\nmain()\n",
        encoding="utf-8",
    )
    path.chmod(0o700)
    return path
