"""A small site with two published runs, as the trust tests and programs disturb it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from synthetic_site import HEAD, KEY, ROOT

from copd_strat.synthetic import SyntheticSettings, generate

END = date(2026, 3, 31)
FIRST, SECOND = "2026-04-09", "2026-04-10"
PEOPLE = SyntheticSettings(seed=7, practices=1, register=30, years=1, end=END)

CONFIG = """
extracts: [{{layout: native, path: {extracts}}}]
publish: {{commissioners: commissioners}}
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
    text = HEAD + CONFIG.format(extracts=extracts, retained=retained) + more
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
