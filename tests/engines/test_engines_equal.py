"""Facts worked out on Spark are those of the embedded engine: text and dates exactly, doubles to 1e-9."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from engine_pair import Pair, random_pair

from copd_strat import codelists, extracts
from copd_strat.config import ClinicalSettings, ExtractSource, packaged_folder
from copd_strat.engine import spark as spark_module
from copd_strat.engine.spark_dialect import to_spark
from copd_strat.extracts.inventory import inventory
from copd_strat.synthetic import SyntheticSettings, generate
from datetime import date

pytestmark = pytest.mark.needs_java

END, AS_OF = date(2026, 3, 31), date(2026, 4, 10)


@pytest.mark.parametrize("rule", ["chain", "anchor"])
def test_random_histories_come_out_equal(session: Any, tmp_path: Path, rule: str) -> None:
    pair = random_pair(session, tmp_path, rule, people=300)
    assert pair.differences() == []
    assert pair.embedded.scalar("SELECT count(*) FROM features") > 250
    pair.close()


@pytest.mark.slow
@pytest.mark.parametrize("rule", ["chain", "anchor"])
def test_ten_thousand_random_histories_come_out_equal(session: Any, tmp_path: Path, rule: str) -> None:
    pair = random_pair(session, tmp_path, rule, people=5000)
    assert pair.differences() == []
    pair.close()


def test_a_demo_population_comes_out_equal(session: Any, tmp_path: Path) -> None:
    """Measurements, units, flags and organisations, which random histories lack."""
    generate(SyntheticSettings(seed=7, practices=3, register=120, years=2, end=END), tmp_path / "people")
    pair, native = Pair.open(session, tmp_path), tmp_path / "people" / "native"
    extracts.ingest_sources(
        pair.embedded,
        (ExtractSource(layout="native", path=native),),
        packaged_folder("data_contracts"),
        inputs=(inventory(native),),
        zone="Europe/London",
        work=tmp_path / "work",
        quality=tmp_path / "quality",
        as_of=AS_OF,
    )
    codelists.load(pair.embedded)
    pair.build(ClinicalSettings(), AS_OF, END)
    assert pair.differences() == []
    told = pair.told["embedded"]["facts"]
    assert told.register_size > 60
    assert told.readings
    pair.close()


def test_a_rule_broken_on_one_engine_is_caught(
    session: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(sql: str) -> str:
        return to_spark(sql.replace("NOT BETWEEN 21 AND 45", "NOT BETWEEN 21 AND 44"))

    monkeypatch.setattr(spark_module, "to_spark", broken)
    pair = random_pair(session, tmp_path, "chain", people=300)
    assert any(found.startswith("features: ") for found in pair.differences())
    pair.close()
