"""Land a night's extracts: find, gate, check, map. Afterwards the canonical relations stand in the engine."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from copd_strat.config import ExtractSource
from copd_strat.contracts.loading import load_contracts
from copd_strat.contracts.model import Contract, Rule
from copd_strat.contracts.receipt import Landing, TableReceipt
from copd_strat.engine import Engine, literal
from copd_strat.engine.sql import identifier
from copd_strat.errors import ConfigError, ContractError, InputError
from copd_strat.extracts import identifiers
from copd_strat.extracts.accept import Source, accept_table
from copd_strat.extracts.files import SourceFile, find, open_file, scan
from copd_strat.extracts.layouts import LAYOUTS
from copd_strat.extracts.mapping import CANONICAL, Layout, columns_of

# Below this many rows a share says nothing: a rule stops the run only when as many rows break it,
# or when every row of the table does.
MIN_ROWS_TO_FAIL = 10


def land(
    engine: Engine,
    sources: tuple[ExtractSource, ...],
    contracts: Path,
    *,
    work: Path,
    quality: Path,
    as_of: date,
) -> Landing:
    """Read every source into the canonical relations of docs/architecture.md, accepted rows only.

    ``work`` takes the checked rows, ``quality`` the quarantine. Raises InputError, IdentifiableDataError or
    ContractError, each naming file, column and mend.
    """
    _no_known_patients(engine)
    engine.execute("SET preserve_insertion_order = true")
    receipts: list[TableReceipt] = []
    pieces: dict[str, list[str]] = {relation: [] for relation in CANONICAL}
    loaded: dict[str, Contract] = {}
    warnings: list[str] = []
    for source in sorted(sources, key=lambda source: "primary" not in source.care):
        layout = LAYOUTS[source.layout]
        agreed = load_contracts(contracts, source.layout)
        landed = _land_source(engine, source, layout, agreed, work=work, quality=quality, as_of=as_of)
        warnings += _unused_files(source, agreed)
        receipts += landed.values()
        loaded |= {f"{source.layout}.{table}": contract for table, contract in agreed.items()}
        _map(layout, landed, pieces)
    engine.execute("SET preserve_insertion_order = false")
    _make_relations(engine, pieces)
    warnings += _judge(receipts, loaded)
    return Landing(tables=tuple(receipts), warnings=tuple(warnings))


def _no_known_patients(engine: Engine) -> None:
    engine.create_table(
        "known_patients",
        "SELECT CAST('' AS VARCHAR) AS patient_id, CAST(0 AS BIGINT) AS birth_year WHERE FALSE",
    )


def _land_source(
    engine: Engine,
    source: ExtractSource,
    layout: Layout,
    contracts: dict[str, Contract],
    *,
    work: Path,
    quality: Path,
    as_of: date,
) -> dict[str, TableReceipt]:
    """The receipts of one source by table, in the layout's order."""
    receipts: dict[str, TableReceipt] = {}
    for table in layout.order:
        contract = contracts[table]
        if layout.care.get(table, source.care[0]) not in source.care:
            continue
        files = [open_file(path, source.path, contract) for path in find(source.path, contract)]
        if not files:
            _refuse_absent(source, contract)
            continue
        opened = [_admit(engine, file, contract, work) for file in files]
        receipt = accept_table(engine, contract, opened, work=work, quality=quality, as_of=as_of)
        receipts[table] = receipt
        if table == layout.people_from:
            _add_people(engine, layout, receipt)
    return receipts


def _refuse_absent(source: ExtractSource, contract: Contract) -> None:
    if contract.needed:
        raise InputError(
            f"{source.path}: no file for table {contract.table}",
            mend=f"add {contract.file_pattern}.csv, {contract.file_pattern}_*.parquet or a folder "
            f"{contract.file_pattern}/ (docs/layouts.md)",
        )


def _admit(engine: Engine, file: SourceFile, contract: Contract, work: Path) -> Source:
    """Judge a file's columns and values before it is parsed; text is staged so that it is read once."""
    identifiers.check_names(file, contract)
    named = {column.name for column in contract.columns}
    missing = [
        column.name for column in contract.columns if column.present and column.name not in file.columns
    ]
    if missing:
        raise InputError(
            f"{file.name}: column {', '.join(missing)} is missing",
            mend="export the table with all columns its contract requires (docs/contracts.md)",
        )
    unread = tuple(name for name in file.columns if name not in named)
    identifiers.check_unread(engine, file, unread)
    rows = scan(file, tuple(name for name in file.columns if name in named))
    if file.is_text:
        staged = work / "staged" / f"{contract.layout}_{contract.table}_{file.name.replace('/', '_')}.parquet"
        engine.write_parquet(rows, staged)
        rows = f"SELECT * FROM read_parquet({literal(str(staged))})"
    identifiers.check_values(engine, file, contract, rows)
    return Source(file=file, rows=rows)


