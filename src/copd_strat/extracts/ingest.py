"""A night's extracts: find, gate, check, map. Afterwards the canonical relations stand in the engine."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from copd_strat.config import ExtractSource
from copd_strat.contracts.contract import Contract
from copd_strat.contracts.contract_files import load_contracts
from copd_strat.engine import Engine, literal, packaged_sql
from copd_strat.engine.sql import identifier
from copd_strat.errors import ConfigError, InputError
from copd_strat.extracts.deliveries import require_deliveries
from copd_strat.extracts.inventory import InputFile, require_unchanged, shown
from copd_strat.extracts.layout import (
    CARE_OF,
    SHARED_RELATIONS,
    Feed,
    Layout,
    columns_of,
    no_rows,
    view_of,
)
from copd_strat.extracts.layouts import LAYOUTS
from copd_strat.extracts.linkage import measure_linkage, measure_lookup
from copd_strat.extracts.part_store import PartStore
from copd_strat.extracts.receipts import Ingested, Linkage, Lookup, TableReceipt
from copd_strat.extracts.row_checks import accept_table
from copd_strat.extracts.sender_checksums import is_checksum_list, require_sent_files
from copd_strat.extracts.source_files import SourceFile, find, open_file, place_of
from copd_strat.extracts.staging import Source, stage_file
from copd_strat.extracts.unpack import contents, laid_out


@dataclass
class _Night:
    """What has come in so far: receipts, and the SELECTs that feed each relation.

    ``canonical`` holds the contracts of the native layout, which are those of the canonical relations.
    ``unlinked`` names the relations that rest on a table which joins with too few patients; ``people`` select
    the ids (``id``) in the tables that the patients are made from. ``contents`` are the SHA-256 of the files.
    """

    engine: Engine
    work: Path
    quality: Path
    as_of: date
    canonical: dict[str, Contract]
    pieces: dict[str, list[str]]
    zone: str
    store: PartStore | None
    contents: Mapping[Path, str]
    receipts: list[TableReceipt] = field(default_factory=list)
    linkages: list[Linkage] = field(default_factory=list)
    lookups: list[Lookup] = field(default_factory=list)
    unlinked: set[str] = field(default_factory=set)
    people: list[str] = field(default_factory=list)
    practices_end: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    @property
    def ingested(self) -> Ingested:
        """What the other rooms are told, once everything has come in."""
        return Ingested(
            tables=tuple(self.receipts),
            warnings=tuple(self.warnings),
            linkages=tuple(self.linkages),
            lookups=tuple(self.lookups),
            left_out=int(self.engine.scalar("SELECT count(*) FROM known_patients WHERE left_out")),
        )


def ingest_sources(
    engine: Engine,
    sources: tuple[ExtractSource, ...],
    contracts: Path,
    *,
    inputs: Sequence[Sequence[InputFile]],
    zone: str,
    work: Path,
    quality: Path,
    as_of: date,
    store: PartStore | None = None,
) -> Ingested:
    """Read every source into the canonical relations of docs/architecture.md, accepted rows only.

    ``inputs`` are the files of each source as they were hashed: these and no others are read. Moments become
    days in ``zone``. ``work`` takes the checked rows, ``quality`` the quarantine. Files that ``store`` knows are not
    parsed again. ``source_tables(table_name, present)`` says of which relations a source came that joins with the
    patients, ``practices_end(practice_id, last_day)`` how far practices' records go, where the source says so.
    Nothing is judged here. Raises InputError, IdentifiableDataError or ContractError: file, column and fix.
    """
    canonical = load_contracts(contracts, "native")
    pairs = sorted(zip(sources, inputs, strict=True), key=lambda pair: "primary" not in pair[0].care)
    folders = _lay_out([files for _, files in pairs], work)
    night = _Night(
        engine=engine,
        work=work,
        quality=quality,
        as_of=as_of,
        zone=zone,
        canonical=canonical,
        pieces={relation: [] for relation in canonical},
        store=store,
        contents={} if store is None else _contents(pairs, folders, store),
    )
    _note_known_patients(night)
    engine.execute("SET preserve_insertion_order = true")
    for (source, files), folder in zip(pairs, folders, strict=True):
        _ingest_source(night, source, folder, contracts)
        require_unchanged(files)
    return _finish(night)


def _finish(night: _Night) -> Ingested:
    """The relations, once every source has come in."""
    night.engine.execute("SET preserve_insertion_order = false")
    if night.store is not None:
        night.store.keep_used()
    _make_relations(night)
    _make_practices_end(night)
    return night.ingested


def _lay_out(inputs: Sequence[Sequence[InputFile]], work: Path) -> list[Path]:
    """A folder a source, with the files as they will be read."""
    folders = []
    for number, files in enumerate(inputs):
        require_sent_files(files)
        folders.append(laid_out(files, work / f"source_{number}"))
    return folders


def _contents(
    pairs: Sequence[tuple[ExtractSource, Sequence[InputFile]]], folders: Sequence[Path], store: PartStore
) -> dict[Path, str]:
    """The SHA-256 of every file; the store loses what is not among them, whatever becomes of this night."""
    found: dict[Path, str] = {}
    for (_, files), folder in zip(pairs, folders, strict=True):
        found |= contents(files, folder)
    store.keep_sent(found.values())
    return found


def contracts_of(layout: Layout, folder: Path, native: dict[str, Contract]) -> dict[str, Contract]:
    """The layout's contracts by table, in reading order; tables in native form follow the ``native`` ones."""
    own = native if layout.name == "native" else load_contracts(folder, layout.name)
    return {table: native[table] if table in layout.native else own[table] for table in layout.order}


