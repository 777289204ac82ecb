"""Mutation testing: would the tests notice if the program were a little wrong?

Each room's files are changed in one place at a time, in a copy of the program, and the room's tests are run on it.
A mutant that no test notices survives. survivors.md gives reasons why some of them may: they are the same program,
or differ where nobody can see it. Of all others nine in ten must be noticed, or this program fails. A seeded
sample of those others is tried, or all. Tests that noticed other mutants of the file come first, then the
cheapest (order_of_tests.py).

    make mutation MUTATION="spells --sample 60"
"""

from __future__ import annotations

import argparse
import importlib
import math
import os
import pkgutil
import random
import re
import resource
import shutil
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mutants import Mutant, as_it_is, mutants_of
from order_of_tests import TestOrder, read_costs

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PROGRAM = Path("src") / "copd_strat"
SURVIVORS = HERE / "survivors.md"
ENOUGH = 0.9  # share of mutants to be noticed
# Processor seconds of the tests without a mutant, and of a mutant as a multiple of what they took: it may never end.
LONGEST, TIMES = 600, 3


@dataclass(frozen=True, kw_only=True)
class Room:
    """Files below the program, and the tests that are to notice."""

    files: tuple[str, ...]
    tests: tuple[str, ...]


_CLINICAL_TESTS = ("tests/clinical_spec", "tests/clinical_reference")
ROOMS = {
    "spells": Room(
        files=tuple(
            f"clinical/sql/{name}.sql"
            for name in ("hospital_rows", "placed_episodes", "spells", "provider_spells", "spell_sequence")
        ),
        tests=(*_CLINICAL_TESTS, "tests/clinical/test_clinical_spells.py"),
    ),
    "exacerbations": Room(
        files=tuple(
            f"clinical/sql/{name}.sql"
            for name in (
                "gp_event_days",
                "exacerbation_events",
                "episode_starts_chain",
                "episode_starts_anchor",
                "exacerbations",
                "counted_exacerbations",
                "exacerbation_facts",
                "exacerbation_evidence",
            )
        ),
        tests=(
            *_CLINICAL_TESTS,
            "tests/clinical/test_clinical_cases.py",
            "tests/clinical/test_clinical_spells.py",
        ),
    ),
    "reconciliation": Room(
        files=("quality/reconciliation.py",),
        tests=("tests/quality/test_quality_verdict.py",),
    ),
    "gate": Room(
        files=tuple(f"quality/{name}.py" for name in ("thresholds", "sample", "suites", "gx_runner")),
        tests=("tests/quality/test_quality_gate.py", "tests/quality/test_quality_verdict.py"),
    ),
    "disclosure": Room(
        files=tuple(
            f"summary/{name}.py"
            for name in ("protect", "exchanges", "narrowing", "controls", "small_numbers", "periods")
        ),
        tests=(
            "tests/disclosure",
            "tests/outputs/test_outputs_history.py",
            "tests/outputs/test_outputs_published.py",
        ),
    ),
}


@dataclass(frozen=True, kw_only=True)
class Ended:
    """Whether a test failed, which was the first, and the processor seconds that it took."""

    noticed: bool
    by: str
    seconds: float


def warm_up() -> None:
    """Import what the tests import, but for the program itself, in the parent of all trials."""
    import great_expectations  # noqa: F401
    import hypothesis  # noqa: F401
    import openpyxl  # noqa: F401
    import pytest  # noqa: F401
    import scipy.optimize
    import scipy.stats  # noqa: F401
    import xlsxwriter  # noqa: F401


def import_program(copy: Path) -> None:
    """Import the whole program of ``copy``, once for all trials of mutants that are read when they are needed."""
    sys.path.insert(0, str(copy / "src"))
    import copd_strat

    for module in pkgutil.walk_packages(copd_strat.__path__, "copd_strat."):
        importlib.import_module(module.name)


def tried(copy: Path, room: Room, order: TestOrder, longest: float = LONGEST) -> Ended:
    """Run the room's tests on the program in ``copy``, until one fails or ``longest`` processor seconds are over."""
    failed = copy / "failed"
    failed.unlink(missing_ok=True)
    child = os.fork()
    if not child:
        _run_tests(copy, room.tests, order, int(longest))
    _, status, used = os.wait4(child, 0)
    by = failed.read_text(encoding="utf-8") if failed.exists() else ""
    return Ended(noticed=status != 0, by=by, seconds=used.ru_utime + used.ru_stime)


def _run_tests(copy: Path, tests: tuple[str, ...], order: TestOrder, longest: int) -> None:
    code = 1
    try:
        resource.setrlimit(resource.RLIMIT_CPU, (longest, longest))
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 1)
        os.dup2(null, 2)
        sys.path.insert(0, str(copy / "src"))
        os.environ["PYTHONPATH"] = str(copy / "src")
        sys.dont_write_bytecode = True
        import pytest

        # Assertions need not explain themselves: rewriting them costs more than many a test.
        options = ["-x", "-q", "--assert=plain", "-p", "no:cacheprovider", "-p", "no:xdist", "-W", "ignore"]
        options += ["-m", "not slow"]
        code = int(pytest.main([*options, *(str(ROOT / one) for one in tests)], plugins=[order]))
        if order.failed:
            (copy / "failed").write_text(order.failed, encoding="utf-8")
        if order.measures:
            order.write_costs(copy / "costs")
    finally:
        os._exit(1 if code else 0)


