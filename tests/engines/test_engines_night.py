"""The night as a call: on Spark, and on relations of a connection, the lists and the summary are those of files."""

from __future__ import annotations

import re
import stat
from collections.abc import Callable
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest
from engine_pair import next_to_equal

import copd_strat
from copd_strat import config, extracts
from copd_strat.config import EngineSettings, ExtractSource, Settings, packaged_folder
from copd_strat.engine import Engine
from copd_strat.errors import ConfigError, InputError
from copd_strat.extracts.inventory import inventory
from copd_strat.extracts.receipts import Ingested
from copd_strat.extracts.relations import write_relations
from copd_strat.publish import Outcome
from copd_strat.synthetic import SyntheticSettings, generate

END, AS_OF = date(2026, 3, 31), date(2026, 4, 10)
ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "engines.md"
CONFIG = """
title: Test ICS (SYNTHETIC)
synthetic: true
governance:
  legal_basis: nobody here exists
  approval_reference: TEST
  approval_expires: 2099-12-31
  controller: nobody
  opt_out_regime: type1
  opt_out_applied_on: 2026-03-31
extracts:
  - {layout: native, path: extracts}
output: output
engine: {memory_limit: 500MB, threads: 1}
risk: {care_setting: primary_care}
summary: {months: 2}
"""
TABLES = ("patients", "gp_events", "prescriptions", "hospital_episodes", "ed_attendances", "deaths",
          "organisations", "local_flags")  # fmt: skip


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory) -> duckdb.DuckDBPyConnection:
    """A platform's connection: typed tables of synthetic people in a schema of their own."""
    folder = tmp_path_factory.mktemp("people")
    generate(SyntheticSettings(seed=7, practices=2, register=60, years=2, end=END), folder)
    connection = duckdb.connect()
    connection.execute("CREATE SCHEMA primary_care")
    with Engine.open(EngineSettings(memory_limit="500MB", threads=1), folder / "spill") as engine:
        ingest(engine, folder / "native", folder / "work")
        for table in TABLES:
            rows = engine.table(f"SELECT * FROM {table}")
            connection.register("incoming", rows)
            connection.execute(f"CREATE TABLE primary_care.{table} AS SELECT * FROM incoming ORDER BY ALL")
            connection.unregister("incoming")
    return connection


@pytest.fixture(scope="module")
def relations() -> dict[str, str]:
    return {table: f"primary_care.{table}" for table in TABLES}


@pytest.fixture(autouse=True)
def reference_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COPD_STRAT_REFERENCE_KEY", "a key for tests with synthetic people 0123456789")


