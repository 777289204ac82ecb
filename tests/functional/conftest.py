"""A small care system of synthetic people, and the program run on it as a user would."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from copd_strat.synthetic import SyntheticSettings, generate

ROOT = Path(__file__).parents[2]
END = date(2026, 3, 31)
AS_OF = "2026-04-10"

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
  - {{layout: native, path: extracts}}
contracts: {contracts}
output: output
engine: {{memory_limit: 500MB, threads: 1}}
risk: {{care_setting: primary_care}}
"""


@dataclass(frozen=True)
class Site:
    """A folder with extracts, configuration and output, and the command line on it."""

    folder: Path
    truth: Path

    @property
    def config(self) -> Path:
        return self.folder / "nightly.yaml"

    @property
    def extracts(self) -> Path:
        return self.folder / "extracts"

    def call(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*arguments),
            env=os.environ | KEY | environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )

    def run(self, *arguments: str, as_of: str = AS_OF) -> subprocess.CompletedProcess[str]:
        return self.call("run", "--config", str(self.config), "--as-of", as_of, *arguments)

    @staticmethod
    def command(*arguments: str) -> list[str]:
        return [sys.executable, "-c", "from copd_strat.cli import main; main()", *arguments]


KEY = {"COPD_STRAT_REFERENCE_KEY": "a key for tests with synthetic people 0123456789"}


def make_site(folder: Path, extracts: Path, truth: Path) -> Site:
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copytree(extracts, folder / "extracts")
    config = CONFIG.format(contracts=ROOT / "data_contracts")
    (folder / "nightly.yaml").write_text(config, encoding="utf-8")
    return Site(folder, truth)


@pytest.fixture(scope="session")
def people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Synthetic extracts (``native``) and their truth (``truth``)."""
    out = tmp_path_factory.mktemp("people")
    generate(SyntheticSettings(seed=7, practices=4, register=400, years=3, end=END), out)
    return out


@pytest.fixture
def site(people: Path, tmp_path: Path) -> Site:
    """A site of one's own to break."""
    return make_site(tmp_path / "site", people / "native", people / "truth")


@pytest.fixture(scope="session")
def published(people: Path, tmp_path_factory: pytest.TempPathFactory) -> Site:
    """A site with one published run, to look at and not to change."""
    made = make_site(tmp_path_factory.mktemp("published") / "site", people / "native", people / "truth")
    done = made.run()
    assert done.returncode == 0, done.stderr
    return made
