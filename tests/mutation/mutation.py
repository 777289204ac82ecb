"""Mutation testing: would the tests notice if the program were a little wrong?

Each room's files are changed in one place at a time, in a copy of the program, and the room's tests are run on it.
A mutant that no test notices survives. survivors.md gives reasons why some of them may: they are the same program,
or differ where nobody can see it. Of all others nine in ten must be noticed, or this program fails. A seeded
sample of a room's mutants is tried, or all.

    make mutation MUTATION="spells --sample 60"
"""

from __future__ import annotations

import argparse
import math
import os
import random
import re
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mutants import Mutant, as_it_is, mutants_of

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PROGRAM = Path("src") / "copd_strat"
SURVIVORS = HERE / "survivors.md"
ENOUGH, LONGEST = 0.9, 300  # share of mutants to be noticed; processor seconds for a mutant


@dataclass(frozen=True, kw_only=True)
class Room:
    """Files below the program, and the tests that are to notice: runs of tests, the quickest first."""

    files: tuple[str, ...]
    tests: tuple[str, ...]


_OF_NUMBERS = (
    "test_rounding_is_the_rule_s",
    "test_one_to_seven_are_hidden_and_a_true_zero_is_shown",
    "test_bounds_of_a_shown_number_hold_exactly_the_counts_that_give_it",
    "test_limits_are_the_published_ones",
)
_OF_FEW_CELLS = (
    "test_totals_leak_without_the_proof",
    "test_what_is_safe_already_loses_nothing",
    "test_nothing_is_published_if_the_proof_fails_in_the_end",
    "test_zeros_tell_profiles_without_the_limit_on_small_totals",
    "test_places_tell_a_practice_s_clinic_tier_without_their_control",
    "test_a_window_s_parts_tell_hidden_months_without_their_control",
    "test_a_revision_is_proved_together_with_the_first_figures",
    "test_once_hidden_a_count_stays_hidden_and_a_network_that_would_hide_more_gets_no_revision",
)
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
            )
        ),
        tests=(*_CLINICAL_TESTS, "tests/clinical/test_clinical_cases.py"),
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
            " ".join(f"tests/outputs/test_outputs_published.py::{name}" for name in _OF_NUMBERS)
            + " tests/outputs/test_outputs_history.py::test_a_month_closes_when_its_last_day_is_complete "
            + " ".join(f"tests/disclosure/test_disclosure_sums.py::{name}" for name in _OF_FEW_CELLS),
            "tests/outputs/test_outputs_history.py",
            "tests/disclosure",
            "tests/outputs/test_outputs_published.py",
        ),
    ),
}


def warm_up() -> None:
    """Import what the tests import, but for the program itself, in the parent of all trials."""
    import great_expectations  # noqa: F401
    import hypothesis  # noqa: F401
    import openpyxl  # noqa: F401
    import pytest  # noqa: F401
    import scipy.optimize
    import scipy.stats  # noqa: F401
    import xlsxwriter  # noqa: F401


def noticed(copy: Path, tests: tuple[str, ...]) -> bool:
    """Whether one of ``tests`` fails with the program in ``copy``; they run one after the other."""
    for test in tests:
        child = os.fork()
        if not child:
            _run_tests(copy, test)
        status = os.waitpid(child, 0)[1]
        if status:
            return True
    return False


def _run_tests(copy: Path, test: str) -> None:
    code = 1
    try:
        resource.setrlimit(resource.RLIMIT_CPU, (LONGEST, LONGEST))
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 1)
        os.dup2(null, 2)
        sys.path.insert(0, str(copy / "src"))
        os.environ["PYTHONPATH"] = str(copy / "src")
        sys.dont_write_bytecode = True
        import pytest

        options = ["-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-W", "ignore"]
        options += ["-m", "not slow"]
        code = int(pytest.main([*options, *(str(ROOT / one) for one in test.split())]))
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
    if noticed(copy, room.tests):
        sys.exit(f"{name}: its tests fail without any mutant")
    for path, text in texts.items():
        (copy / path).write_text(text, encoding="utf-8")
    every = [mutant for path in paths for mutant in mutants_of(ROOT, path)]
    taken = chosen(every)
    survivors = []
    for number, mutant in enumerate(taken, start=1):
        began = time.perf_counter()
        (copy / mutant.path).write_text(mutant.text, encoding="utf-8")
        survives = not noticed(copy, room.tests)
        (copy / mutant.path).write_text(texts[mutant.path], encoding="utf-8")
        said = "SURVIVES" if survives else "noticed"
        took = time.perf_counter() - began
        where = f"{name} {number}/{len(taken)} of {len(every)}"
        print(f"{where}: {said} {mutant.name} line {mutant.line}: {mutant.change} [{took:.0f} s]",
              flush=True)  # fmt: skip
        survivors += [mutant] if survives else []
    return len(taken), survivors


def interval(noticed_ones: int, tried: int) -> tuple[float, float]:
    """95 % limits of the share of all mutants that are noticed, from a sample (Wilson)."""
    z, share = 1.96, noticed_ones / tried
    middle, half = (
        share + z * z / (2 * tried),
        z * math.sqrt(share * (1 - share) / tried + (z / (2 * tried)) ** 2),
    )
    return (middle - half) / (1 + z * z / tried), (middle + half) / (1 + z * z / tried)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("rooms", nargs="*", default=list(ROOMS), help=f"of {', '.join(ROOMS)}")
    parser.add_argument("--sample", type=int, metavar="N", help="mutants to try of each room [default: all]")
    parser.add_argument("--seed", type=int, default=20261125)
    parser.add_argument("--only", nargs="+", metavar="NAME", help="these mutants, as the program names them")
    given = parser.parse_args()

    def chosen(every: list[Mutant]) -> list[Mutant]:
        if given.only:
            return [mutant for mutant in every if mutant.name in given.only]
        return (
            every
            if given.sample is None
            else random.Random(given.seed).sample(every, min(given.sample, len(every)))
        )

    warm_up()
    failed = False
    with tempfile.TemporaryDirectory(prefix="mutation-") as folder:
        copy = Path(folder)
        skipped = shutil.ignore_patterns("__pycache__", "*.egg-info")
        for name in ("src", "data_contracts", "pipelines"):
            shutil.copytree(ROOT / name, copy / name, ignore=skipped)
        for room in given.rooms:
            tried, survivors = try_room(room, chosen, copy)
            without_reason = [mutant for mutant in survivors if mutant.name not in explained()]
            counted = tried - len(survivors) + len(without_reason)
            if not counted:
                continue
            share = 1 - len(without_reason) / counted
            low, high = interval(counted - len(without_reason), counted)
            print(f"{room}: {tried} tried, {tried - len(survivors)} noticed, {tried - counted} survive with a reason,"
                  f" {len(without_reason)} without: {share:.0%} (95 %: {low:.0%} to {high:.0%})",
                  flush=True)  # fmt: skip
            failed |= share < ENOUGH
    sys.exit(failed)


if __name__ == "__main__":
    main()
