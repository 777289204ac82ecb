"""Errors a person can fix, each with its own exit code.

    CopdStratError
    ├── RequestError             2  what was asked for is not there: a run, a reference, a line, a date
    ├── ConfigError             10  the configuration or the policy is wrong
    ├── InputError              11  an extract is missing or cannot be read
    ├── ContractError           12  an extract breaks its contract beyond the threshold
    ├── RunGuardError           13  tonight's data differ too much from the last run, or are stale
    ├── DisclosureError         14  a hidden count could be worked out
    ├── ModelError              15  model and data do not fit each other
    ├── IdentifiableDataError   16  identifiable data, or data of people who opted out
    ├── LockError               17  another run holds the lock
    ├── OutputError             18  an output cannot be written
    └── ApprovalError           19  the approval has expired or is missing

Exit codes besides these: 0 published, 2 also of usage (click), 70 a bug; 129, 130 and 143 stopped by a signal
(hang-up, interrupt, termination).

A message says what is wrong, where (file, line, column or key) and how to fix it.
It never holds a value of a patient's record.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import ClassVar

BUG_EXIT_CODE = 70


class Stopped(BaseException):
    """A person or the machine asked the program to end (SIGINT, SIGTERM, SIGHUP); exit 128 + ``number``.

    Not an Exception, so that nothing between the signal and the terminal takes it for a failure of its own.
    ``asked`` is the one that the signal's handler raised, since not every library keeps it in what it makes of it.
    """

    asked: ClassVar[Stopped | None] = None

    def __init__(self, number: int) -> None:
        self.number = number
        super().__init__(number)


def stop_behind(error: BaseException | None) -> Stopped | None:
    """The signal that an error came from: libraries turn what a handler raises into errors of their own."""
    while error is not None and not isinstance(error, Stopped):
        error = error.__cause__ or error.__context__
    return error or Stopped.asked


class CopdStratError(Exception):
    """Root of all errors a user can fix: shown without a traceback.

    ``page`` is the verdict's page of the night that the error ended, ``then`` the command to give once it is
    fixed; both are None where there is none.
    """

    exit_code: ClassVar[int]
    page: Path | None = None
    then: str | None = None

    def __init__(self, problem: str, *, fix: str | None = None) -> None:
        self.problem = problem
        self.fix = fix
        super().__init__(problem if fix is None else f"{problem}\n  Fix: {fix}")


class RequestError(CopdStratError):
    """A command that is none, or that asks for what is not there: a run, a reference, a line, a date."""

    exit_code = 2


class ConfigError(CopdStratError):
    """The configuration, a policy or a code list file is wrong."""

    exit_code = 10


class InputError(CopdStratError):
    """An extract is missing or cannot be read at all."""

    exit_code = 11


def of_another_version(problem: str) -> InputError:
    """What an earlier run left lacks something that this program needs: a program of another version wrote it."""
    return InputError(
        f"{problem}: a program of another version wrote it",
        fix="use that version here, or make it again with this one: a back-test by its command, runs in a new"
        " output folder",
    )


class ContractError(CopdStratError):
    """An extract or a table breaks its data contract beyond the contract's threshold."""

    exit_code = 12


class RunGuardError(CopdStratError):
    """Tonight's data are stale, or too different from the last good run."""

    exit_code = 13


class DisclosureError(CopdStratError):
    """A hidden count could be recovered from what would be published."""

    exit_code = 14


class ModelError(CopdStratError):
    """A model's predictors and the data do not fit each other."""

    exit_code = 15


class IdentifiableDataError(CopdStratError):
    """Identifiable data, or records of people who opted out, are in an extract."""

    exit_code = 16


def unwritten(error: OSError, where: Path) -> str:
    """Why something below ``where`` cannot be written: the system's reason and what its disk has free.

    A library's own OSError may have no reason: then its text, which may hold a value, gives way to its name.
    """
    reason = error.strerror or (os.strerror(error.errno) if error.errno else type(error).__name__)
    there = next((path for path in (where, *where.absolute().parents) if path.exists()), None)
    free = f"; its disk has {shutil.disk_usage(there).free / 1e6:,.0f} MB free" if there else ""
    return f"{reason}{free}"


class LockError(CopdStratError):
    """Another run holds the output folder's lock."""

    exit_code = 17


class OutputError(CopdStratError):
    """An output cannot be written (permission, disk space)."""

    exit_code = 18


class ApprovalError(CopdStratError):
    """The approval to process the data has expired or is missing."""

    exit_code = 19