@pytest.fixture(scope="module")
def from_files(
    connection: duckdb.DuckDBPyConnection,
    relations: dict[str, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Outcome:
    """The ordinary night on Parquet files of the same rows."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("COPD_STRAT_REFERENCE_KEY", "a key for tests with synthetic people 0123456789")
        site = settings_in(tmp_path_factory.mktemp("files"))
        write_relations(connection, relations, "native", site.extracts[0].path)
        return copd_strat.night(site, as_of=AS_OF, say=quiet)


def settings_in(folder: Path) -> Settings:
    (folder / "nightly.yaml").write_text(CONFIG, encoding="utf-8")
    return config.load(folder / "nightly.yaml")


def quiet(_: str) -> None:
    """Nothing is said."""


def ingest(engine: Engine, folder: Path, work: Path) -> Ingested:
    return extracts.ingest_sources(
        engine,
        (ExtractSource(layout="native", path=folder),),
        packaged_folder("data_contracts"),
        inputs=(inventory(folder),),
        zone="Europe/London",
        work=work,
        quality=work / "quality",
        as_of=AS_OF,
    )


def published(outcome: Outcome) -> dict[str, bytes]:
    """What people are given: lists and pages of direct care, the release."""
    rooms = ("direct_care", "summary")
    found = {
        path.relative_to(outcome.path).as_posix(): path.read_bytes()
        for room in rooms
        for path in sorted((outcome.path / room).rglob("*"))
        if path.is_file()
    }
    assert {name.split("/")[0] for name in found} == set(rooms)
    return found


@pytest.mark.slow
@pytest.mark.needs_java
def test_a_night_with_its_facts_on_spark_gives_the_same_files(
    from_files: Outcome,
    session: Any,
    tmp_path: Path,
    connection: duckdb.DuckDBPyConnection,
    relations: dict[str, str],
) -> None:
    session.sql("SELECT 1").collect()  # at its first statement Spark notes where its warehouse is
    before = dict(session.sparkContext.getConf().getAll()), session.catalog.listTables()
    site = settings_in(tmp_path)
    write_relations(connection, relations, "native", site.extracts[0].path)
    outcome = copd_strat.night(site, as_of=AS_OF, spark=session, say=quiet)
    assert outcome.run_id == from_files.run_id
    assert published(outcome) == published(from_files)
    for table in ("patients", "exacerbations"):
        mine, other = (
            pq.read_table(one.path / "analyst" / f"{table}.parquet") for one in (outcome, from_files)
        )
        assert mine.schema == other.schema, table
        for name in mine.column_names:
            assert next_to_equal(mine[name].to_pylist(), other[name].to_pylist()), f"{table}.{name}"
    assert (dict(session.sparkContext.getConf().getAll()), session.catalog.listTables()) == before


def test_a_night_on_relations_gives_the_files_of_one_on_files(
    from_files: Outcome, connection: duckdb.DuckDBPyConnection, relations: dict[str, str], tmp_path: Path
) -> None:
    before = names_in(connection)
    site = settings_in(tmp_path)
    outcome = copd_strat.night(site, as_of=AS_OF, connection=connection, relations=relations, say=quiet)
    assert outcome.run_id == from_files.run_id
    assert published(outcome) == published(from_files)
    assert names_in(connection) == before
    assert not (site.output / ".adopted").exists()


def names_in(connection: duckdb.DuckDBPyConnection) -> list[Any]:
    """Every table, view, function and type that somebody made in the connection."""
    sources = ("duckdb_tables", "duckdb_views", "duckdb_schemas", "duckdb_types", "duckdb_functions")
    return [
        connection.execute(f"FROM {source}() WHERE NOT internal ORDER BY ALL").fetchall()
        for source in sources
    ]


def test_a_fault_in_a_relation_is_set_aside_and_counted_as_in_a_file(
    connection: duckdb.DuckDBPyConnection, relations: dict[str, str], tmp_path: Path
) -> None:
    connection.execute(
        "CREATE OR REPLACE VIEW primary_care.with_faults AS SELECT * REPLACE ("
        "CASE WHEN row_number() OVER () % 50 = 0 THEN DATE '2031-01-01' ELSE event_date END AS event_date)"
        " FROM primary_care.gp_events"
    )
    faulty = relations | {"gp_events": "primary_care.with_faults"}
    write_relations(connection, faulty, "native", tmp_path / "adopted")
    csv = tmp_path / "files"
    csv.mkdir()
    for table, relation in faulty.items():
        connection.execute(f"COPY (SELECT * FROM {relation}) TO '{csv / table}.csv' (HEADER)")
    connection.execute("DROP VIEW primary_care.with_faults")
    counts = [counted(folder, tmp_path / f"work_{folder.name}") for folder in (tmp_path / "adopted", csv)]
    assert counts[0] == counts[1]
    broken = {rule: rows for rule, rows in counts[0].items() if rows and rule.startswith("native.gp_events")}
    assert broken.get("native.gp_events.event_date.not_future", 0) > 0, broken


def counted(folder: Path, work: Path) -> dict[str, int]:
    """Rows by rule, and those that came through by table."""
    with Engine.open(EngineSettings(memory_limit="500MB", threads=1), work / "spill") as engine:
        found = ingest(engine, folder, work)
        rules = {rule: rows for table in found.tables for rule, rows in table.rules.items()}
        return rules | {table: engine.scalar(f"SELECT count(*) FROM {table}") for table in TABLES}


def test_the_folder_of_relations_is_closed_to_others(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    write_relations(connection, {"patients": "primary_care.patients"}, "native", tmp_path / "adopted")
    assert stat.S_IMODE((tmp_path / "adopted").stat().st_mode) == 0o700


@pytest.mark.parametrize(
    ("relations", "layout", "error"),
    [
        ({"patients": "primary_care.nobody"}, "native", InputError),
        ({"patients": "primary_care.patients; DROP TABLE x"}, "native", ConfigError),
        ({"people": "primary_care.patients"}, "native", ConfigError),
        ({"patients": "primary_care.patients"}, "unheard_of", ConfigError),
    ],
)
def test_what_cannot_be_adopted_is_told(
    connection: duckdb.DuckDBPyConnection,
    relations: dict[str, str],
    layout: str,
    error: type[Exception],
    tmp_path: Path,
) -> None:
    with pytest.raises(error, match=r"relation|layout"):
        write_relations(connection, relations, layout, tmp_path / "adopted")


def blocks() -> list[str]:
    return re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.needs_java
def test_the_page_calls_the_night_as_it_is(
    connection: duckdb.DuckDBPyConnection, session: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Each block runs as it stands, up to the night itself: that one is run by the tests above."""
    settings_in(tmp_path)
    connection.execute("CREATE OR REPLACE VIEW primary_care.people AS FROM primary_care.patients")
    calls: list[dict[str, Any]] = []
    real: Callable[..., Outcome] = copd_strat.night

    def seen(settings: Settings, **named: Any) -> SimpleNamespace:
        assert set(named) <= set(real.__annotations__)
        calls.append(named)
        return SimpleNamespace(status="published", run_id="20260410-0")

    monkeypatch.setattr(copd_strat, "night", seen, raising=False)
    for block in blocks():
        given = {"settings_file": tmp_path / "nightly.yaml", "spark": session, "connection": connection}
        exec(block, given)
    connection.execute("DROP VIEW primary_care.people")
    assert [sorted(call) for call in calls] == [["as_of", "spark"], ["as_of", "connection", "relations"]]
