"""The SQL of the clinical facts is one text that both engines read alike: what would part them is not in it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlglot
from sqlglot import expressions as exp
from sqlglot.dialects.duckdb import DuckDB

import copd_strat
from copd_strat.engine.spark_dialect import REWRITES, to_spark

ROOT = Path(copd_strat.__file__).parent
TEXTS = sorted([*ROOT.glob("clinical/sql/*.sql"), *ROOT.glob("codelists/sql/*.sql")])

# What Spark does not have, or reads as something else, and what to write instead.
NOT_CARRIED_OVER = {
    r"\bMATERIALIZED\b": "a table of its own",
    r"\*\s*REPLACE\s*\(": "the columns by name",
    r"\bCREATE\s+TYPE\b": "create_categories of the engine",
    r"\barg_(max|min)\(": "max_by, min_by: mind that Spark's keep a missing value",
    r"\blist(_\w+)?\(": "array_agg, array_sort",
    r"\bstring_agg\(": "array_to_string(array_sort(array_agg(…)), …)",
    r"\bQUALIFY\b": "a subquery",
    r"\bASOF\b": "a window",
    r"\bDISTINCT\s+ON\b": "row_number()",
    r"\bBY\s+(NAME|ALL)\b": "the columns by name",
    r"::": "CAST",
    r"\bstr[fp]time\(": "make_date, year, month, day",
    r"\bdate_(trunc|part|add|sub)\(": "year, month, day, INTERVAL",
    r"\bdate_diff\(\s*'(?!day')": "days",
    r"(?<!BY )\bltrim\([^()]*,|\brtrim\([^()]*,": "regexp_replace: the arguments stand the other way round",
    r"/ *[0-9]+\.[0-9]+(?!\))(?! AS DOUBLE)(?<!2\.0)": "CAST(… AS DOUBLE): it is a decimal of six places in Spark",
    r"'[^'\n]*\\[0-9][^'\n]*'": "CASE: groups are written otherwise in a replacement",
}
# Columns that order rows and are never missing; every other one says where NULL goes, which engines do
# differently in ascending order.
NEVER_MISSING = {
    "admission_date", "arrival_date", "birth_date", "copy", "counting", "day", "days", "end_date", "episode_id",
    "episode_order", "episode_start", "event_date", "height_date", "next_day", "patient", "patient_id", "place",
    "practice_id", "precedence", "preference", "provider_spell", "sex", "source", "spell_number", "start_date",
    "step_order", "transit",
}  # fmt: skip


class NullsFirst(DuckDB):
    """Reads an ascending order that says nothing as Spark does."""

    NULL_ORDERING = "nulls_are_small"


def found_in(text: str) -> dict[str, str]:
    code = re.sub(r"--[^\n]*", "", text)
    return {found[0]: say for pattern, say in NOT_CARRIED_OVER.items() if (found := re.search(pattern, code))}


def bare(text: str) -> str:
    """The text with a literal in each place, as it would be run."""
    return re.sub(r"\$[a-z_]+", "DATE '2025-12-31'", re.sub(r"\$gap", "14", text))


def loose_orders(text: str) -> Iterator[str]:
    """Ascending sort keys that may be missing and do not say where NULL goes."""
    for ordered in sqlglot.parse_one(bare(text), read=NullsFirst).find_all(exp.Ordered):
        column = ordered.this
        left_open = ordered.args["nulls_first"] and isinstance(column, exp.Column)
        if left_open and column.name not in NEVER_MISSING:
            yield column.sql()


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.stem)
def test_a_text_holds_nothing_that_does_not_carry_over(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert found_in(text) == {}
    assert list(loose_orders(text)) == []


@pytest.mark.parametrize(
    "text",
    [
        "SELECT arg_max(a, b) FROM t",
        "SELECT * REPLACE (1 AS a) FROM t",
        "WITH s AS MATERIALIZED (SELECT 1) SELECT * FROM s",
        "SELECT list_sort(list(a)) FROM t",
        "SELECT days / 365.25 FROM t",
        "SELECT ltrim(code, '0') FROM t",
        r"SELECT regexp_replace(a, '^(.{4})', '\1') FROM t",
    ],
)
def test_what_does_not_carry_over_is_found(text: str) -> None:
    assert len(found_in(text)) == 1


def test_an_order_that_leaves_null_to_the_engine_is_found() -> None:
    assert list(loose_orders("SELECT row_number() OVER (ORDER BY patient, ethnicity) FROM t")) == [
        "ethnicity"
    ]
    assert not list(loose_orders("SELECT row_number() OVER (ORDER BY ethnicity NULLS LAST) FROM t"))
    assert not list(loose_orders("SELECT row_number() OVER (ORDER BY ethnicity DESC) FROM t"))


def test_literals_keep_their_value_and_words_in_them_their_spelling() -> None:
    text = "SELECT 'it''s a VARCHAR', '\\s' -- EXCLUDE (a)\nFROM t WHERE CAST(a AS VARCHAR) = ''"
    assert to_spark(text) == "SELECT 'it\\'s a VARCHAR', '\\\\s' \nFROM t WHERE CAST(a AS STRING) = ''"


def test_no_rewrite_is_idle() -> None:
    """Each stands for a word that the texts or the queries made of contracts hold."""
    texts = " ".join(path.read_text(encoding="utf-8") for path in [*TEXTS, *ROOT.glob("clinical/*.py")])
    assert [here for here, _ in REWRITES if not re.search(here, texts)] == []


@pytest.mark.needs_java
def test_sparks_own_parser_reads_every_text(session: Any) -> None:
    parser = session._jsparkSession.sessionState().sqlParser()
    for path in TEXTS:
        parser.parsePlan(to_spark(bare(path.read_text(encoding="utf-8"))))


@pytest.mark.needs_java
def test_sparks_own_parser_refuses_what_it_does_not_know(session: Any) -> None:
    from pyspark.errors import ParseException

    parser = session._jsparkSession.sessionState().sqlParser()
    with pytest.raises(ParseException):
        parser.parsePlan(to_spark("SELECT * REPLACE (1 AS a) FROM t"))
