"""The practice's key sheet: which of its own numbers stands behind each reference.

It never leaves the practice. Made by the practice from a key derived for it alone, or for it by the site
(docs/decisions.md §57).
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pandas as pd

from copd_strat.errors import IdentifiableDataError, InputError, OutputError
from copd_strat.lists.cells import texts
from copd_strat.lists.identifying_text import is_nhs_number
from copd_strat.lists.list_columns import REFERENCE, ListColumn
from copd_strat.lists.print_sheets import Sheet
from copd_strat.lists.returned_files import text_lines
from copd_strat.lists.workbook import Page, write_workbook
from copd_strat.pathways.sentences import date_in_words_of

LINK_COLUMNS = ("patient_id", "local_id")
# One ten-digit number in eleven passes the check digit by chance: five such chances in a row are none.
_MIN_TEN_DIGIT, _MAX_SHARE = 5, 0.5

_LOCAL = ListColumn(name="local_id", heading="Your number", meaning="the practice's own number", width=26)
_NOTE = ListColumn(name="note", heading="Note", meaning="what to look out for", width=60)


def read_link(path: Path) -> pd.DataFrame:
    """The practice's table of ``patient_id`` (as in the extract) and ``local_id``, and ``practice_id`` where
    it covers several; other columns are not read. Texts, blanks trimmed.

    InputError if columns are missing or an id is given twice; IdentifiableDataError if the numbers are NHS
    numbers.
    """
    try:
        header, *lines = text_lines(path)
    except (OSError, ValueError, csv.Error) as error:
        raise InputError(f"{path}: cannot be read ({type(error).__name__})", fix="give a CSV file") from None
    names = [str(name).strip().lower() for name in header]
    lacking = [name for name in LINK_COLUMNS if name not in names]
    if lacking:
        raise InputError(
            f"{path}: column {', '.join(lacking)} is missing",
            fix="give patient_id as the extract has it, and local_id as your clinical system searches for it",
        )
    wanted = [name for name in (*LINK_COLUMNS, "practice_id") if name in names]
    rows = [
        [line[names.index(n)].strip() if names.index(n) < len(line) else "" for n in wanted] for line in lines
    ]
    link = pd.DataFrame(rows, columns=wanted, dtype="object")
    link = link[(link["patient_id"] != "") & (link["local_id"] != "")].reset_index(drop=True)
    _refuse_nhs_numbers(link, path)
    keys = [name for name in ("practice_id", "patient_id") if name in link]
    if link.duplicated(keys).any():
        raise InputError(f"{path}: a patient_id stands on more than one line", fix="keep one line a person")
    return link


def _refuse_nhs_numbers(link: pd.DataFrame, path: Path) -> None:
    for name in LINK_COLUMNS:
        ten = [
            text
            for text in link[name]
            if len(text.replace(" ", "").replace("-", "")) == 10 and text[0].isdigit()
        ]
        passing = sum(map(is_nhs_number, ten))
        if (
            passing
            and passing > _MAX_SHARE * len(ten)
            and (len(ten) >= _MIN_TEN_DIGIT or passing == len(link))
        ):
            raise IdentifiableDataError(
                f"{path}: column {name} holds NHS numbers",
                fix="use the practice's local number, and the extract's pseudonym; this program puts an NHS"
                " number on no sheet",
            )


def write_key_sheet(
    path: Path, practice_id: str, link: pd.DataFrame, references: pd.Series[str], made_on: date
) -> None:
    """One printable workbook: by reference, and again by the practice's own number."""
    table = pd.DataFrame(
        {
            "patient_ref": references.to_numpy(),
            "local_id": texts(link["local_id"]),
            "note": ["" if len(ref) == _USUAL else _LONGER for ref in references],
        }
    )
    columns = (REFERENCE, _LOCAL, _NOTE)
    sheets = [
        Sheet(title=title, columns=order, frame=table.sort_values([order[0].name, order[1].name]), frozen=1)
        for title, order in (("By reference", columns), ("By your number", (_LOCAL, REFERENCE, _NOTE)))
    ]
    page = Page(
        heading=f"Key sheet of {practice_id}, made on {date_in_words_of(made_on)}",
        footer="Confidential. It stays in the practice: never send it with a list",
        made_on=made_on,
        properties="key sheet",
    )
    write_workbook(path, sheets, _KEY, page)


_USUAL = len("CP-XXXX-XXXX-X")
_LONGER = "shares its first letters with another person: compare the whole reference"
_KEY = [
    ("Key sheet", "which of your own numbers stands behind each reference on your COPD lists"),
    ("Keep it", "in the practice, where your records are kept; never send it with a list"),
    ("Renew it", "when people join, or when the site says that the references have changed"),
]


def outside_output(folder: Path, root: Path | None = None) -> Path:
    """``folder``, if it lies neither in ``root`` nor in any other run's output.

    OutputError otherwise: who may read lists must not find there whom they are about.
    """
    for place in (folder.resolve(), *folder.resolve().parents):
        if (place / "CURRENT.json").exists() or (root is not None and place == root.resolve()):
            raise OutputError(
                f"{folder}: lies inside the output of runs",
                fix="write it to a folder of its own, which only the practice can read",
            )
    return folder


References = Callable[[pd.DataFrame], "pd.Series[str]"]


def write_key_sheets(folder: Path, link: pd.DataFrame, make: References, made_on: date) -> list[Path]:
    """``<practice>_key_sheet.xlsx`` for every practice of ``link`` (columns practice_id, patient_id and
    local_id); ``make`` gives the references of its rows."""
    outside_output(folder).mkdir(parents=True, exist_ok=True)
    references = make(link)
    written = []
    for practice_id, own in link.groupby("practice_id", sort=True):
        path = folder / f"{practice_id}_key_sheet.xlsx"
        write_key_sheet(path, str(practice_id), own, references[own.index], made_on)
        written.append(path)
    return written
