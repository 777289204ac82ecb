"""A small care system's folder, and the program run on it as a user would."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import warm_program
from synthetic_site import HEAD, KEY, ROOT

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
        if not environment:
            return warm_program.call(list(arguments), self.environment, self.source)
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
# For a published night that is read: months, quarters and a whole year.
YEAR = "summary: {months: 24}\n"


def make_site(folder: Path, extracts: Path, truth: Path, more: str = "") -> Site:
    """A site with copies of the extracts; ``more`` are further lines of its configuration."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copytree(extracts, folder / "extracts")
    sources = f"extracts: [{{layout: native, path: extracts}}]\ncontracts: {ROOT / 'data_contracts'}\n"
    (folder / "nightly.yaml").write_text(HEAD + sources + more, encoding="utf-8")
    return Site(folder, truth)
