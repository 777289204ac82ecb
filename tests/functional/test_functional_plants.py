"""Faults planted in a copy of the program: each stops the night, says so in its own words, publishes nothing.

A gate that no fault of the product can trip proves nothing. So the fault is put where it would arise, into the
program's own text, and the whole night is run.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

KNOWN_ANSWERS = "known answers do not come out tonight"


@dataclass(frozen=True)
class Plant:
    """``add`` is put at the end of a module of the copy; ``code`` and ``said`` are how the night must end."""

    module: str
    add: str
    code: int
    said: str
    spoil: Callable[[Any], None] = lambda site: None


def reads(file: str, instead_of: str, text: str) -> Plant:
    """A clinical rule that went wrong: only people with known answers can tell."""

    def spoil(site: Any) -> None:
        path = site.source / "copd_strat" / file
        right = path.read_text(encoding="utf-8")
        assert instead_of in right
        path.write_text(right.replace(instead_of, text), encoding="utf-8")

    return Plant("errors.py", "", 12, KNOWN_ANSWERS, spoil)


def damage_birth_years(site: Any) -> None:
    """Every fifth patient is born in the year 1: the row checks must set them aside."""
    path = site.extracts / "patients.csv"
    with path.open(encoding="utf-8", newline="") as stream:
        head, *rows = list(csv.reader(stream))
    for row in rows[::5]:
        row[head.index("birth_year")] = "1"
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([head, *rows])


LINES_DROPPED = """
_all_rows = scan
def scan(file, columns, *, trimmed):
    rows = _all_rows(file, columns, trimmed=trimmed)
    return f"SELECT * FROM ({rows}) WHERE _line % 7 <> 0" if file.is_text else rows
"""
ROW_GROUP_SKIPPED = """
_all_rows = scan
def scan(file, columns, *, trimmed):
    rows = _all_rows(file, columns, trimmed=trimmed)
    if file.is_text:
        return rows
    import pyarrow.parquet
    first = pyarrow.parquet.ParquetFile(file.path).metadata.row_group(0).num_rows
    return f"SELECT * FROM ({rows}) WHERE _line > {first}"
"""
JOIN_DOUBLES_ROWS = """
_once = RuleSearch.patients
def _twice(self, rules):
    doubled = "(SELECT * FROM known_patients UNION ALL SELECT * FROM known_patients)"
    return _once(self, rules).replace("known_patients p", f"{doubled} p")
RuleSearch.patients = _twice
"""
MAPPING_DOUBLES_ROWS = """
_once = packaged_sql
def packaged_sql(package, name):
    text = _once(package, name)
    return f"SELECT m.* FROM ({text}) m CROSS JOIN (VALUES (1), (2)) twice(n)" if name == "gp_events" else text
"""
FEATURES_DOUBLED = """
_SELECT = f"SELECT * FROM ({_SELECT}) UNION ALL (SELECT * FROM ({_SELECT}) LIMIT 1) ORDER BY batch, patient_id"
"""
BATCH_LOST = """
_every = features_in_parts
def features_in_parts(engine, folder, batches):
    return _every(engine, folder, {code: n for code, n in batches.items() if code != min(batches)})
"""
CHECK_NEVER_BREAKS = """
Minimum.condition = lambda self, cell: "FALSE"
"""
CHECK_TURNED_ROUND = """
_right = Minimum.condition
Minimum.condition = lambda self, cell: f"NOT ({_right(self, cell)})"
"""
SUMMARY_FINDS_NOTHING = """
RuleSearch._tried = lambda self, rules, rows: set()
"""
VERDICT_UNWRITTEN = """
_right = Path.write_text
def _no_space(path, *given, **named):
    if path.name == RECORD:
        raise OSError(28, "No space left on device")
    return _right(path, *given, **named)
Path.write_text = _no_space
"""
VERDICT_FORGOTTEN = """
def write_verdict(verdict, heading, folder):
    pass
"""
PATIENT_LOST = """
_all = assign
def assign(patients, *given, **named):
    return _all(patients.iloc[:-1], *given, **named)
"""
LIST_ROW_DROPPED = """
_whole = write_csv
def write_csv(path, table):
    _whole(path, table.iloc[1:])