def _add_people(engine: Engine, layout: Layout, receipt: TableReceipt) -> None:
    select = layout.people.format(**{layout.people_from: f"({receipt.accepted})"})
    engine.create_table("more_people", f"SELECT * FROM known_patients UNION SELECT * FROM ({select})")
    engine.create_table(
        "known_patients",
        "SELECT patient_id, min(birth_year) AS birth_year FROM more_people GROUP BY patient_id",
    )
    engine.execute("DROP TABLE more_people")


def _map(layout: Layout, landed: dict[str, TableReceipt], pieces: dict[str, list[str]]) -> None:
    """Add the layout's SELECTs for every relation whose source table came; refuse a second source."""
    for relation, selects in layout.relations.items():
        found = [
            select.format(source=f"({landed[table].accepted})")
            for table, select in selects.items()
            if table in landed
        ]
        if (
            found
            and pieces[relation]
            and relation not in ("deaths", "local_flags", "decisions", "organisations")
        ):
            raise ConfigError(
                f"extracts: two sources supply {relation}",
                mend="say with 'care: [primary]' and 'care: [secondary]' which source supplies what",
            )
        pieces[relation] += found


def _make_relations(engine: Engine, pieces: dict[str, list[str]]) -> None:
    """Views of the canonical relations, typed; a relation nobody supplied is empty, and said to be absent."""
    for relation, selects in pieces.items():
        columns = columns_of(relation)
        empty = ", ".join(f"CAST(NULL AS {kind}) AS {identifier(name)}" for name, kind in columns)
        chosen = ", ".join(
            f"CAST({identifier(name)} AS {kind}) AS {identifier(name)}" for name, kind in columns
        )
        union = " UNION ALL BY NAME ".join([*selects, f"SELECT {empty} WHERE FALSE"])
        engine.create_view(relation, f"SELECT {chosen} FROM ({union})")
    present = " UNION ALL ".join(
        f"SELECT {literal(relation)} AS table_name, {literal(bool(selects))} AS present"
        for relation, selects in pieces.items()
    )
    engine.create_table("source_tables", present)


def _unused_files(source: ExtractSource, contracts: dict[str, Contract]) -> list[str]:
    used = {path for contract in contracts.values() for path in find(source.path, contract)}
    there = sorted(path for path in source.path.rglob("*.*") if path.is_file() and path not in used)
    return [
        f"{path.relative_to(source.path)}: not read, its name fits no table of layout {source.layout}"
        for path in there
        if path.suffix not in (".md", ".json") and path.name != "SYNTHETIC.txt"
    ]


def _judge(receipts: list[TableReceipt], contracts: dict[str, Contract]) -> list[str]:
    """Warnings for rules broken beyond their warning share; ContractError beyond the failing one."""
    warnings, failures = [], []
    for receipt in receipts:
        rows = receipt.totals["rows_in"]
        contract = contracts[f"{receipt.layout}.{receipt.table}"]
        if contract.needed and rows == 0:
            failures.append(f"{receipt.table}: no rows at all")
        for rule in contract.rules:
            broken = receipt.rules[rule.code]
            share = broken / rows if rows else 0.0
            told = (
                f"{rule.code} {receipt.table}: {broken:,} of {rows:,} rows ({share:.2%}). {rule.description}"
            )
            if _stops(rule, broken, rows):
                failures.append(f"{told} Mend: {rule.mend}")
            elif rule.warn_share is not None and share > rule.warn_share:
                warnings.append(told)
    if failures:
        raise ContractError(
            "the extracts break their contracts beyond the failing threshold\n"
            + "\n".join(f"  - {failure}" for failure in failures),
            mend="'copd-strat contracts show CODE' explains a rule and its threshold",
        )
    return warnings


def _stops(rule: Rule, broken: int, rows: int) -> bool:
    if rule.fail_share is None or not rows or broken <= rule.fail_share * rows:
        return False
    return broken >= MIN_ROWS_TO_FAIL or broken == rows
