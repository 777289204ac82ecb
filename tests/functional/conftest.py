"""A small care system of synthetic people, and the program run on it as a user would."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest
import warm_program
from synthetic_site import HEAD, KEY, ROOT

from copd_strat.synthetic import SyntheticSettings, generate

END = date(2026, 3, 31)
AS_OF = "2026-04-10"


def _heed_signals() -> None:
    """A shell's background jobs and nohup hand on signals that are ignored, which the program leaves so."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


@dataclass(frozen=True)
class Site:
    """A folder with extracts, configuration and output, and the command line on it."""

    folder: Path
    truth: Path
    source: Path = ROOT / "src"

    @property
    def config(self) -> Path:
        return self.folder / "nightly.yaml"

    @property
    def extracts(self) -> Path:
        return self.folder / "extracts"

    @property
    def output(self) -> Path:
        return self.folder / "output"

    @property
    def environment(self) -> dict[str, str]:
        """The tests' environment with the reference key, and the copy of the program that is to run."""
        return os.environ | KEY | {"PYTHONPATH": str(self.source)}

    def call(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        # No time limit: a busy machine is slow, and a hang is told by whoever runs the tests.
        if self.source == ROOT / "src" and not environment:
            return warm_program.call(list(arguments), self.environment)
        return subprocess.run(
            self.command(*arguments),
            env=self.environment | environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """A run under way, its log to be read line by line."""
        command = self.command("run", "--config", str(self.config), "--as-of", AS_OF, *arguments)
        return subprocess.Popen(
            command,
            env=self.environment,
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
            preexec_fn=_heed_signals,
        )

    def run(self, *arguments: str, as_of: str = AS_OF) -> subprocess.CompletedProcess[str]:
        return self.call("run", "--config", str(self.config), "--as-of", as_of, *arguments)

    @staticmethod
    def command(*arguments: str) -> list[str]:
        return [sys.executable, "-c", "from copd_strat.cli import main; main()", *arguments]


# For nights of which only the end matters: few people, few months.
SHORT = "summary: {months: 2}\n"


def make_site(folder: Path, extracts: Path, truth: Path, more: str = "") -> Site:
    """A site with copies of the extracts; ``more`` are further lines of its configuration."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copytree(extracts, folder / "extracts")
    sources = f"extracts: [{{layout: native, path: extracts}}]\ncontracts: {ROOT / 'data_contracts'}\n"
    (folder / "nightly.yaml").write_text(HEAD + sources + more, encoding="utf-8")
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


@pytest.fixture(scope="session")
def few_people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As ``people``, but only 60 of them on the register."""
    out = tmp_path_factory.mktemp("few_people")
    generate(SyntheticSettings(seed=7, practices=2, register=60, years=2, end=END), out)
    return out


@pytest.fixture
def small_site(few_people: Path, tmp_path: Path) -> Site:
    """A small site of one's own to break."""
    return make_site(tmp_path / "site", few_people / "native", few_people / "truth", SHORT)


@pytest.fixture
def changed_program(small_site: Site, tmp_path: Path) -> Site:
    """A small site that runs a copy of the program of its own to break."""
    program = tmp_path / "program"
    skipped = shutil.ignore_patterns("__pycache__", "*.egg-info")
    shutil.copytree(ROOT / "src", program / "src", ignore=skipped)
    shutil.copytree(ROOT / "data_contracts", program / "data_contracts")
    return Site(small_site.folder, small_site.truth, program / "src")
