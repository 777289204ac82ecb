"""A night that is killed, and one whose disk fails, at any moment: the old run or the new one stands, whole.

    images   the night waits before every operation on a file below the output folder, and a copy of the folder
             is looked at: it is what a kill at that moment leaves
    kills    nights killed (SIGKILL) at random moments
    faults   nights with a full disk (ENOSPC), a failing one (EIO) and permissions lost (EACCES) at random
             operations, once and from then on

After each of them: the published run is whole and the old or the new one; the lock is free; what the next night
finds, once it has swept, is what an undisturbed night leaves before or after itself, to the byte, or else that next
night is run and leaves just that. Clock times are left out of the comparison.

    make kills KILLS="--images 1 --kills 300 --faults 60"
"""

from __future__ import annotations

import argparse
import errno
import hashlib
import json
import os
import random
import re
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import warm_night
from synthetic_site import KEY
from trust_site import FIRST, SECOND, make_people, make_site

from copd_strat.errors import CopdStratError
from copd_strat.publish import RunFolder

# Beside the runs: a stopped night's page, and what the program writes for itself.
OWN_NAMES = {".lock", "CURRENT.json", "runs", "failed", "audit.jsonl", "store"}
ROOTS = ("output", "commissioners")
TIMED = ("seconds", "cpu_seconds", "timed_files")
FAULTS = {"ENOSPC": "owm", "EIO": "ws", "EACCES": "omru", "EXDEV": "r"}

State = dict[str, str]


@dataclass
class Trial:
    """A site with one published run, and what was found of all copies of it that were disturbed."""

    base: Path
    rng: random.Random
    tried: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    before: State = field(default_factory=dict)
    after: State = field(default_factory=dict)
    good: set[str] = field(default_factory=set)
    seconds: float = 0.0
    operations: Counter[str] = field(default_factory=Counter)

    @property
    def extracts(self) -> Path:
        return self.base / "people" / "native"

    def site(self, name: str, like: Path | None = None) -> Path:
        """A site with a copy of what another has published (default: after the first night)."""
        folder = self.base / name
        shutil.rmtree(folder, ignore_errors=True)
        make_site(folder, self.extracts, retained=1)
        source = like or self.base / "first"
        for root in ROOTS:
            if (source / root).exists():
                shutil.copytree(source / root, folder / root, symlinks=True)
        return folder

    def night(self, folder: Path, before: Any = lambda: None, as_of: str = SECOND) -> warm_night.Ended:
        arguments = ["run", "--config", str(folder / "nightly.yaml"), "--as-of", as_of]
        return warm_night.called(arguments, folder.with_suffix(".log"), before)

    def prepare(self) -> None:
        """The first night, and an undisturbed second one that counts its operations."""
        made = warm_night.forked(lambda: make_people(self.base / "people"))
        first = self.night(self.site("first"), as_of=FIRST)
        folder = self.site("second")
        self.before = state(folder)
        began = time.perf_counter()
        operations = self.base / "operations"
        log = os.open(operations, os.O_WRONLY | os.O_CREAT)
        second = self.night(folder, lambda: warm_night.arm(folder, "count", log=log))
        self.seconds = time.perf_counter() - began
        if (made, first.code, second.code) != (0, 0, 0):
            sys.exit(f"an undisturbed night fails\n{first.log}\n{second.log}")
        lines = operations.read_text(encoding="utf-8").splitlines()
        self.operations = Counter(line.split("\t")[1] for line in lines)
        self.after = state(folder)
        self.good = {digest(self.before), digest(self.after)}

    def judge(self, what: str, folder: Path) -> None:
        """Count one trial, and note what is wrong with what it left in ``folder``."""
        kind = what.split(" ", maxsplit=1)[0]
        self.tried[kind] += 1
        if self.tried[kind] % 10 == 0:
            print(f"{kind}: {self.tried[kind]} tried", flush=True)
        try:
            self._judge(folder)
        except (AssertionError, CopdStratError, OSError) as error:
            self.note(f"{what}: {type(error).__name__} {error}")
        shutil.rmtree(folder, ignore_errors=True)

    def note(self, wrong: str) -> None:
        """Tell it at once: the rest may take hours."""
        self.wrong.append(wrong)
        print(f"WRONG {wrong}", flush=True)

    def _judge(self, folder: Path) -> None:
        output = RunFolder(folder / "output")
        run = output.intact_current()
        assert run is not None, "no run is published"
        assert run.run_id in (self.before["run"], self.after["run"]), "a run that nobody made is published"
        with output.lock("test"), output.staged("next"):
            pass
        left = {path.name for path in output.root.iterdir()} - OWN_NAMES
        assert not left, f"left over: {sorted(left)}"
        found = digest(state(folder))
        if found in self.good:
            return
        later = self.night(folder)
        assert later.code == 0, f"the later night fails\n{later.log}"
        left_now = state(folder).items() ^ self.after.items()
        assert not left_now, (
            f"the later night leaves something else: {sorted({name for name, _ in left_now})}"
        )
        self.good.add(found)


