"""Look at a folder of unknown extracts: the layout its files fit, and why others do not."""

from __future__ import annotations

import difflib
import shutil
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from copd_strat.config import ExtractSource
from copd_strat.contracts.contract import Contract
from copd_strat.contracts.contract_files import load_contracts
from copd_strat.errors import InputError
from copd_strat.extracts.delta_tables import is_log, write_whole
from copd_strat.extracts.ingest import contracts_of
from copd_strat.extracts.inventory import files_of, root_of, shown
from copd_strat.extracts.layout import CARE_OF
from copd_strat.extracts.layouts import LAYOUTS
from copd_strat.extracts.source_files import ENDINGS, SourceFile, ending, find, open_file

_OTHER_KINDS = {
    "workbooks": (".xlsx", ".xlsm", ".xls", ".ods"),
    "JSON, FHIR among it,": (".json", ".ndjson", ".jsonl"),
    "XML": (".xml",),
    "files of statistics packages": (".sav", ".dta", ".sas7bdat", ".rds", ".rdata", ".feather", ".arrow"),
    "databases and their dumps": (".db", ".sqlite", ".duckdb", ".mdb", ".accdb", ".sql", ".bak"),
}
_UNTOLD = (".md", ".pdf")
# A text file's header stands in its first megabyte: enough of a zip file's member to look at.
_HEAD_BYTES = 1 << 20
# A file is near a table if it has at least this share of the columns that must be there.
_NEAR = 0.5

Tables = dict[str, Contract]


@dataclass(frozen=True, kw_only=True)
class ProposedSource:
    """A layout, the folder to give as its path, and the tables found there: name of table → names of files.

    ``care`` is what to take from it where another source supplies the rest; empty for everything.
    """

    layout: str
    folder: Path
    tables: dict[str, tuple[str, ...]]
    care: str = ""

    @property
    def files(self) -> int:
        return sum(len(names) for names in self.tables.values())

    @property
    def supplies(self) -> frozenset[str]:
        """The kinds of care of which it holds a relation whole: primary, secondary, or none."""
        feeds = (feed for feed in LAYOUTS[self.layout].feeds if set(feed.needs) <= self.tables.keys())
        return frozenset(CARE_OF[feed.relation] for feed in feeds if feed.relation in CARE_OF)


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """The sources of a night: one, or general practice and hospitals apart.

    ``unread`` are sentences, one for each file of the folder that a run would not read, with the reason.
    """

    sources: tuple[ProposedSource, ...]
    unread: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class _Fit:
    """How a file fits one table: how many columns are known, which of those it must have are missing."""

    layout: str
    table: str
    known: int
    missing: tuple[str, ...]
    needed: int
    by_name: bool


