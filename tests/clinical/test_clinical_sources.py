"""Queries and clinical tables say where they come from, and name only what exists."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import pytest

from copd_strat.clinical.dictionary import features, needs, shown_columns
from copd_strat.clinical.lookups import CATEGORIES, read_lookup
from copd_strat.codelists import meanings

ROOM = Path(str(resources.files("copd_strat.clinical")))
QUERIES = sorted(ROOM.joinpath("sql").glob("*.sql"))
TABLES = sorted(ROOM.joinpath("data").glob("*.csv"))


def header(text: str) -> str:
    lines = text.splitlines()
    return "\n".join(lines[: next(n for n, line in enumerate(lines) if not line.startswith("--"))])


@pytest.mark.parametrize("path", QUERIES, ids=lambda path: path.stem)
def test_a_query_names_its_source_at_its_top(path: Path) -> None:
    assert "\n-- Source: " in header(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", TABLES, ids=lambda path: path.stem)
def test_a_clinical_table_names_the_source_of_every_row_and_known_concepts(path: Path) -> None:
    rows = read_lookup(path.read_text(encoding="utf-8"))
    assert rows["source"].notna().all()
    for column in set(CATEGORIES) & set(rows):
        assert set(rows[column]) <= set(meanings())


def test_codes_of_mappings_stand_in_tables_not_in_queries() -> None:
    """Long lists of concepts or codes are data; a query may name a few words of its own."""
    for path in QUERIES:
        text = path.read_text(encoding="utf-8")
        assert not [word for word in ("VALUES", "bit_", " & ") if word in text], path.stem


def test_a_shown_column_is_in_the_dictionary_and_needs_known_facts() -> None:
    names, facts = {feature.name for feature in features()}, {need.feature for need in needs()}
    assert {rule.column for rule in shown_columns()} <= names
    assert {fact for rule in shown_columns() for fact in rule.facts} <= facts
