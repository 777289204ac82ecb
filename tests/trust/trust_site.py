"""A small site with two published runs, as the trust tests and programs disturb it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import warm_night
from synthetic_site import HEAD

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
    """A site after two warm nights; ``warm_up`` and the key in the environment are the caller's."""
    site = make_site(folder, extracts)
    for day in (FIRST, SECOND):
        arguments = ["run", "--config", str(site.config), "--as-of", day]
        done = warm_night.called(arguments, folder / "log")
        if done.code:
            raise RuntimeError(done.log)
    return site
