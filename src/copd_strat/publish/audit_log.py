"""Who did what to an output folder, when, and which run stood before and after: one line each, never rewritten.

Every line holds the SHA-256 of the line before it, so that a line that was changed or taken away is noticed. It
names people who ran the program and runs, never a patient.
"""

from __future__ import annotations

import getpass
import hashlib
import json
import os
import platform
from datetime import UTC, datetime
from pathlib import Path

NAME = "audit.jsonl"


def append(root: Path, what: str, standing: dict[str, str] | None) -> None:
    """One line: the time (UTC), the user and machine, ``what``, and the run that stands with its manifest's hash.

    OSError if it cannot be written: nothing is to be done to the folder unrecorded.
    """
    path = root / NAME
    lines = _lines(path)
    line = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "who": f"{_user()}@{platform.node()}",
        "process": os.getpid(),
        "what": what,
        "standing": standing,
        "before": _digest(lines[-1]) if lines else None,
    }
    text = json.dumps(line, ensure_ascii=False) + "\n"
    if path.exists() and not path.read_bytes().endswith(b"\n"):
        text = "\n" + text  # the last line was cut off by a kill or a full disk; it stays as it is
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o640)
    try:
        os.write(descriptor, text.encode())
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def first_changed(root: Path) -> int | None:
    """The number of the first line that does not follow from the one before it; None if all do."""
    before = None
    for number, line in enumerate(_lines(root / NAME), start=1):
        try:
            follows = json.loads(line)["before"] == before
        except (ValueError, KeyError, TypeError):
            follows = True  # cut off while it was written: the next line knows it
        if not follows:
            return number
        before = _digest(line)
    return None


def _lines(path: Path) -> list[bytes]:
    return path.read_bytes().splitlines() if path.exists() else []


def _digest(line: bytes) -> str:
    return hashlib.sha256(line).hexdigest()


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())  # a user whom the machine has no name for, as in a container