"""
POINTER_FORGOTTEN = """
RunFolder._swap = lambda self: None
"""

UNEVEN = "counts do not add up"
TWO_COUNTS = "Two counts of native.patients.birth_year.minimum on a sample agree"
PLANTS = {
    "staging drops every seventh line": Plant(
        "extracts/staging.py", LINES_DROPPED, 12, f"{UNEVEN}: native.patients: patients.csv"
    ),
    "a Parquet reader skips a row group": Plant(
        "extracts/staging.py", ROW_GROUP_SKIPPED, 12, f"{UNEVEN}: native.gp_events: gp_events/part_01.parquet"
    ),
    "a join doubles rows": Plant(
        "extracts/broken_rules.py", JOIN_DOUBLES_ROWS, 12, f"{UNEVEN}: native.gp_events: gp_events/part_01.parquet"
    ),
    "a mapping doubles rows": Plant(
        "extracts/ingest.py", MAPPING_DOUBLES_ROWS, 12, f"{UNEVEN}: gp_events"
    ),
    "a patient stands twice in the facts": Plant(
        "clinical/feature_parts.py", FEATURES_DOUBLED, 12, "internal.features"
    ),
    "a practice is in no batch": Plant(
        "clinical/feature_parts.py", BATCH_LOST, 12, f"{UNEVEN}: register"
    ),
    "a check never finds anything": Plant(
        "checks/minimum.py",
        CHECK_NEVER_BREAKS,
        12,
        TWO_COUNTS,
        damage_birth_years,
    ),
    "a check is turned round": Plant(
        "checks/minimum.py", CHECK_TURNED_ROUND, 12, TWO_COUNTS
    ),
    "summaries find no rule broken": Plant(
        "extracts/broken_rules.py", SUMMARY_FINDS_NOTHING, 12, TWO_COUNTS, damage_birth_years
    ),
    "the verdict cannot be written": Plant(
        "quality/verdict_page.py", VERDICT_UNWRITTEN, 18, "the night's verdict cannot be written (No space left"
    ),
    "the verdict is never written": Plant(
        "quality/verdict_page.py", VERDICT_FORGOTTEN, 18, "the run holds no verdict"
    ),
    "a patient gets no disposition": Plant(
        "pathways/assign_register.py", PATIENT_LOST, 12, f"{UNEVEN}: register"
    ),
    "a list writer drops a row": Plant(
        "lists/write.py", LIST_ROW_DROPPED, 18, "patients belong on them, each once"
    ),
    "readers are not pointed at the run": Plant(
        "publish/folder.py", POINTER_FORGOTTEN, 18, "readers do not see run"
    ),
    "codes of diagnoses keep their dots": reads(
        "clinical/sql/diagnosis_lookup.sql", "upper(diagnosis), '[^A-Z0-9]', ''", "upper(diagnosis), '[ ]', ''"
    ),
    "exacerbations merge over 140 days": reads(
        "config.py", "episode_gap_days: Days = 14", "episode_gap_days: Days = 140"
    ),
    "a unit loses its factor": reads("clinical/data/units.csv", ",,,1000,cells/uL", ",,,1,cells/uL"),
    "people under 65 are left out": reads(
        "clinical/sql/eligibility.sql", "INTERVAL 35 YEAR <= $index", "INTERVAL 65 YEAR <= $index"
    ),
    "the register of deaths is not asked": reads(
        "clinical/sql/known_deaths.sql", "    FROM deaths\n", "    FROM (SELECT * FROM deaths WHERE FALSE) AS deaths\n"
    ),
    "GP days are a month early": reads(
        "clinical/sql/gp_concepts.sql",
        "    gp_events.event_date,",
        "    gp_events.event_date - INTERVAL 1 MONTH AS event_date,",
    ),
    "source of admission for its method": reads(
        "clinical/sql/hospital_rows.sql", "upper(trim(admission_method)) AS", "upper(trim(admission_source)) AS"
    ),
}  # fmt: skip


@pytest.mark.parametrize("fault", PLANTS)
def test_a_fault_of_the_program_stops_the_night(changed_program: Any, fault: str) -> None:
    plant = PLANTS[fault]
    if plant.said != KNOWN_ANSWERS:
        # The control people would stop most of these first: here the gates behind them are on trial.
        run = changed_program.source / "copd_strat" / "run.py"
        night = run.read_text(encoding="utf-8")
        assert "            night.controls()\n" in night
        run.write_text(night.replace("            night.controls()\n", ""), encoding="utf-8")
    plant.spoil(changed_program)
    module = changed_program.source / "copd_strat" / plant.module
    module.write_text(module.read_text(encoding="utf-8") + plant.add, encoding="utf-8")
    done = changed_program.run()
    assert done.returncode == plant.code, done.stderr
    assert plant.said in done.stderr
    assert "Traceback" not in done.stderr
    assert not (changed_program.output / "CURRENT.json").exists()


def test_the_copy_without_a_fault_publishes(changed_program: Any) -> None:
    done = changed_program.run()
    assert done.returncode == 0, done.stderr
    assert (changed_program.output / "CURRENT.json").exists()


def test_a_night_that_breaches_a_threshold_leaves_the_page_that_names_it(small_site: Any) -> None:
    damage_birth_years(small_site)
    done = small_site.run()
    assert done.returncode == 12, done.stderr
    page = small_site.output / "failed" / "validation.html"
    assert f"Page: {page}" in done.stderr
    assert f"Then: copd-strat validate --config {small_site.config}" in done.stderr
    text = page.read_text(encoding="utf-8")
    stopped = text.split("What stopped the night")[1]
    assert stopped.index("native.patients.birth_year") < stopped.index("Rows of every file")
    record = json.loads(page.with_suffix(".json").read_text(encoding="utf-8"))
    assert record["success"] is False
    assert [found["subject"] for found in record["findings"] if found["weight"] == "stop"] == [
        "native.patients.birth_year"
    ]
    assert not (small_site.output / "CURRENT.json").exists()
