"""All practices' lists: one folder a practice with its own patients only, counted back from the files."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from copd_strat.errors import OutputError
from copd_strat.lists.cells import safe_text
from copd_strat.lists.csv_file import list_name, write_csv
from copd_strat.lists.list_columns import LISTS, TITLES, ListColumn, csv_columns, every_column
from copd_strat.lists.list_tables import change_table, query_table, tier_table
from copd_strat.lists.print_sheets import sheets_of
from copd_strat.lists.queries import no_queries
from copd_strat.lists.read_back import KnownFacts, Line, read_lines, require_alike
from copd_strat.lists.readme import Lines, as_text, reader_key
from copd_strat.lists.workbook import Page, write_workbook
from copd_strat.pathways.changes import FIRST_NIGHT
from copd_strat.pathways.policy import LISTED
from copd_strat.pathways.sentences import date_in_words_of
from copd_strat.plan import RunStamp

ODS_PRACTICE = r"[A-Z][0-9A-Z]{4,5}"
_SAFE_FOLDER = re.compile(r"[A-Za-z0-9]{1,20}")
# names that Windows keeps for devices
_RESERVED = re.compile(r"(?i:con|prn|aux|nul|com[0-9]|lpt[0-9])")


@dataclass(frozen=True, kw_only=True)
class ListFile:
    """One written file: its practice, which list, and how many lines it has."""

    path: Path
    practice_id: str
    name: str
    rows: int


@dataclass(frozen=True, kw_only=True)
class _OwnLists:
    """What one practice gets: its tables by list, the reader's key, and the name on each page."""

    practice: str
    tables: dict[str, pd.DataFrame]
    key: Lines
    first: bool


def write_lists(
    root: Path,
    batches: Iterable[pd.DataFrame],
    changes: pd.DataFrame,
    organisations: pd.DataFrame,
    stamp: RunStamp,
    *,
    practices: Iterable[str],
    who: Mapping[str, str],
    queries: pd.DataFrame | None = None,
    identity: bool = False,
    practice_pattern: str = ODS_PRACTICE,
) -> list[ListFile]:
    """Write ``root/direct_care/<practice>/<practice>_<run date>_<list>.csv`` and ``.xlsx`` for every
    practice.

    ``batches`` of patients, each of whole practices, and ``changes`` are an Assignment's; ``practices`` are those
    of the batches. ``organisations`` (practice_id, practice_name) are the practices of this run: one without
    patients still gets its files, with a header only. ``queries`` (practice_id, patient_ref, query, please): what
    only the practice can settle. ``who``: disposition → whom the policy places there, in words.
    ``identity``: age and sex on the lists (docs/decisions.md §56). OutputError if a
    practice code does not match ``practice_pattern`` or cannot name a folder, or if the files read back do not hold
    each listed patient once.
    """
    asked = no_queries() if queries is None else queries
    codes = {
        *practices,
        *(code for frame in (changes, organisations, asked) for code in frame["practice_id"]),
    }
    names = practices_by_code(codes, organisations, practice_pattern)
    writer = _ListWriter(root / "direct_care", stamp, names, changes, asked, who, identity=identity)
    written: list[ListFile] = []
    for patients in batches:
        files = list(writer.write(patients, patients["practice_id"].unique()))
        reconcile(files, patients)
        written += files
    nobody, without = patients.head(0), names.keys() - {file.practice_id for file in written}
    files = list(writer.write(nobody, without))
    reconcile(files, nobody)
    return sorted(written + files, key=lambda file: file.practice_id)


class _ByPractice:
    """A table cut by practice."""

    def __init__(self, table: pd.DataFrame) -> None:
        self._none = table.head(0)
        self._parts = dict(iter(table.groupby("practice_id", sort=False)))

    def of(self, practice: str) -> pd.DataFrame:
        return self._parts.get(practice, self._none)


