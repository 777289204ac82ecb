"""Patients and concepts as categories: what keeps tens of millions of coded events small.

The engine stores a category as a number and shows it as its text, so the queries read as if the columns were
text. Tables for other rooms hold plain text (``features``, ``exacerbations``, ``monthly_*``).

Windows are partitioned by the text, ``CAST(patient_id AS VARCHAR)``: by a category of 100,000 patients each
window costs the engine a fixed third of a second of CPU, by text next to nothing.
"""

from __future__ import annotations

from importlib import resources
from io import StringIO

import pandas as pd

from copd_strat.engine import Engine


def make_categories(engine: Engine) -> None:
    """Make ``people``, ``event_codes`` and ``measures``, through which events get their categories.

    ``people``: extract_id (text), patient_id (category); everybody in ``patients``. ``event_codes``: concept
    (category), code_system, code, value. ``measures``: how each measurement concept is read, from
    data/measures.csv, with concept and measure as categories.
    """
    _category(engine, "person_category", "SELECT patient_id FROM patients")
    _category(engine, "concept_category", "SELECT concept FROM concepts")
    engine.create_table(
        "people",
        "SELECT DISTINCT patient_id AS extract_id, CAST(patient_id AS person_category) AS patient_id"
        " FROM patients WHERE patient_id IS NOT NULL",
    )
    engine.create_table(
        "event_codes",
        "SELECT CAST(concept AS concept_category) AS concept, code_system, code, value FROM codes",
    )
    engine.register_frame("measure_rules", _measure_rules())
    engine.create_table(
        "measures",
        "SELECT * REPLACE (CAST(concept AS concept_category) AS concept,"
        " CAST(measure AS concept_category) AS measure) FROM measure_rules",
    )


def _category(engine: Engine, name: str, values: str) -> None:
    """A category of ``values``; it always holds the empty text, since a category cannot be empty."""
    ordered = (
        f"SELECT DISTINCT value FROM ({values} UNION SELECT '') AS every (value) WHERE value IS NOT NULL"
    )
    engine.execute(f"CREATE OR REPLACE TYPE {name} AS ENUM ({ordered} ORDER BY value)")


def _measure_rules() -> pd.DataFrame:
    text = resources.files("copd_strat.clinical").joinpath("data", "measures.csv").read_text("utf-8")
    return pd.read_csv(StringIO(text), dtype={"months": "Int64"})
