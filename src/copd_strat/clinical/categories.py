"""Patients as numbers and concepts as categories: what keeps tens of millions of coded events small.

Tables of this room hold a patient's number of this run, ``patient``; tables for other rooms (``features``,
``exacerbations``, ``departures``, ``monthly_*``) the extract's ``patient_id``. The engine stores a category
as a number and shows it as its text, so queries read as if concepts were text.
"""

from __future__ import annotations

from copd_strat.clinical.lookups import make_lookups
from copd_strat.engine import SqlEngine


def make_categories(engine: SqlEngine) -> None:
    """Make ``people``, ``event_codes`` and the tables of data/ (see ``lookups``).

    ``people``: patient_id, patient (its number, by order of the ids); everybody in ``patients``.
    ``event_codes``: concept (category), code_system, code, value.
    """
    engine.create_table(
        "people",
        "SELECT patient_id, CAST(row_number() OVER (ORDER BY patient_id) AS INTEGER) AS patient"
        " FROM (SELECT DISTINCT patient_id FROM patients WHERE patient_id IS NOT NULL) AS everybody",
    )
    engine.create_categories("concept_category", "SELECT DISTINCT concept FROM concepts ORDER BY concept")
    engine.create_table(
        "event_codes",
        "SELECT CAST(concept AS concept_category) AS concept, code_system, code, value FROM codes",
    )
    make_lookups(engine)
