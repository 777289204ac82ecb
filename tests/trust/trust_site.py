"""A small site with two published runs, as the trust tests and programs disturb it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from copd_strat.synthetic import SyntheticSettings, generate

ROOT = Path(__file__).parents[2]
END = date(2026, 3, 31)
FIRST, SECOND = "2026-04-09", "2026-04-10"
KEY = {"COPD_STRAT_REFERENCE_KEY": "a key for tests with synthetic people 0123456789"}
PEOPLE = SyntheticSettings(seed=7, practices=1, register=30, years=1, end=END)

CONFIG = """
title: Test ICS (SYNTHETIC)
synthetic: true
governance:
  legal_basis: nobody here exists
  approval_reference: TEST
  approval_expires: 2099-12-31
  controller: nobody
  opt_out_regime: type1
  opt_out_applied_on: 2026-03-31
extracts:
  - {{layout: native, path: {extracts}}}
output: output
publish: {{commissioners: commissioners}}
engine: {{memory_limit: 500MB, threads: 1}}
risk: {{care_setting: primary_care}}
summary: {{months: 1}}
retain_runs: {retained}
"""


@dataclass(frozen=True)
class TrustSite:
    """A folder with a configuration and an output; the extracts lie elsewhere."""

    folder: Path

    @property
    def config(self) -> Path:
        return self.folder / "nightly.yaml"

    @property
    def output(self) -> Path:
        return self.folder / "output"

    def run(
        self, as_of: str = SECOND, *more: str, environment: Mapping[str, str] = KEY
    ) -> subprocess.CompletedProcess[str]:
        """A night in a process of its own."""
        command = [sys.executable, "-c", "from copd_strat.cli import main; main()"]
        return subprocess.run(
            [*command, "run", "--config", str(self.config), "--as-of", as_of, *more],
            env=os.environ | KEY | {"PYTHONPATH": str(ROOT / "src")} | dict(environment),
            capture_output=True,
            text=True,
            check=False,
        )


def make_people(folder: Path) -> Path:
    """Extracts of people who do not exist."""
    generate(PEOPLE, folder)
    return folder / "native"


def make_site(folder: Path, extracts: Path, *, retained: int = 5, more: str = "") -> TrustSite:
    folder.mkdir(parents=True)
    text = CONFIG.format(extracts=extracts, retained=retained) + more
    (folder / "nightly.yaml").write_text(text, encoding="utf-8")
    return TrustSite(folder)


def published_twice(folder: Path, extracts: Path) -> TrustSite:
    """A site after two nights."""
    site = make_site(folder, extracts)
    for day in (FIRST, SECOND):
        done = site.run(day)
        if done.returncode:
            raise RuntimeError(done.stderr)
    return site
