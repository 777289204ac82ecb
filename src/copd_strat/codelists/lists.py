"""Load the packaged core lists and a site's own, and say which were used.

The packaged lists are a small core made from public facts, each row with its source. A site with the full
reference sets (TRUD, OpenCodelists) brings them as CSV files:

    concept,code_system,code[,term,source,value,mode,edition]

``mode`` is ``add`` (the default) or ``replace``: a concept that a site replaces loses its packaged codes.
``value`` is a number the code itself states (an MRC grade; the mg of a tablet). A file with the columns
``dmd_code,vmp_code`` is a dm+d map: it resolves products and packs to the virtual products of the lists.
"""

from __future__ import annotations

import csv
import difflib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from importlib import resources
from pathlib import Path

import pandas as pd

from copd_strat.codelists.intact_codes import verhoeff_passes
from copd_strat.engine import SqlEngine
from copd_strat.errors import ConfigError

PACKAGED = ("core_codes.csv", "drug_codes.csv", "administrative_codes.csv")
PACKAGED_EDITION = date(2026, 11, 23)

# What events may be coded in; the last three are read and counted, though no list of ours is in them.
EVENT_SYSTEMS = (
    "snomed", "dmd", "icd10", "ctv3", "read2", "emis", "tpp", "rxnorm", "loinc", "opcs4", "local",
)  # fmt: skip
ADMINISTRATIVE_SYSTEMS = ("admimeth", "admisorc", "disdest", "dismeth", "classpat")
CHECKED_SYSTEMS = ("snomed", "dmd")
MODES = ("add", "replace")
REQUIRED = ("concept", "code_system", "code")
DMD_MAP = ("dmd_code", "vmp_code")
READ_LENGTH = 5


@dataclass(frozen=True)
class Code:
    concept: str
    code_system: str
    code: str
    value: float | None


@dataclass(frozen=True, kw_only=True)
class ListUsed:
    """One file of codes: where it came from, how current it says it is, and what it brought."""

    name: str
    edition: date | None
    codes: int
    concepts: tuple[str, ...]
    replaced: tuple[str, ...] = ()

    def age_days(self, as_of: date) -> int | None:
        return None if self.edition is None else (as_of - self.edition).days


@dataclass(frozen=True, kw_only=True)
class CodelistReport:
    """Which lists are in use, which concepts have no codes, and which identifiers fail their check digit."""

    lists: tuple[ListUsed, ...]
    codes: int
    without_codes: tuple[str, ...]
    damaged_ids: tuple[str, ...]
    dmd_products_mapped: int


@dataclass
class _Lists:
    """The codes of each concept while files are laid one over the other."""

    codes: dict[str, set[Code]] = field(default_factory=dict)
    sources: dict[str, list[str]] = field(default_factory=dict)
    used: list[ListUsed] = field(default_factory=list)


def load(engine: SqlEngine, extra: tuple[Path, ...] = ()) -> CodelistReport:
    """Make the tables ``codes`` and ``concepts`` from the packaged lists and the files of ``extra``.

    ``codes``: concept, code_system, code, value (what the code itself states, else NULL); one row a pair of
    concept and code. ``concepts``: concept, codes, source, also for concepts that have no codes.
    Raises ConfigError, naming file and line, for a file that is not a list of known concepts.
    """
    lists = _Lists()
    replacements = _add_packaged(lists)
    products = [pair for path in extra for pair in _add_site_file(lists, path)]
    everything = _spread(lists, replacements, products)
    _make_tables(engine, lists, everything)
    return CodelistReport(
        lists=tuple(lists.used),
        codes=len(everything),
        without_codes=tuple(sorted(set(meanings()) - {code.concept for code in everything})),
        damaged_ids=tuple(sorted(_damaged(everything))),
        dmd_products_mapped=len(products),
    )


def meanings() -> dict[str, str]:
    """Every concept the product knows, and what it means."""
    return {row["concept"]: row["meaning"] for row in _packaged_rows("concepts.csv")}


def _packaged_rows(name: str) -> Iterator[dict[str, str]]:
    text = resources.files("copd_strat.codelists").joinpath("data", name).read_text("utf-8")
    return csv.DictReader(text.splitlines())


def _add_packaged(lists: _Lists) -> list[tuple[str, str]]:
    """Lay the packaged lists; returns the dm+d pairs (earlier id, later id)."""
    replacements = []
    for name in PACKAGED:
        rows = list(_packaged_rows(name))
        for row in rows:
            _add(lists, _code(row), f"packaged {name}")
            if row.get("replaced_by"):
                replacements.append((row["code"], row["replaced_by"]))
        concepts = tuple(sorted({row["concept"] for row in rows}))
        lists.used.append(
            ListUsed(name=f"packaged {name}", edition=PACKAGED_EDITION, codes=len(rows), concepts=concepts)
        )
    return replacements


def _code(row: dict[str, str]) -> Code:
    value = row.get("value")
    return Code(row["concept"], row["code_system"], row["code"], float(value) if value else None)


def _add(lists: _Lists, code: Code, source: str) -> None:
    lists.codes.setdefault(code.concept, set()).add(code)
    sources = lists.sources.setdefault(code.concept, [])
    if source not in sources:
        sources.append(source)


def _add_site_file(lists: _Lists, path: Path) -> list[tuple[str, str]]:
    """Lay one file of a site over the lists; returns its dm+d pairs (product, virtual product), if any."""
    header, rows = _read(path)
    if set(DMD_MAP) <= set(header):
        return [(row["dmd_code"], row["vmp_code"]) for _, row in rows]
    if missing := [name for name in REQUIRED if name not in header]:
        raise ConfigError(
            f"{path}: a code list needs the column(s) {', '.join(missing)}",
            fix=f"name the columns {', '.join(REQUIRED)}; term, source, value, mode and edition may follow",
        )
    known = set(meanings())
    for line, row in rows:
        _refuse_faults(path, line, row, known)
    _lay(lists, path.name, [row for _, row in rows])
    return []


