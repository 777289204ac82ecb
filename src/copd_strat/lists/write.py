"""All practices' lists: one folder a practice with its own patients only, counted back from the files."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from copd_strat.errors import OutputError
from copd_strat.lists.cells import safe_text
from copd_strat.lists.list_columns import LISTS, change_table, columns_of, tier_table
from copd_strat.lists.list_files import list_name, write_csv, write_xlsx
from copd_strat.lists.readme import readme_lines
from copd_strat.pathways.policy import LISTED
from copd_strat.plan import RunStamp

ODS_PRACTICE = r"[A-Z][0-9A-Z]{4,5}"
_SAFE_FOLDER = re.compile(r"[A-Za-z0-9]{1,20}")
# names that Windows keeps for devices
_RESERVED = re.compile(r"(?i:con|prn|aux|nul|com[0-9]|lpt[0-9])")


@dataclass(frozen=True, kw_only=True)
class ListFile:
    """One written file: its practice, which list, and how many patients are on it."""

    path: Path
    practice_id: str
    name: str
    rows: int


def write_lists(
    root: Path,
    patients: pd.DataFrame,
    changes: pd.DataFrame,
    organisations: pd.DataFrame,
    stamp: RunStamp,
    *,
    practice_pattern: str = ODS_PRACTICE,
) -> list[ListFile]:
    """Write ``root/direct_care/<practice>/<practice>_<run date>_<list>.csv`` and ``.xlsx`` for every
    practice.

    ``patients`` and ``changes`` are an Assignment's; ``organisations`` (practice_id, practice_name) are the
    practices of this run: one without patients still gets its files, with a header only. OutputError if a
    practice code does not match ``practice_pattern`` or cannot name a folder, or if the files read back do
    not hold each listed patient once.
    """
    practices = _practices(patients, changes, organisations, practice_pattern)
    tables = {name: tier_table(patients, name, stamp) for name in LISTED}
    tables["changes"] = change_table(changes, stamp)
    parts = {name: dict(iter(table.groupby("practice_id", sort=False))) for name, table in tables.items()}
    silent = patients.loc[patients["disposition"] == "not_listed", "practice_id"].value_counts()
    written: list[ListFile] = []
    for practice_id, practice_name in practices.items():
        own = {name: parts[name].get(practice_id, tables[name].head(0)) for name in LISTS}
        rows = {name: len(table) for name, table in own.items()}
        readme = readme_lines(practice_id, practice_name, stamp, rows, int(silent.get(practice_id, 0)))
        written += _write_practice(root / "direct_care" / practice_id, practice_id, own, readme, stamp)
    reconcile(written, patients)
    return written


def _practices(
    patients: pd.DataFrame, changes: pd.DataFrame, organisations: pd.DataFrame, pattern: str
) -> dict[str, str]:
    """Code and name of every practice that gets a folder, sorted by code."""
    named = organisations.drop_duplicates("practice_id").set_index("practice_id")["practice_name"]
    codes = {
        str(code) for frame in (patients, changes, organisations) for code in frame["practice_id"].unique()
    }
    allowed = re.compile(pattern)
    bad = [
        c for c in codes if not (allowed.fullmatch(c) and _SAFE_FOLDER.fullmatch(c)) or _RESERVED.fullmatch(c)
    ]
    if bad or len({code.casefold() for code in codes}) < len(codes):
        raise OutputError(
            f"practice_id: {max(len(bad), 1)} practice code(s) cannot name a folder (pattern {pattern})",
            fix="correct practice_id in the extract, or the pattern in the layout's contract",
        )
    names = named.dropna().to_dict()
    return {code: safe_text(str(names.get(code, ""))) for code in sorted(codes)}


def _write_practice(
    folder: Path, practice_id: str, own: dict[str, pd.DataFrame], readme: list[str], stamp: RunStamp
) -> Iterator[ListFile]:
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in own.items():
        stem = folder / list_name(practice_id, stamp.as_of, name)
        write_csv(stem.with_suffix(".csv"), table)
        write_xlsx(stem.with_suffix(".xlsx"), name, table, columns_of(name, stamp), readme, stamp)
        for suffix in (".csv", ".xlsx"):
            yield ListFile(path=stem.with_suffix(suffix), practice_id=practice_id, name=name, rows=len(table))
    note = folder / f"{list_name(practice_id, stamp.as_of, 'READ_ME')}.txt"
    note.write_text("\r\n".join([*readme, ""]), encoding="utf-8-sig", newline="")
    yield ListFile(path=note, practice_id=practice_id, name="read_me", rows=0)


def reconcile(written: list[ListFile], patients: pd.DataFrame) -> None:
    """Read the CSV lists back: every listed patient on exactly one list of the own practice, and nobody else.

    OutputError otherwise: nothing may be published then.
    """
    found = [
        (file.practice_id, file.name, reference)
        for file in written
        if file.name in LISTED and file.path.suffix == ".csv"
        for reference in _references(file)
    ]
    listed = patients[patients["disposition"].isin(LISTED)]
    columns = [listed[name].astype(object) for name in ("practice_id", "disposition", "patient_ref")]
    expected = list(zip(*columns, strict=True))
    pairs = {(practice, reference) for practice, _, reference in found}
    if sorted(found) != sorted(expected) or len(pairs) != len(found):
        raise OutputError(
            f"the lists hold {len(found)} lines, but {len(expected)} patients belong on them, each once",
            fix="this is a fault of the program: nothing was published; please report it",
        )


def _references(file: ListFile) -> Iterator[str]:
    with file.path.open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.DictReader(stream)
        for line in reader:
            if line["practice_id"] != file.practice_id:
                raise OutputError(f"{file.path}: holds a patient of another practice")
            yield line["patient_ref"]
