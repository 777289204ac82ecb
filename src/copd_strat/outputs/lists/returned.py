"""Lists that practices filled in and sent back, as rows of the canonical ``decisions`` table."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from pathlib import Path

import pandas as pd

from copd_strat.errors import InputError
from copd_strat.pathways.feedback import DECISION_COLUMNS

_WANTED = ("practice_id", "patient_ref", "run_id", "clinician_decision", "decision_reason", "decided_on")
# a spreadsheet in British settings saves dates as 31/03/2026
_DATE_FORMS = ("%Y-%m-%d", "%d/%m/%Y")


def returned_decisions(paths: Iterable[Path]) -> pd.DataFrame:
    """The lines with a decision, columns as in DECISION_COLUMNS; not yet checked (``validate_decisions``
    does).

    InputError if a file is not one of our lists. A date that cannot be read stays missing.
    """
    rows = [row for path in sorted(paths) for row in _decided(path)]
    return pd.DataFrame(rows, columns=list(DECISION_COLUMNS))


def _decided(path: Path) -> Iterator[tuple[str | date | None, ...]]:
    reader = csv.DictReader(_text_of(path).splitlines())
    lacking = set(_WANTED) - set(reader.fieldnames or ())
    if lacking:
        raise InputError(
            f"{path}: not a returned list, it lacks {', '.join(sorted(lacking))}",
            mend="return the CSV with all its columns",
        )
    for line in reader:
        if (line["clinician_decision"] or "").strip():
            practice, reference, run, decision, reason, decided = (line[name] for name in _WANTED)
            yield practice, reference, run, decision, reason or None, _date_of(decided or "")


def _text_of(path: Path) -> str:
    """UTF-8, or what a spreadsheet writes when it is not asked for UTF-8."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def _date_of(text: str) -> date | None:
    for form in _DATE_FORMS:
        try:
            return datetime.strptime(text.strip(), form).date()
        except ValueError:
            continue
    return None
