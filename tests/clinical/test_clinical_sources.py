"""Queries and clinical tables say where they come from, and name only what exists."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import pytest

from copd_strat.clinical.dictionary import features, needs, shown_columns
from copd_strat.clinical.lookups import CATEGORIES, lookups
from copd_strat.codelists import meanings
from copd_strat.contracts.own_tables import own_table

ROOM = Path(str(resources.files("copd_strat.clinical")))
QUERIES = sorted(ROOM.joinpath("sql").glob("*.sql"))


def header(text: str) -> str:
    lines = text.splitlines()
    return "\n".join(lines[: next(n for n, line in enumerate(lines) if not line.startswith("--"))])


@pytest.mark.parametrize("path", QUERIES, ids=lambda path: path.stem)
def test_a_query_names_its_source_at_its_top(path: Path) -> None:
    assert "\n-- Source: " in header(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", sorted(lookups()))
def test_a_clinical_table_names_the_source_of_every_row_and_known_concepts(name: str) -> None:
    rows = lookups()[name].to_pandas()
    assert rows["source"].notna().all()
    for column in set(CATEGORIES) & set(rows):
        assert set(rows[column].dropna()) <= set(meanings())


def test_codes_of_mappings_stand_in_tables_not_in_queries() -> None:
    """Long lists of concepts or codes are data; a query may name a few words of its own."""
    for path in QUERIES:
        text = path.read_text(encoding="utf-8")
        assert not [word for word in ("VALUES", "bit_", " & ") if word in text], path.stem


FEATURE_OF_MEASURE = {
    "mrc_grade": "mrc",
    "cat_score": "cat",
    "fev1": "fev1_litres",
    "fev1_pct_pred": "fev1_pct_predicted",
    "fev1_fvc_ratio": "fev1_fvc_ratio",
    "fvc": "fvc_litres",
    "height": "height_cm",
    "bmi": "bmi",
    "eosinophil_count": "eosinophils",
    "spo2": "spo2",
    "exacerbation_count": "coded_exacerbation_count",
}


def test_readings_are_read_within_the_bounds_that_the_gate_holds_them_to() -> None:
    contract = own_table("internal", "features")
    bounds = {
        name: {
            rule.check: rule.arguments[rule.check]
            for rule in contract.rules
            if rule.column == name and rule.check in ("minimum", "maximum")
        }
        for name in FEATURE_OF_MEASURE.values()
    }
    measures = lookups()["measures"].to_pandas()
    for measure in measures.itertuples():
        if measure.measure in FEATURE_OF_MEASURE:
            held = bounds[FEATURE_OF_MEASURE[measure.measure]]
            assert held == {"minimum": measure.lowest, "maximum": measure.highest}, measure.measure


def test_a_shown_column_is_in_the_dictionary_and_needs_known_facts() -> None:
    names, facts = {feature.name for feature in features()}, {need.feature for need in needs()}
    assert {rule.column for rule in shown_columns()} <= names
    assert {fact for rule in shown_columns() for fact in rule.facts} <= facts
