"""Which engine works out the facts, and that Spark leaves nothing behind."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from copd_strat.config import EngineSettings
from copd_strat.engine import Engine, facts_engine
from copd_strat.errors import ConfigError


@pytest.fixture
def embedded(tmp_path: Path) -> Iterator[Engine]:
    with Engine.open(EngineSettings(memory_limit="256MB", threads=1), tmp_path / "spill") as engine:
        yield engine


def test_facts_are_worked_out_where_the_extracts_are(embedded: Engine, tmp_path: Path) -> None:
    with facts_engine(embedded, EngineSettings(), tmp_path / "spark") as chosen:
        assert chosen is embedded
        chosen.take(embedded, "patients")
        chosen.bring(embedded, "register")
    assert not (tmp_path / "spark").exists()


def test_without_spark_the_setting_is_refused(
    embedded: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyspark", None)
    chosen = facts_engine(embedded, EngineSettings(facts="spark"), tmp_path / "spark")
    with pytest.raises(ConfigError, match=r"engine.facts: Spark is not installed"), chosen:
        pass


@pytest.mark.needs_java
def test_spark_takes_makes_and_brings_tables_and_leaves_nothing(
    session: Any, embedded: Engine, tmp_path: Path
) -> None:
    takes_makes_and_brings(embedded, EngineSettings(facts="spark"), tmp_path)
    assert session.sql("SELECT 1 AS one").collect()[0].one == 1
    assert not session.catalog.tableExists("measures")


@pytest.mark.needs_java
def test_a_server_of_spark_connect_does_the_same(
    session: Any, connect_address: str, embedded: Engine, tmp_path: Path
) -> None:
    takes_makes_and_brings(embedded, EngineSettings(facts="spark", spark=connect_address), tmp_path)
    assert session.sql("SELECT 1 AS one").collect()[0].one == 1


@pytest.mark.needs_java
def test_a_session_of_spark_connect_goes_on_after_the_night(
    connect_address: str, embedded: Engine, tmp_path: Path
) -> None:
    from pyspark.sql.connect.session import SparkSession

    theirs = SparkSession.builder.remote(connect_address).create()
    theirs.sql("SELECT 2 AS two").createOrReplaceTempView("measures")
    takes_makes_and_brings(embedded, EngineSettings(), tmp_path, theirs)
    assert theirs.table("measures").collect()[0].two == 2
    theirs.client.release_session()


@pytest.mark.needs_java
def test_a_server_that_does_not_answer_is_told(
    connect_address: str, embedded: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pyspark.errors import PySparkException
    from pyspark.sql.connect.session import SparkSession

    def silent(*_: Any) -> None:
        raise PySparkException("after a dozen tries")

    monkeypatch.setattr(SparkSession, "sql", silent)
    chosen = facts_engine(embedded, EngineSettings(facts="spark", spark=connect_address), tmp_path / "spark")
    with pytest.raises(ConfigError, match=r"does not start on sc://(.|\n)*a server answers"), chosen:
        pass


def takes_makes_and_brings(
    embedded: Engine, settings: EngineSettings, folder: Path, session: Any = None
) -> None:
    embedded.register_frame(
        "patients", pa.table({"patient_id": ["b", None, "a"], "birth_year": [1950, 1960, None]})
    )
    with facts_engine(embedded, settings, folder / "spark", session) as chosen:
        chosen.take(embedded, "patients", "local_flags")
        assert not chosen.has_table("local_flags")
        chosen.create_table("people", "SELECT CAST(patient_id AS VARCHAR) AS patient_id FROM patients")
        # made from the one that it replaces
        chosen.create_table("people", "SELECT * EXCLUDE (patient_id), patient_id AS id FROM people")
        chosen.register_frame("measures", pa.table({"measure": ["fev1"], "none": [None]}), {"measure": "x"})
        assert chosen.columns("measures") == ("measure", "none")
        assert chosen.scalar("SELECT count(*) FROM measures WHERE regexp_matches(measure, '^fev\\d$')") == 1
        chosen.bring(embedded, "people")
        chosen.drop("people")
        assert not chosen.has_table("people")
    assert embedded.rows("SELECT id FROM people ORDER BY id NULLS LAST") == [("a",), ("b",), (None,)]
    assert not (folder / "spark").exists()