def state(site: Path) -> State:
    """Every file that is published by its content, clock times aside, and where the pointers lead."""
    output = site / "output"
    pointer = json.loads((output / "CURRENT.json").read_text(encoding="utf-8"))
    # The site's folder stands in the manifest's settings, and every trial has its own.
    own = re.compile(re.escape(str(site.parent)).encode() + rb"/\w+")
    paths = [*(output / "runs").rglob("*"), *(site / "commissioners").rglob("*")]
    found = {path.relative_to(site).as_posix(): _content(path, own) for path in paths if path.is_file()}
    return found | {"run": pointer["folder"], "earlier": str([link["folder"] for link in pointer["earlier"]])}


def _content(path: Path, site: re.Pattern[bytes]) -> str:
    content = path.read_bytes()
    if path.name in ("manifest.json", "run_summary.json"):
        parts = json.loads(content)
        kept = {name: part for name, part in parts.items() if name not in TIMED}
        content = json.dumps(kept, sort_keys=True).encode()
        content = site.sub(b"", content)
    return hashlib.sha256(content).hexdigest()


def digest(found: State) -> str:
    return hashlib.sha256(json.dumps(found, sort_keys=True).encode()).hexdigest()


def images(trial: Trial, every: int) -> None:
    """Look at the output folder before each operation, or each ``every``-th."""
    folder = trial.site("stopped")
    arguments = ["run", "--config", str(folder / "nightly.yaml"), "--as-of", SECOND]
    night = warm_night.start(arguments, folder.with_suffix(".log"), lambda: warm_night.arm(folder, "stop"))
    operation = 0
    while True:
        _, status = os.waitpid(night, os.WUNTRACED)
        if not os.WIFSTOPPED(status):
            break
        operation += 1
        if operation % every == 0:
            trial.judge(f"images at operation {operation}", trial.site("image", folder))
        os.kill(night, signal.SIGCONT)
    assert os.waitstatus_to_exitcode(status) == 0, (folder.with_suffix(".log")).read_text(encoding="utf-8")


def kills(trial: Trial, number: int) -> None:
    """Kill nights at random moments, from their first to their last."""
    for _ in range(number):
        folder = trial.site("killed")
        moment = trial.rng.uniform(0, trial.seconds)
        arguments = ["run", "--config", str(folder / "nightly.yaml"), "--as-of", SECOND]
        night = warm_night.start(arguments, folder.with_suffix(".log"))
        time.sleep(moment)
        os.kill(night, signal.SIGKILL)
        end = warm_night.ended(night, folder.with_suffix(".log"))
        trial.tried[f"  of these {'killed' if end.code < 0 else 'ended before'}"] += 1
        trial.judge(f"kills after {moment:.2f} s", folder)


def faults(trial: Trial, number: int) -> None:
    """Let operations fail. A night either says that its output cannot be written, or publishes a whole run."""
    for _ in range(number):
        name = trial.rng.choice(sorted(FAULTS))
        possible = sum(trial.operations[kind] for kind in FAULTS[name])
        at, lasts = trial.rng.randint(1, possible), trial.rng.random() < 0.5
        folder = trial.site("failing")

        def spoil(site: Path = folder, at: int = at, name: str = name, lasts: bool = lasts) -> None:
            code = getattr(errno, name)
            warm_night.arm(site, "fail", at, kinds=FAULTS[name], error=code, lasts=lasts)

        end = trial.night(folder, spoil)
        what = f"faults {name} at operation {at}{' and later' if lasts else ''}"
        if end.code not in (0, 18):
            trial.note(f"{what}: exit {end.code}\n{end.log[-1500:]}")
        trial.tried[f"  of these exit {end.code}"] += 1
        trial.judge(what, folder)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--images", type=int, default=1, metavar="N", help="every N-th operation; 0 for none")
    parser.add_argument("--kills", type=int, default=300, metavar="N")
    parser.add_argument("--faults", type=int, default=60, metavar="N")
    parser.add_argument("--seed", type=int, default=20261125)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kills-") as name:
        base = Path(name)
        warm_night.with_file_faults(Path(tempfile.gettempdir()) / f"file-faults-{os.getuid()}")
        os.environ |= KEY
        os.umask(0o027)
        warm_night.warm_up()
        trial = Trial(base=base, rng=random.Random(given.seed))
        trial.prepare()
        print(f"an undisturbed night: {trial.operations.total()} operations on files", flush=True)
        if given.images:
            images(trial, given.images)
        kills(trial, given.kills)
        faults(trial, given.faults)
    for what, count in trial.tried.items():
        print(f"{what:<24}{count:>6,}")
    print(f"{'wrong':<24}{len(trial.wrong):>6,}")
    sys.exit(1 if trial.wrong else 0)


if __name__ == "__main__":
    main()
