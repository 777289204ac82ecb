"""Every file of the last runs, and each manifest and pointer, damaged in turn: what do the commands say?

A command refuses (exit 11, with the way out), or says just what it says of undamaged runs, or says so and names the
run that it passes over. Nothing else: no other exit code, and no other answer without a word.

    make damage
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import warm_night
from click.testing import CliRunner
from synthetic_site import KEY
from trust_site import SECOND, TrustSite, make_people, published_twice

from copd_strat.cli import commands
from copd_strat.errors import CopdStratError


def _half(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def _flipped(path: Path) -> None:
    content = bytearray(path.read_bytes() or b"x")
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def _longer(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b" ")


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _link(path: Path) -> None:
    """The same bytes, but elsewhere, where somebody else may change them."""
    elsewhere = path.parents[len(path.parts) - path.parts.index("output")] / "elsewhere"
    shutil.copyfile(path, elsewhere)
    path.unlink()
    path.symlink_to(elsewhere)


def _not_json(path: Path) -> None:
    path.write_text('{"folder": 1, "manifest": [], "earlier": [{}]}', encoding="utf-8")


DAMAGES: tuple[Callable[[Path], None], ...] = (
    _flipped,
    Path.unlink,
    _half,
    _longer,
    _folder,
    _link,
    _not_json,
)


@dataclass
class Answers:
    """What the commands say of a site; ``wrong`` are answers that should not be."""

    site: TrustSite
    runs: tuple[str, str]
    reference: str
    returned: Path
    tried: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def commands(self) -> dict[str, list[str]]:
        config = ["--config", str(self.site.config)]
        dry = ["run", *config, "--as-of", SECOND, "--dry-run"]
        collected = str(self.site.folder / "collected.csv")
        return {
            "run": dry,
            "run --force": [*dry, "--force"],
            "runs list": ["runs", "list", *config],
            "runs verify": ["runs", "verify", *config],
            "diff": ["diff", *self.runs, *config],
            "explain": ["explain", self.reference, *config],
            "whatif": ["whatif", *config, "--policy", "rules_only", "--policy", "gold_abe"],
            "decisions": ["decisions", str(self.returned), *config, "-o", collected, "--as-of", SECOND],
        }

    def ask(self, arguments: list[str]) -> tuple[int, str, str]:
        """Exit code, results, and chatter without its clock."""
        (self.site.folder / "collected.csv").unlink(missing_ok=True)
        done = CliRunner().invoke(commands, arguments)
        if isinstance(done.exception, CopdStratError):
            return done.exception.exit_code, "", str(done.exception)
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            return 70, repr(done.exception), ""
        chatter = "\n".join(line[10:] for line in done.stderr.splitlines())
        return done.exit_code, done.stdout, chatter

    def try_all(self, what: str, run: str, sound: dict[str, tuple[int, str, str]], *, current: bool) -> None:
        for name, arguments in self.commands().items():
            code, said, chatter = self.ask(arguments)
            must_refuse = (
                current
                and "CURRENT.json _longer" not in what
                and name in ("run", "run --force", "runs verify")
            )
            refused = code == 11 and "copd-strat runs" in chatter
            passed_over = code == 0 and run in chatter and "Warning" in chatter
            same = (code, said) == sound[name][:2] and not must_refuse
            self.tried[f"{name}: {'refused' if refused else 'warned' if passed_over else 'the same'}"] += 1
            if not (refused or passed_over or same):
                self.wrong.append(f"{what}, {name}: exit {code} {said[:200]} {chatter[:300]}")


def damaged(answers: Answers, every: int) -> None:
    """Damage each ``every``-th file in one way, its turn's, and the pointer and manifests in all ways."""
    sound = {name: answers.ask(arguments) for name, arguments in answers.commands().items()}
    assert {code for code, *_ in sound.values()} == {0}, sound
    for number, (path, damage, run) in enumerate(_places(answers)):
        if number % every and path.name not in ("CURRENT.json", "manifest.json"):
            continue
        kept = path.read_bytes()
        damage(path)
        what = f"{path.relative_to(answers.site.output)} {damage.__name__}"
        answers.try_all(what, run, sound, current=run != answers.runs[0])
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink(missing_ok=True)
        path.write_bytes(kept)


def _places(answers: Answers) -> Iterator[tuple[Path, Callable[[Path], None], str]]:
    output = answers.site.output
    for damage in DAMAGES:
        yield output / "CURRENT.json", damage, answers.runs[1]
        for run in answers.runs:
            yield output / "runs" / run / "manifest.json", damage, run
    files = [(path, run) for run in answers.runs for path in sorted((output / "runs" / run).rglob("*"))]
    number = 0
    for path, run in files:
        if path.is_file() and path.name != "manifest.json":
            yield path, DAMAGES[number % len(DAMAGES)], run
            number += 1


def answers_of(site: TrustSite) -> Answers:
    """Whom to ask about: a patient of the published run, and one of its lists as if it came back."""
    import pandas as pd

    first, second = sorted(path.name for path in (site.output / "runs").iterdir())
    run = site.output / "runs" / second
    reference = str(pd.read_parquet(run / "analyst" / "patients.parquet")["patient_ref"].iloc[0])
    (lists, *_) = sorted((run / "direct_care").rglob("*_clinic.csv"))
    returned = site.folder / lists.name
    shutil.copyfile(lists, returned)
    return Answers(site=site, runs=(first, second), reference=reference, returned=returned)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--every", type=int, default=1, metavar="N", help="every N-th file")
    every = parser.parse_args().every
    os.environ |= KEY
    with tempfile.TemporaryDirectory(prefix="damage-") as name:
        base = Path(name)
        warm_night.warm_up()
        warm_night.forked(lambda: make_people(base / "people"))
        answers = answers_of(published_twice(base / "site", base / "people" / "native"))
        damaged(answers, every)
    for what, count in sorted(answers.tried.items()):
        print(f"{what:<28}{count:>6,}")
    sys.exit("\n".join(answers.wrong) if answers.wrong else 0)


if __name__ == "__main__":
    main()