class _ListWriter:
    """Writes the lists of some practices after those of others.

    ``names``: practice → its name; ``changes`` and ``queries`` are short enough to be held for all practices.
    """

    def __init__(
        self,
        folder: Path,
        stamp: RunStamp,
        names: Mapping[str, str],
        changes: pd.DataFrame,
        queries: pd.DataFrame,
        who: Mapping[str, str],
        *,
        identity: bool,
    ) -> None:
        self._folder, self._stamp, self._names, self._who = folder, stamp, names, who
        self._columns = {name: csv_columns(name, stamp, identity=identity) for name in LISTS}
        self._for_all = {
            "changes": _ByPractice(change_table(changes, stamp, self._columns["changes"])),
            "queries": _ByPractice(query_table(queries, stamp, self._columns["queries"])),
        }
        self._first = set(changes.loc[changes["kind"] == FIRST_NIGHT, "practice_id"])

    def write(self, patients: pd.DataFrame, practices: Iterable[str]) -> Iterator[ListFile]:
        """The files of ``practices``; ``patients`` are all people of theirs, and nobody else."""
        tiers = {
            name: _ByPractice(tier_table(patients, name, self._stamp, self._columns[name])) for name in LISTED
        }
        tables = {**tiers, **self._for_all}
        silent = patients.loc[patients["disposition"] == "not_listed", "practice_id"].value_counts()
        for practice in sorted(practices):
            own = {name: tables[name].of(practice) for name in LISTS}
            yield from self._write_practice(practice, own, int(silent.get(practice, 0)))

    def _write_practice(
        self, practice_id: str, tables: dict[str, pd.DataFrame], silent: int
    ) -> Iterator[ListFile]:
        practice = ", ".join(filter(None, (practice_id, self._names[practice_id])))
        rows = {name: len(table) for name, table in tables.items()}
        key = reader_key(practice, self._stamp, rows, silent, self._columns["clinic"], self._who)
        lists = _OwnLists(practice=practice, tables=tables, key=key, first=practice_id in self._first)
        yield from _write_practice(self._folder / practice_id, practice_id, lists, self._columns, self._stamp)


def practices_by_code(codes: Iterable[str], organisations: pd.DataFrame, pattern: str) -> dict[str, str]:
    """Code and name of every practice that gets a folder, sorted by code."""
    named = organisations.drop_duplicates("practice_id").set_index("practice_id")["practice_name"]
    codes = {str(code) for code in codes}
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
    folder: Path,
    practice_id: str,
    lists: _OwnLists,
    columns: dict[str, tuple[ListColumn, ...]],
    stamp: RunStamp,
) -> Iterator[ListFile]:
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in lists.tables.items():
        stem = folder / list_name(practice_id, stamp.as_of, name)
        write_csv(stem.with_suffix(".csv"), table)
        sheets = sheets_of(name, table, columns[name], first=lists.first)
        write_workbook(stem.with_suffix(".xlsx"), sheets, lists.key, _page(name, lists.practice, stamp))
        for suffix in (".csv", ".xlsx"):
            yield ListFile(path=stem.with_suffix(suffix), practice_id=practice_id, name=name, rows=len(table))
    note = folder / f"{list_name(practice_id, stamp.as_of, 'READ_ME')}.txt"
    note.write_text(as_text(lists.key), encoding="utf-8-sig", newline="")
    yield ListFile(path=note, practice_id=practice_id, name="read_me", rows=0)


def _page(name: str, practice: str, stamp: RunStamp) -> Page:
    label = "SYNTHETIC  " if stamp.synthetic else ""
    return Page(
        heading=f"{label}{TITLES[name]} list of {practice}, data to {date_in_words_of(stamp.index_date)}",
        footer=f"{label}Supports, does not replace, clinical judgement. Run {stamp.run_id}",
        made_on=stamp.as_of,
        properties=stamp.run_id,
    )


def reconcile(written: list[ListFile], patients: pd.DataFrame) -> None:
    """Read the lists back: every listed patient on exactly one list of the own practice, with what is known of that
    patient, and nobody else; every workbook as its CSV.

    OutputError otherwise: nothing may be published then.
    """
    listed = patients[patients["disposition"].isin(LISTED)]
    read = [(file, read_lines(file.path)) for file in written if file.path.suffix == ".csv"]
    tiers = [(file, lines) for file, lines in read if file.name in LISTED]
    found = [
        (file.practice_id, file.name, reference)
        for file, lines in tiers
        for reference in _references(file, lines)
    ]
    columns = [listed[name].astype(object) for name in ("practice_id", "disposition", "patient_ref")]
    expected = list(zip(*columns, strict=True))
    pairs = {(practice, reference) for practice, _, reference in found}
    if sorted(found) != sorted(expected) or len(pairs) != len(found):
        raise OutputError(
            f"the lists hold {len(found)} lines, but {len(expected)} patients belong on them, each once",
            fix="this is a fault of the program: nothing was published; please report it",
        )
    known = KnownFacts(listed)
    for file, lines in tiers:
        known.require(file.path, lines)
    for file, lines in read:
        require_alike(file.path.with_suffix(".xlsx"), lines, every_column(file.name))


def _references(file: ListFile, lines: Sequence[Line]) -> Iterator[str]:
    for line in lines:
        if line["practice_id"] != file.practice_id:
            raise OutputError(f"{file.path}: holds a patient of another practice")
        yield line["patient_ref"]