def propose(folder: Path, contracts: Path) -> Proposal:
    """The layout that fits most files of ``folder`` or of one folder in it; where that is one of general
    practice or of hospitals alone, also the layout of the folder that holds the other.

    InputError if none fits any file; it says for every file what was seen.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder", fix="give the folder that holds the extract files")
    native = load_contracts(contracts, "native")
    layouts = {
        name: contracts_of(layout, contracts, native)
        for name, layout in LAYOUTS.items()
        if (contracts / name).is_dir()
    }
    with TemporaryDirectory() as scratch:
        looked_at = _heads(folder, Path(scratch))
        chosen = _choose(looked_at, layouts)
        used = {
            source.folder / name for source in chosen for names in source.tables.values() for name in names
        }
        others = sorted(path for path in _all_files(looked_at) if path not in used)
        likely = chosen[0].layout if chosen else "native"
        seen = (_why_not(path, looked_at, layouts, likely) for path in others)
        unread = tuple(sentence for sentence in seen if sentence)
    if not chosen:
        raise InputError(
            "\n  - ".join([f"{folder}: no file fits a table of any layout", *unread]),
            fix="mend what is named above, or name the files after their tables (docs/layouts.md)",
        )
    there = [replace(source, folder=folder / source.folder.relative_to(looked_at)) for source in chosen]
    return Proposal(sources=tuple(there), unread=unread)


def look_at(source: ExtractSource, contracts: Path) -> Proposal:
    """What a run would read of a source that the configuration names, and what not; InputError where a table
    that must be there is not."""
    layout = LAYOUTS[source.layout]
    tables = contracts_of(layout, contracts, load_contracts(contracts, "native"))
    with TemporaryDirectory() as scratch:
        looked_at = _heads(source.path, Path(scratch))
        found = _tables(looked_at, tables)
        used = {looked_at / name for names in found.values() for name in names}
        others = sorted(path for path in _all_files(looked_at) if path not in used)
        seen = (_why_not(path, looked_at, {source.layout: tables}, source.layout) for path in others)
        unread = tuple(sentence for sentence in seen if sentence)
    mine = (table for table in layout.order if layout.care.get(table, source.care[0]) in source.care)
    absent = [table for table in mine if tables[table].needed and table not in found]
    if absent:
        raise InputError(
            "\n  - ".join([f"{source.path}: no file for table {', '.join(absent)}", *unread]),
            fix="add the files, or mend what is named above (docs/layouts.md)",
        )
    there = ProposedSource(layout=source.layout, folder=source.path, tables=found)
    return Proposal(sources=(there,), unread=unread)


def _choose(folder: Path, layouts: dict[str, Tables]) -> list[ProposedSource]:
    """The source with most files, and the one with most of what it lacks, in a folder beside it."""
    places = [folder, *sorted(path for path in folder.iterdir() if path.is_dir())]
    found = [
        ProposedSource(layout=name, folder=place, tables=_tables(place, tables))
        for place in places
        for name, tables in layouts.items()
    ]
    best = max(found, key=lambda source: (source.files, source.folder != folder))
    lacking = {"primary", "secondary"} - best.supplies
    if not best.files:
        return []
    beside = [
        source
        for source in found
        if lacking <= source.supplies and source.folder not in (folder, best.folder)
    ]
    if len(lacking) != 1 or not beside:
        return [best]
    both = [best, max(beside, key=lambda source: (source.files, source.layout == "native"))]
    cares = [({"primary", "secondary"} - lacking).pop(), lacking.pop()]
    sources = [replace(source, care=care) for source, care in zip(both, cares, strict=True)]
    return sorted(sources, key=lambda source: source.care)


def _all_files(folder: Path) -> Iterator[Path]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return (path for path in files if not path.name.startswith("."))


def _heads(folder: Path, target: Path) -> Path:
    """``target`` with links to the folder's files, and the heads of what its zip files hold."""
    for file in files_of(folder):
        path, name = file.path, file.path.relative_to(root_of(folder))
        if is_log(name.as_posix()) or not path.is_file():
            continue
        place = target / name
        place.parent.mkdir(parents=True, exist_ok=True)
        if file.partition:
            write_whole(file, place, head=True)
        elif path.suffix.lower() == ".zip":
            _heads_of_members(path, place.parent)
        else:
            place.symlink_to(path.resolve())
    return target


def _heads_of_members(path: Path, target: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            for member in archive.infolist():
                place = target / PurePosixPath(member.filename.replace("\\", "/")).name
                if member.is_dir() or place.exists() or ending(place) is None:
                    continue
                whole = ending(place) in (".parquet", ".csv.gz", ".tsv.gz", ".txt.gz")
                with archive.open(member) as packed, place.open("wb") as out:
                    if whole:
                        shutil.copyfileobj(packed, out)
                    else:
                        out.write(packed.read(_HEAD_BYTES))
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError):
        (target / path.name).symlink_to(path.resolve())  # not understood, and told as such


def _tables(folder: Path, contracts: Tables) -> dict[str, tuple[str, ...]]:
    """Files named after each table whose header holds every column that must be present."""
    found = {
        table: tuple(
            path.relative_to(folder).as_posix()
            for path in find(folder, contract)
            if not isinstance(seen := _opened(path, folder, contract), str) and not _missing(seen, contract)
        )
        for table, contract in contracts.items()
    }
    return {table: names for table, names in found.items() if names}


