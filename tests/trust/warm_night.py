"""Nights in forked processes: everything is imported once, so that hundreds of nights are affordable.

To be used from a program of its own, never from within pytest: what has threads must not be forked.
"""

from __future__ import annotations

import copy
import ctypes
import functools
import os
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from copd_strat.quality.gx_runner import SuiteOutcome

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
KINDS = "owstruml"


@dataclass(frozen=True)
class Ended:
    """How a night ended: its exit code (less than 0 for a signal), and everything that it said."""

    code: int
    log: str


def with_file_faults(build: Path) -> None:
    """Start this program again with the library of file faults before the C library, unless it runs so."""
    library = build / "file_faults.so"
    if os.environ.get("LD_PRELOAD") == str(library):
        return
    build.mkdir(parents=True, exist_ok=True)
    source = HERE / "file_faults.c"
    subprocess.run(["cc", "-O1", "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
    os.environ["LD_PRELOAD"] = str(library)
    os.execv(sys.executable, [sys.executable, *sys.argv])


def arm(
    root: Path,
    how: str,
    at: int = 0,
    *,
    kinds: str = KINDS,
    error: int = 0,
    lasts: bool = False,
    log: int = -1,
) -> None:
    """Count operations on files below ``root``, and ``kill`` this process or ``fail`` at the ``at``-th."""
    modes = {"count": 1, "kill": 2, "fail": 3, "stop": 4}
    faults = ctypes.CDLL(None).faults_arm
    faults(os.fsencode(root), modes[how], ctypes.c_long(at), kinds.encode(), error, int(lasts), log)


def warm_up() -> None:
    """Import what a night imports, and read what comes with the program, in the parent of all nights.

    The work of Great Expectations and the control people are left out: they take two thirds of a small night, the
    first touches no file, the second none but in a staged folder of its own. The functional tests stop and kill
    nights with both.
    """
    import openpyxl  # noqa: F401
    import scipy.stats  # noqa: F401
    import xlsxwriter  # noqa: F401

    import copd_strat.cli
    import copd_strat.run
    import copd_strat.synthetic  # noqa: F401
    from copd_strat import control_people
    from copd_strat.checks.expectations import expectations
    from copd_strat.contracts import contract_files
    from copd_strat.contracts.own_tables import own_tables
    from copd_strat.extracts import ingest
    from copd_strat.pathways import policy_files
    from copd_strat.publish.content import code_hash
    from copd_strat.quality import gate, sample
    from copd_strat.risk.models import accept, interpolation

    expectations()
    code_hash()
    for layout in ("published", "internal"):
        own_tables(layout)
    for part in ("severe", "non_severe"):
        interpolation._series(accept.engine("full").effects, part)
    policy_files.read_yaml = _remembered(policy_files.read_yaml)
    policy_files.load_policy("risk_and_rules")
    ingest.load_contracts = functools.cache(contract_files.load_contracts)
    for layout in ("native", "published", "internal"):
        ingest.load_contracts(contract_files.packaged(), layout)
    gate.run_suite = sample.run_suite = _sound
    control_people.departures = lambda _work: []


def _remembered(read: Callable[[Path], dict[str, Any]]) -> Callable[[Path], dict[str, Any]]:
    known = functools.cache(read)
    return lambda path: copy.deepcopy(known(path))


def _sound(frame: pd.DataFrame, suite: Iterable[Any]) -> list[SuiteOutcome]:
    found, none = (each.meta for each in suite), {"breaking": 0, "rows": len(frame), "share": 0.0}
    outcomes = (
        SuiteOutcome(code=meta["code"], level=meta["level"], success=True, observed=none) for meta in found
    )
    return sorted(outcomes, key=lambda outcome: (outcome.code, outcome.level))


def forked(work: Callable[[], object]) -> int:
    """Do ``work`` in a process of its own, so that this one stays without threads; its exit code."""
    child = os.fork()
    if not child:
        code = 1
        try:
            work()
            code = 0
        except BaseException:  # noqa: BLE001 - whatever it was, the parent is to see it
            traceback.print_exc()
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def start(arguments: list[str], log: Path, before: Callable[[], object] = lambda: None) -> int:
    """Fork a process that runs the command line with ``arguments``; ``before`` is called in it. Its id."""
    child = os.fork()
    if child:
        return child
    code = 70
    try:
        descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(descriptor, 1)
        os.dup2(descriptor, 2)
        from copd_strat.cli import main

        sys.argv = ["copd-strat", *arguments]
        before()
        main()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
    except BaseException:  # noqa: BLE001 - whatever it was, the parent is to see it
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def ended(child: int, log: Path) -> Ended:
    """Wait for a night's end."""
    _, status = os.waitpid(child, 0)
    return Ended(os.waitstatus_to_exitcode(status), log.read_text(encoding="utf-8", errors="replace"))


def called(arguments: list[str], log: Path, before: Callable[[], object] = lambda: None) -> Ended:
    return ended(start(arguments, log, before), log)