def _ingest_source(night: _Night, source: ExtractSource, folder: Path, all_contracts: Path) -> None:
    """Patients first, so that all later rows can be held against them; then the rest."""
    layout = LAYOUTS[source.layout]
    contracts = contracts_of(layout, all_contracts, night.canonical)
    night.warnings += _unused_files(source, folder, contracts)
    for table, contract in contracts.items():
        night.engine.create_view(view_of(layout, table), no_rows(contract))
    mine = [table for table in layout.order if layout.care.get(table, source.care[0]) in source.care]
    people = [table for table in mine if table in layout.people]
    came = _ingest_tables(night, source, folder, layout, contracts, people)
    feeds = [feed for feed in layout.feeds if CARE_OF.get(feed.relation, source.care[0]) in source.care]
    _feed(night, layout, came, [feed for feed in feeds if feed.relation == "patients"])
    if "primary" in source.care and not night.pieces["patients"]:
        raise InputError(
            f"{source.path}: no table that patients can be made from",
            fix=f"add {' and '.join(layout.people)}, or give the source as 'care: [secondary]'",
        )
    _note_known_patients(night)
    rest = [table for table in mine if table not in people]
    came |= _ingest_tables(night, source, folder, layout, contracts, rest)
    night.lookups += [
        measure_lookup(night.engine, layout.name, codes, came[codes.table], came[codes.dictionary])
        for codes in layout.code_tables
        if {codes.table, codes.dictionary} <= came.keys()
    ]
    _feed(night, layout, came, [feed for feed in feeds if feed.relation != "patients"])
    if layout.practices_end and "primary" in source.care:
        night.practices_end.append(packaged_sql(f"extracts.layouts.{layout.name}", layout.practices_end))
    fed = {feed.relation for feed in feeds if night.pieces[feed.relation]}
    night.warnings += [
        f"{layout.name}: {sentence}" for relation, sentence in layout.limits if relation in fed
    ]


def _ingest_tables(
    night: _Night,
    source: ExtractSource,
    folder: Path,
    layout: Layout,
    contracts: dict[str, Contract],
    tables: list[str],
) -> dict[str, str]:
    """Those of the tables that came, each with the SQL of its accepted rows, which also stand in its view."""
    came = {}
    for table in tables:
        contract = contracts[table]
        found = [open_file(path, folder, contract) for path in find(folder, contract)]
        if not found:
            _refuse_absent(source, contract)
            continue
        require_deliveries(found, contract)
        number = len(night.receipts)
        work = night.work / f"{number:02d}_{contract.layout}_{table}"
        let_in = (_let_in(night, source, file, contract, work) for file in found)
        receipt = accept_table(
            night.engine,
            contract,
            found,
            let_in,
            number=number,
            work=work,
            quality=night.quality,
            file_name=_file_name(night, source, table),
            as_of=night.as_of,
        )
        night.receipts.append(receipt)
        changes = layout.changes.get(table)
        counting = changes.current(contract, receipt.accepted) if changes else receipt.accepted
        night.engine.create_view(view_of(layout, table), counting)
        _note_people(night, layout, receipt)
        came[table] = receipt.accepted
    return came


def _let_in(night: _Night, source: ExtractSource, file: SourceFile, contract: Contract, work: Path) -> Source:
    part = None
    if night.store is not None:
        part = night.store.part(night.contents[file.path], file, contract, gaps=source.gaps, work=work)
    return stage_file(night.engine, file, contract, work, gaps=source.gaps, zone=night.zone, part=part)


def _note_people(night: _Night, layout: Layout, receipt: TableReceipt) -> None:
    """Whom a table names: the night's people, if patients are made from it, and how they join with these."""
    if receipt.people is None:
        return
    if receipt.table in layout.people:
        night.people.append(receipt.people)
    if next(receipt.contract.rules_of("known_patient"), None):
        gp = layout.care.get(receipt.table) == "primary" and receipt.table not in layout.people
        night.linkages.append(measure_linkage(night.engine, receipt.contract, receipt.people, gp=gp))


def _refuse_absent(source: ExtractSource, contract: Contract) -> None:
    if contract.needed:
        raise InputError(
            f"{source.path}: no file for table {contract.table}",
            fix=f"add {contract.table}.csv, {contract.table}_*.parquet or a folder "
            f"{contract.table}/ (docs/layouts.md)",
        )


