"""What is dropped once the features are out is read by no later room."""

from __future__ import annotations

import re
from pathlib import Path

import copd_strat
from copd_strat.clinical.build import _ON_THE_WAY, FOR_LATER_ROOMS

ROOT = Path(copd_strat.__file__).parent
# Rooms that read the engine after the clinical facts, and the clinical room's own later steps.
LATER = ("evaluation", "followup", "lists", "pathways", "publish", "quality", "report", "summary")
OWN_LATER = ("departures", "monthly_register", "exacerbations")


def readers(table: str) -> list[str]:
    read = re.compile(rf"(FROM|JOIN)\s+{table}\b")
    rooms = [path for room in LATER for end in ("*.sql", "*.py") for path in (ROOT / room).rglob(end)]
    own = [ROOT / "clinical" / "sql" / f"{name}.sql" for name in OWN_LATER]
    return [path.name for path in (*rooms, *own) if read.search(path.read_text(encoding="utf-8"))]


def test_no_later_room_reads_a_dropped_table() -> None:
    assert {table: found for table in _ON_THE_WAY if (found := readers(table))} == {}


def test_what_later_rooms_read_is_brought_back_from_another_engine() -> None:
    """Closed months are made in that engine and brought then; departures are made from what was brought."""
    made = {path.stem for path in (ROOT / "clinical" / "sql").glob("*.sql")}
    read = {table for table in made if set(readers(table)) - {"monthly_register.sql"}}
    assert read - set(FOR_LATER_ROOMS) == {"monthly_register", "departures"}
    assert [table for table in FOR_LATER_ROOMS if not readers(table)] == []


def test_a_reader_would_be_found() -> None:
    assert "worklist_events.sql" in readers("measurement_facts")
    assert "departures.sql" in readers("eligibility")
