"""A small sample of what ``make fuzz``, ``kills``, ``damage`` and ``nights`` try; and proofs that they can fail."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import fuzz
import pytest

from copd_strat.errors import InputError

HERE = Path(__file__).parent


def program(name: str, *options: str) -> str:
    """What a program of this folder says; it must find nothing wrong."""
    done = subprocess.run(
        [sys.executable, str(HERE / f"{name}.py"), *options],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(map(str, (HERE.parents[1] / "src", HERE.parent)))},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_mutated_inputs_are_taken_or_refused() -> None:
    assert "120  inputs; 0 wrong" in program("fuzz", "--inputs", "120", "--seed", "7")


@pytest.mark.needs_compiler
def test_a_killed_night_and_a_failing_disk_leave_a_whole_run() -> None:
    said = program("kills", "--images", "400", "--kills", "1", "--faults", "2")
    assert said.splitlines()[-1].split() == ["wrong", "0"]


def test_a_damaged_run_is_never_used_unnoticed() -> None:
    said = program("damage", "--every", "100")
    assert "runs verify: refused" in said


@pytest.mark.slow  # every key and column has its test in tests/functional/test_functional_older_runs.py
def test_a_night_on_an_older_programs_run_is_refused_or_published() -> None:
    assert program("older", "--every", "400").splitlines()[-1].endswith("; 0 wrong")


@pytest.mark.slow  # a repeated night is compared byte by byte in tests/functional/test_functional_night.py
def test_the_same_people_sent_in_another_way_are_placed_alike() -> None:
    said = program("nights", "Parquet", "no network")
    assert [line.split()[-2:] for line in said.splitlines() if "NOT RUN" not in line] == [["the", "same"]] * 2


def _refuses(_rng: random.Random, _folder: Path) -> str:
    raise InputError("refused")


def _fails(_rng: random.Random, _folder: Path) -> str:
    raise ZeroDivisionError


def _ends(_rng: random.Random, _folder: Path) -> str:
    os._exit(3)


def _hangs(_rng: random.Random, _folder: Path) -> str:
    time.sleep(3600)
    return "never"


@pytest.mark.parametrize(
    ("reader", "wrong"),
    [(_refuses, ""), (_fails, "ZeroDivisionError"), (_ends, "ends the process (3)"), (_hangs, "hangs")],
)
def test_the_fuzzer_sees_a_traceback_a_crash_and_a_hang(
    monkeypatch: pytest.MonkeyPatch, reader: object, wrong: str
) -> None:
    monkeypatch.setattr(fuzz, "READERS", (fuzz.Reader(reader, 1),))
    monkeypatch.setattr(fuzz, "SLOWEST", 5)
    found = list(fuzz._in_child(1, [1, 2]))
    assert [number for number, *_ in found] == [1, 2]
    assert all(wrong in fault if wrong else fault == "" for _, _, fault in found)
