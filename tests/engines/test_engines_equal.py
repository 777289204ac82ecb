"""Facts worked out on Spark are those of the embedded engine: text and dates exactly, doubles to 1e-9."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from engine_pair import Pair, random_pair
from test_clinical_reference import INDEX

from copd_strat.engine import packaged_sql, render

pytestmark = pytest.mark.needs_java


@pytest.fixture(scope="module")
def pair(session: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """300 random histories and a small demo population in both engines: one build on Spark for the room."""
    made = random_pair(session, tmp_path_factory.mktemp("pair"), "chain", people=300, demo=120)
    yield made
    made.close()


def test_every_table_comes_out_equal(pair: Pair) -> None:
    assert pair.differences() == []
    told = pair.told["embedded"]["facts"]
    assert told.register_size > 350
    assert {reading.measure for reading in told.readings} > {"fev1", "mrc_grade"}
    assert pair.embedded.scalar("SELECT count(*) FROM monthly_register") > 100


def test_exacerbations_come_out_equal_by_the_anchor_rule(pair: Pair) -> None:
    chained = pair.embedded.rows("SELECT * FROM counted_exacerbations ORDER BY ALL")
    pair.make_anchored(INDEX["chain"])
    assert pair.differences("counted_exacerbations", "exacerbation_facts") == []
    assert pair.embedded.rows("SELECT * FROM counted_exacerbations ORDER BY ALL") != chained


def test_a_rule_broken_on_one_engine_is_caught(pair: Pair) -> None:
    """Two days between the stays of one spell, taken for one."""
    text = packaged_sql("clinical", "spells")
    broken = text.replace("days_since_last_end <= $gap", "days_since_last_end < $gap")
    assert broken != text
    as_of = INDEX["chain"] + timedelta(days=20)
    pair.spark.create_table("spells", render(broken, {"as_of": as_of, "gap": 2}))
    assert [found.split(":")[0] for found in pair.differences("spells", "ed_visits")] == ["spells"]


@pytest.mark.slow
@pytest.mark.parametrize("rule", ["chain", "anchor"])
def test_ten_thousand_random_histories_come_out_equal(session: Any, tmp_path: Path, rule: str) -> None:
    made = random_pair(session, tmp_path, rule, people=5000)
    assert made.differences() == []
    made.close()
