"""A small extract in the engine: four practices, two years and a half of records, nothing odd in it."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

from copd_strat.config import EngineSettings
from copd_strat.engine import Engine

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


def totals(engine: Engine) -> dict[str, dict[str, int]]:
    """Ingested totals of the extract, as the landing gives them."""
    counts = {table: engine.scalar(f"SELECT count(*) FROM {table}") for table in ("patients", "gp_events")}
    return {
        f"native.{table}": {"rows_in": rows, "loaded": rows, "quarantined": 0, "duplicates": 0}
        for table, rows in counts.items()
    }