def _opened(path: Path, folder: Path, contract: Contract) -> SourceFile | str:
    """The file, or why it does not open."""
    try:
        return open_file(path, folder, contract)
    except InputError as error:
        return error.problem


def _missing(file: SourceFile, contract: Contract) -> tuple[str, ...]:
    return tuple(c.name for c in contract.columns if c.present and c.name not in file.columns)


def _why_not(path: Path, folder: Path, layouts: dict[str, Tables], likely: str) -> str | None:
    """What was seen in a file that a run would not read, the likely layout's tables first."""
    name = shown(path.relative_to(folder))
    suffix = path.suffix.lower()
    if suffix in _UNTOLD or path.name == "SYNTHETIC.txt":
        return None
    if suffix == ".zip":
        return f"{name}: a zip file that cannot be opened"
    if ending(path) is None:
        kind = next(
            (kind for kind, ends in _OTHER_KINDS.items() if suffix in ends), f"{suffix or 'such'} files"
        )
        return f"{name}: {kind} are not read; {', '.join(ENDINGS)} are"
    order = sorted(layouts, key=lambda layout: (layout != likely, layout != "native"))
    named = [(layout, table) for layout in order for table in _tables_by_name(path, layouts[layout])]
    for layout, table in named:
        seen = _opened(path, path.parent, layouts[layout][table])
        if isinstance(seen, str):
            return f"{name}: is named after table {table} of layout {layout}, but {seen.split(': ', 1)[-1]}"
    fits = list(_fits(path, layouts, order, set(named)))
    return f"{name}: {_nearest(fits, path)}"


def _tables_by_name(path: Path, contracts: Tables) -> list[str]:
    return [table for table, contract in contracts.items() if path in find(path.parent, contract)]


def _fits(
    path: Path, layouts: dict[str, Tables], order: Iterable[str], named: set[tuple[str, str]]
) -> Iterator[_Fit]:
    """How the file's header fits each table, read once, by the columns of all tables together."""
    every = [contract for name in order for contract in layouts[name].values()]
    columns = {column.name.lower(): column for contract in every for column in contract.columns}
    anything = replace(
        every[0],
        columns=tuple(replace(c, present=False, aliases=()) for c in columns.values()),
        title_lines=0,
    )
    seen = _opened(path, path.parent, anything)
    if isinstance(seen, str):
        return
    there = {name.lower() for name in seen.columns}
    unknown = [name for name in seen.columns if name.lower() not in columns]
    for layout in order:
        for table, contract in layouts[layout].items():
            known = [c for c in contract.columns if there & {n.lower() for n in (c.name, *c.aliases)}]
            needed = [c.name for c in contract.columns if c.present]
            names = {c.name for c in known}
            yield _Fit(
                layout=layout,
                table=table,
                known=len(known),
                missing=tuple(_with_guess(name, unknown) for name in needed if name not in names),
                needed=len(needed),
                by_name=(layout, table) in named,
            )


def _with_guess(column: str, unknown: list[str]) -> str:
    near = difflib.get_close_matches(column, unknown, n=1)
    return f"{column} (is it {near[0]}?)" if near else column


def _nearest(fits: list[_Fit], path: Path) -> str:
    """The sentence on the table that a file comes nearest to: by its columns first, then by its name."""
    near = [fit for fit in fits if fit.by_name or fit.needed - len(fit.missing) >= _NEAR * fit.needed]
    if not near:
        return "neither its name nor its columns are those of a table"
    best = max(near, key=lambda fit: (fit.known, fit.by_name, -len(fit.missing)))
    table = f"table {best.table} of layout {best.layout}"
    if best.missing:
        what = "is named after" if best.by_name else "comes near"
        return f"{what} {table}, but has no column {', '.join(best.missing)}"
    if best.by_name:
        return f"fits {table}, not the layout that most files fit"
    return f"has the columns of {table}: call it {best.table}{ending(path)}"