def explained() -> set[str]:
    """The names of the survivors that the page explains."""
    return set(re.findall(r"^\| `([a-z_0-9-]+)` ", SURVIVORS.read_text(encoding="utf-8"), re.MULTILINE))


def try_room(
    name: str, chosen: Callable[[list[Mutant]], list[Mutant]], copy: Path
) -> tuple[int, list[Mutant]]:
    """How many mutants were tried, of those that ``chosen`` takes, and which survived."""
    room = ROOMS[name]
    paths = [PROGRAM / file for file in room.files]
    texts = {path: (ROOT / path).read_text(encoding="utf-8") for path in paths}
    for path in paths:
        (copy / path).write_text(as_it_is(ROOT, path), encoding="utf-8")
    if all(path.suffix == ".sql" for path in paths):
        import_program(copy)
    clean = tried(copy, room, TestOrder())
    if clean.noticed:
        print(f"{name}: a test fails without any mutant: {clean.by}", flush=True)
        sys.exit(1)
    costs = read_costs(copy / "costs")
    for path, text in texts.items():
        (copy / path).write_text(text, encoding="utf-8")
    every = [mutant for path in paths for mutant in mutants_of(ROOT, path)]
    taken = chosen(every)
    survivors = []
    kills: defaultdict[Path, Counter[str]] = defaultdict(Counter)
    for number, mutant in enumerate(taken, start=1):
        (copy / mutant.path).write_text(mutant.text, encoding="utf-8")
        end = tried(copy, room, TestOrder(costs, kills[mutant.path]), TIMES * clean.seconds + TIMES)
        (copy / mutant.path).write_text(texts[mutant.path], encoding="utf-8")
        if end.by:
            kills[mutant.path][end.by] += 1
        survivors += [] if end.noticed else [mutant]
        said = f"noticed by {end.by.rpartition('::')[2]}" if end.noticed else "SURVIVES"
        print(f"{name} {number}/{len(taken)} of {len(every)}: {mutant.name} line {mutant.line}: {mutant.change}:"
              f" {said} [{end.seconds:.1f} s]", flush=True)  # fmt: skip
    return len(taken), survivors


def interval(noticed_ones: int, tried: int) -> tuple[float, float]:
    """95 % limits of the share of all mutants that are noticed, from a sample (Wilson)."""
    z, share = 1.96, noticed_ones / tried
    middle, half = (
        share + z * z / (2 * tried),
        z * math.sqrt(share * (1 - share) / tried + (z / (2 * tried)) ** 2),
    )
    return (middle - half) / (1 + z * z / tried), (middle + half) / (1 + z * z / tried)


def judged(room: str, chosen: Callable[[list[Mutant]], list[Mutant]], copy: Path) -> int:
    """Try a room and tell its share; 1 if too few of its mutants are noticed."""
    number, survivors = try_room(room, chosen, copy)
    without_reason = [mutant for mutant in survivors if mutant.name not in explained()]
    counted = number - len(survivors) + len(without_reason)
    if not counted:
        return 0
    share = 1 - len(without_reason) / counted
    low, high = interval(counted - len(without_reason), counted)
    print(f"{room}: {number} tried, {number - len(survivors)} noticed, {number - counted} survive with a reason,"
          f" {len(without_reason)} without: {share:.0%} (95 %: {low:.0%} to {high:.0%})",
          flush=True)  # fmt: skip
    return int(share < ENOUGH)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("rooms", nargs="*", default=list(ROOMS), help=f"of {', '.join(ROOMS)}")
    parser.add_argument(
        "--sample",
        type=int,
        metavar="N",
        help="mutants to try of each room, of those that count [default: all]",
    )
    parser.add_argument("--seed", type=int, default=20261125)
    parser.add_argument("--only", nargs="+", metavar="NAME", help="these mutants, as the program names them")
    given = parser.parse_args()

    def chosen(every: list[Mutant]) -> list[Mutant]:
        if given.only:
            return [mutant for mutant in every if mutant.name in given.only]
        if given.sample is None:
            return every
        counting = [mutant for mutant in every if mutant.name not in explained()]
        return random.Random(given.seed).sample(counting, min(given.sample, len(counting)))

    warm_up()
    failed = False
    with tempfile.TemporaryDirectory(prefix="mutation-") as folder:
        copy = Path(folder)
        skipped = shutil.ignore_patterns("__pycache__", "*.egg-info")
        for name in ("src", "data_contracts", "pipelines"):
            shutil.copytree(ROOT / name, copy / name, ignore=skipped)
        for room in given.rooms:
            child = os.fork()  # what one room imports must not stay for the next
            if not child:
                code = 1
                try:
                    code = judged(room, chosen, copy)
                finally:
                    os._exit(code)
            failed |= os.waitpid(child, 0)[1] != 0
    sys.exit(failed)


if __name__ == "__main__":
    main()
