"""Lists that practices filled in and sent back, as rows of the canonical ``decisions`` table."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from pathlib import Path
from zipfile import BadZipFile

import pandas as pd

from copd_strat.errors import InputError
from copd_strat.pathways.feedback import DECISION_COLUMNS

_WANTED = ("practice_id", "patient_ref", "run_id", "clinician_decision", "decision_reason", "decided_on")
# a spreadsheet in British settings saves dates as 31/03/2026
_DATE_FORMS = ("%Y-%m-%d", "%d/%m/%Y")

Row = list[object]


def lists_in(paths: Iterable[Path]) -> list[Path]:
    """The lists among ``paths``: files as they are; of folders every CSV and workbook below, but for lists of
    changes (which ask nothing) and what a spreadsheet keeps while a file is open (``~$``).
    """
    found: set[Path] = set()
    for path in paths:
        if path.is_dir():
            below = (file for ending in ("csv", "xlsx") for file in path.rglob(f"*.{ending}"))
            found |= {f for f in below if not f.stem.endswith("_changes") and not f.name.startswith("~$")}
        else:
            found.add(path)
    return sorted(found)


def returned_decisions(paths: Iterable[Path]) -> pd.DataFrame:
    """The lines with a decision, columns as in DECISION_COLUMNS; not yet checked (``validate_decisions``
    does).

    InputError if a file is not one of our lists. A date that cannot be read stays missing.
    """
    rows = [row for path in sorted(paths) for row in _decided(path)]
    return pd.DataFrame(rows, columns=list(DECISION_COLUMNS))


def _decided(path: Path) -> Iterator[tuple[str | date | None, ...]]:
    lines = _workbook(path) if path.suffix.lower() == ".xlsx" else _csv(path)
    header = [str(name) for name in next(lines, [])]
    lacking = set(_WANTED) - set(header)
    if lacking:
        raise InputError(
            f"{path}: not a returned list, it lacks {', '.join(sorted(lacking))}",
            fix="return the list with all its columns",
        )
    places = [header.index(name) for name in _WANTED]
    for line in lines:
        cells = [line[place] if place < len(line) else None for place in places]
        practice, reference, run, decision, reason, decided = cells
        if _text(decision):
            yield (
                _text(practice), _text(reference), _text(run), _text(decision), _text(reason) or None,
                _date_of(decided),
            )  # fmt: skip


def _csv(path: Path) -> Iterator[Row]:
    for line in csv.reader(_text_of(path).splitlines()):
        yield list(line)


def _workbook(path: Path) -> Iterator[Row]:
    """The first sheet; the second one is the read-me."""
    try:
        cells = pd.read_excel(path, header=None, dtype=object, keep_default_na=False, engine="openpyxl")
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    except (BadZipFile, KeyError, ValueError):
        raise InputError(
            f"{path}: not a workbook that can be read", fix="return it as it was sent, or as CSV"
        ) from None
    yield from cells.to_numpy().tolist()


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


def _text(cell: object) -> str:
    return "" if cell is None else str(cell).strip()


def _date_of(cell: object) -> date | None:
    if isinstance(cell, datetime):
        return cell.date()
    for form in _DATE_FORMS:
        try:
            return datetime.strptime(_text(cell), form).date()
        except ValueError:
            continue
    return None
