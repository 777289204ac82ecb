"""A small extract in the engine: four practices, two years and a half of records, nothing odd in it."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

from copd_strat.config import EngineSettings
from copd_strat.contracts.contract_files import load_contracts
from copd_strat.engine import Engine
from copd_strat.extracts.receipts import FileReceipt, TableReceipt

CONTRACTS = Path(__file__).parents[2] / "data_contracts"
LATEST = date(2026, 10, 31)
AS_OF = date(2026, 11, 10)
PRACTICES = ("A81001", "A81002", "A81003", "A81004")
PATIENTS_A_PRACTICE = 30
YEARS = 3


def engine_with_extract(spill: Path, condition: str = "TRUE", patients: str = "TRUE") -> Engine:
    """``condition`` keeps events (patient_id, event_date, practice_id), ``patients`` keeps patients."""
    engine = Engine.open(EngineSettings(), spill)
    practices = ", ".join(f"'{practice}'" for practice in PRACTICES)
    engine.create_table(
        "patients",
        f"""SELECT * FROM (
            SELECT 'p' || n AS patient_id, [{practices}][1 + n % {len(PRACTICES)}] AS practice_id,
                   DATE '2010-01-01' AS registration_start, CAST(NULL AS DATE) AS registration_end,
                   CAST(NULL AS DATE) AS death_date
            FROM range({PATIENTS_A_PRACTICE * len(PRACTICES)}) numbers(n)) WHERE {patients}""",
    )
    events = f"""SELECT p.patient_id, p.practice_id, CAST(day AS DATE) AS event_date
        FROM patients p, generate_series(DATE '{LATEST - timedelta(days=365 * YEARS)}', DATE '{LATEST}',
                                         INTERVAL 3 DAY) days(day)"""
    engine.create_table("gp_events", f"SELECT * FROM ({events}) WHERE {condition}")
    engine.create_table(
        "prescriptions",
        f"SELECT patient_id, event_date AS issue_date FROM ({events}) WHERE {condition}",
    )
    engine.create_table(
        "hospital_episodes",
        f"""SELECT patient_id, event_date AS admission_date FROM ({events})
            WHERE {condition} AND patient_id LIKE '%0'""",
    )
    return engine


def receipt(table: str, files: dict[str, int], **changes: Any) -> TableReceipt:
    """A table of the native layout as it came in: ``files`` maps names to rows in, all of them accepted.

    ``changes`` are ``rules`` (broken rows by rule) and, for every file, ``quarantined`` or ``lost`` rows.
    """
    lost, quarantined = changes.get("lost", 0), changes.get("quarantined", 0)
    return TableReceipt(
        layout="native",
        table=table,
        contract=load_contracts(CONTRACTS, "native")[table],
        files=tuple(
            FileReceipt(
                name=name,
                bytes=1,
                rows_in=rows,
                loaded=rows - lost - quarantined,
                quarantined=quarantined,
                duplicates=0,
                unread=(),
                missing=(),
                notes=(),
                undeclared_gaps={},
            )
            for name, rows in files.items()
        ),
        rules=changes.get("rules", {}),
        checked=Path(),
        accepted="",
    )


def receipts(engine: Engine) -> tuple[TableReceipt, ...]:
    """Receipts of the extract, one file a table."""
    counts = {table: engine.scalar(f"SELECT count(*) FROM {table}") for table in ("patients", "gp_events")}
    return tuple(receipt(table, {f"{table}.csv": rows}) for table, rows in counts.items())