def _file_name(night: _Night, source: ExtractSource, table: str) -> str:
    """The name of the table's files in the quality folder: its layout first where another has its name."""
    taken = table in {receipt.table for receipt in night.receipts}
    return f"{source.layout}_{len(night.receipts):02d}_{table}" if taken else table


def _feed(night: _Night, layout: Layout, came: dict[str, str], feeds: Iterable[Feed]) -> None:
    """Add the layout's SELECTs for every relation whose source tables came; refuse a second source."""
    for feed in feeds:
        if not came.keys() >= set(feed.needs) or not _holds(night, feed):
            continue
        pieces = night.pieces[feed.relation]
        if pieces and feed.relation not in SHARED_RELATIONS:
            raise ConfigError(
                f"extracts: two sources supply {feed.relation}",
                fix="say with 'care: [primary]' and 'care: [secondary]' which source supplies what",
            )
        select = came[feed.needs[0]]
        if feed.sql is not None:
            text = packaged_sql(f"extracts.layouts.{layout.name}", feed.sql)
            select = text.replace("$as_of", literal(night.as_of))
        if feed.stored:
            stored = night.work / "fed" / f"{feed.relation}_{len(pieces)}.parquet"
            night.engine.write_parquet(select, stored)
            select = f"SELECT * FROM read_parquet({place_of(stored)})"
        pieces.append(f"({select})")
        no_source = {linkage.table for linkage in night.linkages if not linkage.is_source}
        if no_source & set(feed.needs):
            night.unlinked.add(feed.relation)


def _holds(night: _Night, feed: Feed) -> bool:
    """Whether the feed's tables hold its relation at all; if they turn out not to, a warning says so."""
    if feed.only_if is None or night.engine.scalar(feed.only_if):
        return True
    night.warnings.append(f"{feed.relation}: {feed.otherwise}")
    return False


def _note_known_patients(night: _Night) -> None:
    """Table ``known_patients(patient_id, birth_year, left_out)``: whom later rows may be about.

    People whom the tables of patients name, and of whom no patient came, are ``left_out``: by the layout, as
    the source marks them, or because their registration was refused.
    """
    pieces = night.pieces["patients"] or ["(SELECT '' AS patient_id, 0 AS birth_year WHERE FALSE)"]
    union = " UNION ALL ".join(f"SELECT patient_id, birth_year FROM {piece}" for piece in pieces)
    patients = (
        "SELECT patient_id, CAST(min(birth_year) AS BIGINT) AS birth_year, FALSE AS left_out "
        f"FROM ({union}) GROUP BY patient_id"
    )
    named = " UNION ALL ".join(["SELECT '' AS id WHERE FALSE", *night.people])
    night.engine.create_table("kept_patients", patients)
    night.engine.create_table(
        "known_patients",
        "SELECT * FROM kept_patients UNION ALL "
        f"SELECT DISTINCT id, CAST(NULL AS BIGINT), TRUE FROM ({named}) n "
        "ANTI JOIN kept_patients k ON n.id = k.patient_id WHERE id IS NOT NULL",
    )
    night.engine.drop("kept_patients")


def _make_relations(night: _Night) -> None:
    """Views of the canonical relations, typed.

    A relation that nobody supplied is empty and not present. One that rests on a table which joins with next
    to nobody is not present either: what stands in it is used, what is missing from it means nothing.
    """
    for relation, pieces in night.pieces.items():
        columns = columns_of(night.canonical[relation])
        empty = ", ".join(f"CAST(NULL AS {kind}) AS {identifier(name)}" for name, kind in columns)
        chosen = ", ".join(
            f"CAST({identifier(name)} AS {kind}) AS {identifier(name)}" for name, kind in columns
        )
        union = " UNION ALL BY NAME ".join([*pieces, f"SELECT {empty} WHERE FALSE"])
        night.engine.create_view(relation, f"SELECT {chosen} FROM ({union})")
    sources = {relation: bool(pieces) for relation, pieces in night.pieces.items()}
    sources |= dict.fromkeys(night.unlinked, False)
    present = " UNION ALL ".join(
        f"SELECT {literal(relation)} AS table_name, {literal(there)} AS present"
        for relation, there in sources.items()
    )
    night.engine.create_table("source_tables", present)


# what the program itself writes beside extracts: the label of synthetic ones
_OURS = ("SYNTHETIC.txt",)


def _make_practices_end(night: _Night) -> None:
    nothing = "SELECT CAST(NULL AS VARCHAR) AS practice_id, CAST(NULL AS DATE) AS last_day WHERE FALSE"
    night.engine.create_table("practices_end", " UNION ALL ".join([nothing, *night.practices_end]))


def _unused_files(source: ExtractSource, folder: Path, contracts: dict[str, Contract]) -> list[str]:
    used = {path for contract in contracts.values() for path in find(folder, contract)}
    there = sorted(path for path in folder.rglob("*") if not path.is_dir() and path not in used)
    return [
        f"{shown(path.relative_to(folder))}: not read, its name fits no table of layout {source.layout}"
        for path in there
        if path.suffix not in (".md", ".json")
        and not path.name.startswith(_OURS)
        and not is_checksum_list(path.name)
    ]