def _read(path: Path) -> tuple[tuple[str, ...], list[tuple[int, dict[str, str]]]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream, restval="")
            rows = [
                (reader.line_num, {key: value.strip() for key, value in row.items() if key}) for row in reader
            ]
            return tuple(reader.fieldnames or ()), rows
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ConfigError(
            f"{path}: the code list cannot be read ({type(error).__name__})",
            fix="give the path of a CSV file in UTF-8",
        ) from error


def _refuse_faults(path: Path, line: int, row: dict[str, str], known: set[str]) -> None:
    concept = row["concept"]
    if concept.removesuffix("_resolved") not in known and concept not in known:
        near = difflib.get_close_matches(concept, known, n=1)
        raise ConfigError(
            f"{path}, line {line}, column concept: '{concept}' is not a concept the product uses",
            fix=f"did you mean '{near[0]}'?" if near else "'copd-strat codelists' prints the concepts",
        )
    if row["code_system"] not in EVENT_SYSTEMS + ADMINISTRATIVE_SYSTEMS:
        raise ConfigError(
            f"{path}, line {line}, column code_system: '{row['code_system']}' is not a code system",
            fix="use one of " + ", ".join(EVENT_SYSTEMS + ADMINISTRATIVE_SYSTEMS),
        )
    if row.get("mode", "") not in ("", *MODES):
        raise ConfigError(f"{path}, line {line}, column mode: must be add or replace")
    if not row["code"] or "E+" in row["code"].upper():
        raise ConfigError(
            f"{path}, line {line}, column code: '{row['code']}' is no code",
            fix="a spreadsheet may have turned it into a number; export the codes as text",
        )
    _refuse_non_number(path, line, row.get("value", ""))
    _edition(path, line, row.get("edition", ""))


def _refuse_non_number(path: Path, line: int, text: str) -> None:
    try:
        float(text or 0)
    except ValueError:
        raise ConfigError(f"{path}, line {line}, column value: '{text}' is not a number") from None


def _edition(path: Path, line: int, text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise ConfigError(
            f"{path}, line {line}, column edition: '{text}' is not a date such as 2026-04-01"
        ) from None


def _lay(lists: _Lists, name: str, rows: list[dict[str, str]]) -> None:
    replaced = {row["concept"] for row in rows if row.get("mode") == "replace"}
    for concept in replaced:
        lists.codes[concept] = set()
        lists.sources[concept] = []
    for row in rows:
        _add(lists, _code(row), row.get("source") or name)
    editions = [date.fromisoformat(row["edition"]) for row in rows if row.get("edition")]
    lists.used.append(
        ListUsed(
            name=name,
            edition=min(editions, default=None),
            codes=len(rows),
            concepts=tuple(sorted({row["concept"] for row in rows})),
            replaced=tuple(sorted(replaced)),
        )
    )


def _spread(lists: _Lists, replacements: list[tuple[str, str]], products: list[tuple[str, str]]) -> set[Code]:
    """All codes as events may carry them: re-issued dm+d ids, products of virtual products, padded Read."""
    codes = set().union(*lists.codes.values())
    both_ways = replacements + [(later, earlier) for earlier, later in replacements]
    codes |= set(_same_drug(codes, both_ways))
    codes |= set(_same_drug(codes, products))
    return codes | set(_padded_read_codes(codes))


def _same_drug(codes: set[Code], pairs: Iterable[tuple[str, str]]) -> Iterator[Code]:
    """For each pair (an id, a listed id): the listed id's concepts, given to the other id as well."""
    listed: dict[str, list[Code]] = {}
    for code in codes:
        if code.code_system == "dmd":
            listed.setdefault(code.code, []).append(code)
    for other, known in pairs:
        for code in listed.get(known, []):
            yield Code(code.concept, "dmd", other, code.value)


def _padded_read_codes(codes: set[Code]) -> Iterator[Code]:
    """Read codes come bare, padded with dots to five characters, or with a two-digit term id after that."""
    for code in codes:
        if code.code_system in ("read2", "ctv3"):
            padded = code.code.ljust(READ_LENGTH, ".")
            yield Code(code.concept, code.code_system, padded, code.value)
            yield Code(code.concept, code.code_system, padded + "00", code.value)


def _damaged(codes: set[Code]) -> set[str]:
    checked = {code.code for code in codes if code.code_system in CHECKED_SYSTEMS}
    return {code for code in checked if not verhoeff_passes(code)}


def _make_tables(engine: SqlEngine, lists: _Lists, codes: set[Code]) -> None:
    rows = sorted((c.concept, c.code_system, c.code, c.value is None, c.value) for c in codes)
    frame = pd.DataFrame(
        [(concept, system, code, value) for concept, system, code, _, value in rows],
        columns=["concept", "code_system", "code", "value"],
    ).astype({"value": "float64"})
    frame = frame.drop_duplicates(["concept", "code_system", "code"])
    engine.register_frame("codes", frame)
    counts = frame.groupby("concept").size()
    engine.register_frame(
        "concepts",
        pd.DataFrame(
            [
                (name, int(counts.get(name, 0)), "; ".join(lists.sources.get(name, [])))
                for name in sorted(set(meanings()) | set(counts.index))
            ],
            columns=["concept", "codes", "source"],
        ),
    )
