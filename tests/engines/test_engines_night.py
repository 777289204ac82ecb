"""The night as a call: on Spark, and on relations of a connection, the lists and the summary are those of files."""

from __future__ import annotations

import shlex
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from shutil import copytree
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from deltalake import DeltaTable, write_deltalake
from engine_pair import next_to_equal
from platform_standins import Foundry, blocks, in_lakehouse

import copd_strat
from copd_strat import config, extracts
from copd_strat.cli import commands
from copd_strat.config import EngineSettings, ExtractSource, Settings, packaged_folder
from copd_strat.engine import Engine
from copd_strat.errors import ConfigError, CopdStratError, InputError
from copd_strat.extracts.inventory import inventory
from copd_strat.extracts.receipts import Ingested
from copd_strat.extracts.relations import write_relations
from copd_strat.plan import Night, plan
from copd_strat.publish import Outcome
from copd_strat.synthetic import SyntheticSettings, generate

END, AS_OF = date(2026, 3, 31), date(2026, 4, 10)
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
        adopt(connection, relations, site.extracts[0].path)
        return copd_strat.night(site, as_of=AS_OF, say=quiet)


def settings_in(folder: Path) -> Settings:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "nightly.yaml").write_text(CONFIG, encoding="utf-8")
    return config.load(folder / "nightly.yaml")


def adopt(connection: Any, relations: dict[str, str], folder: Path) -> None:
    write_relations(connection, relations, "native", folder, zone="Europe/London")


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
    adopt(connection, relations, site.extracts[0].path)
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


@pytest.mark.slow
@pytest.mark.needs_java
def test_a_night_on_relations_of_spark_gives_the_lists_of_one_on_files(
    from_files: Outcome,
    connection: duckdb.DuckDBPyConnection,
    session: Any,
    relations: dict[str, str],
    tmp_path: Path,
) -> None:
    """Spark's tasks write other bytes of the same rows, so the run's id differs."""
    site = settings_in(tmp_path)
    with stood_in(session, connection, relations) as named:
        before = session.sql("SHOW TABLES").collect()
        outcome = copd_strat.night(site, as_of=AS_OF, connection=session, relations=named, say=quiet)
        assert session.sql("SHOW TABLES").collect() == before
    assert without_run(outcome) == without_run(from_files)
    assert not (site.output / ".adopted").exists()


def test_a_night_in_a_foundry_transform_gives_the_files_of_one_on_files(
    from_files: Outcome,
    connection: duckdb.DuckDBPyConnection,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """The page's transform, run by a stand-in of the platform: a whole night on relations of its connection."""
    stand_in = Foundry(
        {table: connection.table(f"primary_care.{table}").to_arrow_table() for table in TABLES}
    )
    site = settings_in(tmp_path)
    outcomes = nights_of(monkeypatch, lambda real, settings, named: real(settings, **named, say=quiet))
    (block,) = blocks("foundry.md")
    with stand_in.installed():
        exec(block, {"__file__": str(tmp_path / "transform.py")})
        stand_in.run()
    (outcome,) = outcomes
    assert published(outcome) == published(from_files)
    assert stand_in.left_behind == set()
    assert not (site.output / ".adopted").exists()
    for name, file in {"scored": "analyst/patients", "indicators": "summary/fact_indicator"}.items():
        written = stand_in.outputs[name].written
        assert written is not None
        assert written.to_pylist() == pq.read_table(outcome.path / f"{file}.parquet").to_pylist(), name


def nights_of(
    monkeypatch: pytest.MonkeyPatch, take: Callable[[Any, Settings, dict[str, Any]], Outcome]
) -> list[Outcome]:
    """Nights that a page's code begins are taken by ``take``, on the tests' run date; gives their outcomes."""
    real, outcomes = copd_strat.night, list[Outcome]()

    def night(settings: Settings, **named: Any) -> Outcome:
        assert set(named) <= set(real.__annotations__)
        assert named["as_of"] in (AS_OF, date.today())
        outcomes.append(take(real, settings, named | {"as_of": AS_OF}))
        return outcomes[-1]

    monkeypatch.setattr(copd_strat, "night", night, raising=False)
    return outcomes


@pytest.fixture(scope="module")
def faulty(
    connection: duckdb.DuckDBPyConnection, relations: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> tuple[dict[str, str], dict[str, int]]:
    """Relations one of which has events of the future, and what is counted of the same rows in CSV files."""
    connection.execute(
        "CREATE OR REPLACE TEMP VIEW with_faults AS SELECT * REPLACE ("
        "CASE WHEN row_number() OVER () % 50 = 0 THEN DATE '2031-01-01' ELSE event_date END AS event_date)"
        " FROM primary_care.gp_events"
    )
    named, folder = relations | {"gp_events": "with_faults"}, tmp_path_factory.mktemp("csv")
    for table, relation in named.items():
        connection.execute(f"COPY (SELECT * FROM {relation}) TO '{folder / table}.csv' (HEADER)")
    counts = counted(folder, tmp_path_factory.mktemp("work"))
    assert counts["native.gp_events.event_date.not_future"] > 10
    return named, counts


def test_a_fault_in_a_relation_is_set_aside_and_counted_as_in_a_file(
    connection: duckdb.DuckDBPyConnection, faulty: tuple[dict[str, str], dict[str, int]], tmp_path: Path
) -> None:
    """The one with faults is a temporary view, which only the connection itself sees."""
    adopt(connection, faulty[0], tmp_path / "adopted")
    assert counted(tmp_path / "adopted", tmp_path / "work") == faulty[1]


@pytest.mark.needs_java
def test_a_fault_in_a_relation_of_spark_is_set_aside_and_counted_as_in_a_file(
    connection: duckdb.DuckDBPyConnection,
    session: Any,
    faulty: tuple[dict[str, str], dict[str, int]],
    tmp_path: Path,
) -> None:
    with stood_in(session, connection, faulty[0]) as named:
        adopt(session, named, tmp_path / "adopted")
    assert counted(tmp_path / "adopted", tmp_path / "work") == faulty[1]


@contextmanager
def stood_in(
    session: Any, connection: duckdb.DuckDBPyConnection, relations: dict[str, str]
) -> Iterator[dict[str, str]]:
    """The relations as views of a Spark session."""
    named = {table: f"stood_{table}" for table in relations}
    for table, relation in relations.items():
        rows = connection.table(relation).to_arrow_table()
        session.createDataFrame(rows).coalesce(1).createOrReplaceTempView(named[table])
    yield named
    for name in named.values():
        session.catalog.dropTempView(name)


@pytest.mark.needs_java
@pytest.mark.parametrize("zone", ["UTC", "America/New_York"])
def test_a_moment_of_spark_becomes_local_time(session: Any, zone: str, tmp_path: Path) -> None:
    """Half past eleven at night in UTC is the next day in an English summer, whatever the session's own zone."""
    theirs = session.newSession()
    theirs.conf.set("spark.sql.session.timeZone", zone)
    moment = (
        "TIMESTAMP '2026-04-30 23:30:00Z' AS event_date, TIMESTAMP_NTZ '2026-04-30 23:30:00' AS `as told`"
    )
    theirs.sql(f"SELECT 'p1' AS patient_id, {moment}").createOrReplaceTempView("journal")
    adopt(theirs, {"gp_events": "journal"}, tmp_path / "adopted")
    found = duckdb.read_parquet(str(tmp_path / "adopted" / "gp_events" / "part_00000.parquet")).fetchall()
    assert found == [("p1", datetime(2026, 5, 1, 0, 30), datetime(2026, 4, 30, 23, 30))]


@pytest.mark.needs_java
def test_relations_of_a_spark_connect_session_are_adopted(connect_address: str, tmp_path: Path) -> None:
    from pyspark.sql.connect.session import SparkSession

    theirs = SparkSession.builder.remote(connect_address).create()
    theirs.sql("SELECT 'p1' AS patient_id, DATE '1800-01-01' AS event_date").createOrReplaceTempView(
        "journal"
    )
    adopt(theirs, {"gp_events": "journal"}, tmp_path / "adopted")
    found = duckdb.read_parquet(str(tmp_path / "adopted" / "gp_events" / "*.parquet")).fetchall()
    assert found == [("p1", date(1800, 1, 1))]
    theirs.client.release_session()


@pytest.mark.needs_java
def test_what_spark_writes_out_of_sight_is_told(
    session: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where workers have no folder in common with this program."""
    from pyspark.sql import DataFrameWriter

    monkeypatch.setattr(DataFrameWriter, "parquet", lambda *_: None)
    session.sql("SELECT 'p1' AS patient_id").createOrReplaceTempView("journal")
    with pytest.raises(InputError, match=r"journal is not at (.|\n)*same path"):
        adopt(session, {"gp_events": "journal"}, tmp_path / "adopted")
    session.catalog.dropTempView("journal")


def counted(folder: Path, work: Path) -> dict[str, int]:
    """Rows by rule, and those that came through by table."""
    with Engine.open(EngineSettings(memory_limit="500MB", threads=1), work / "spill") as engine:
        found = ingest(engine, folder, work)
        rules = {rule: rows for table in found.tables for rule, rows in table.rules.items()}
        return rules | {table: engine.scalar(f"SELECT count(*) FROM {table}") for table in TABLES}


def test_the_folder_of_relations_is_closed_to_others(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    adopt(connection, {"patients": "primary_care.patients"}, tmp_path / "adopted")
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
        write_relations(connection, relations, layout, tmp_path / "adopted", zone="UTC")


@pytest.mark.needs_java
def test_what_cannot_be_adopted_of_spark_is_told(session: Any, tmp_path: Path) -> None:
    for name in ("nobody", "people; DROP TABLE x"):
        with pytest.raises(InputError, match=r"relations: .* cannot be read"):
            adopt(session, {"patients": name}, tmp_path / "adopted")


def test_what_is_no_connection_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"connection: a str is not known here"):
        adopt("duckdb://", {"patients": "people"}, tmp_path / "adopted")


@pytest.mark.needs_java
def test_the_pages_call_the_night_as_it_is(
    from_files: Outcome,
    connection: duckdb.DuckDBPyConnection,
    session: Any,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """Each block runs as it stands, up to the night itself: that one is run by the tests above."""
    settings_in(tmp_path)
    given = {"settings_file": tmp_path / "nightly.yaml", "spark": session, "connection": connection}
    calls: list[list[str]] = []

    def told(_: Any, __: Settings, named: dict[str, Any]) -> Outcome:
        calls.append(sorted(named))
        return from_files

    nights_of(monkeypatch, told)
    for block in blocks("engines.md"):
        exec(block, dict(given))
    on_relations = ["as_of", "connection", "relations"]
    assert calls == [["as_of", "spark"], on_relations, on_relations]


def lakehouse_in(folder: Path, connection: duckdb.DuckDBPyConnection) -> Path:
    """The folder that a Fabric notebook has mounted: Delta tables, and the configuration of the page."""
    files = folder / "Files" / "copd"
    files.mkdir(parents=True)
    (extracts_block,) = blocks("fabric.md", "yaml")
    ours = CONFIG.replace("extracts:\n  - {layout: native, path: extracts}\noutput: output\n", extracts_block)
    assert ours != CONFIG
    (files / "nightly.yaml").write_text(in_lakehouse(ours, folder), encoding="utf-8")
    for table in TABLES:
        rows = connection.table(f"primary_care.{table}").to_arrow_table()
        write_deltalake(folder / "Tables" / "copd" / table, rows)
    # rows that were deleted again, and still lie there
    gone = DeltaTable(folder / "Tables" / "copd" / "gp_events")
    write_deltalake(gone, gone.to_pyarrow_table().slice(0, 50), mode="append")
    DeltaTable(gone.table_uri).restore(0)
    return folder


@pytest.mark.slow
def test_a_night_in_a_fabric_notebook_gives_the_lists_of_one_on_files(
    from_files: Outcome,
    connection: duckdb.DuckDBPyConnection,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """On Delta tables; run ids differ, since the files do, and stand in names and cells."""
    lakehouse = lakehouse_in(tmp_path / "lakehouse", connection)
    outcomes = nights_of(monkeypatch, lambda real, settings, named: real(settings, **named, say=quiet))
    exec(in_lakehouse(blocks("fabric.md")[0], lakehouse), {})
    assert without_run(outcomes[0]) == without_run(from_files)


@pytest.mark.needs_java
def test_the_fabric_page_does_what_it_says(
    from_files: Outcome,
    connection: duckdb.DuckDBPyConnection,
    session: Any,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """Its code runs up to the night; its command writes Delta tables that read back equal."""
    lakehouse = lakehouse_in(tmp_path / "lakehouse", connection)
    read: list[int] = []

    def planned(_: Any, settings: Settings, named: dict[str, Any]) -> Outcome:
        found = plan(Night(settings=settings, as_of=named["as_of"]))
        read.append(sum(item.name.endswith(".parquet") for source in found.sources for item in source.inputs))
        return from_files

    nights_of(monkeypatch, planned)
    for block in blocks("fabric.md"):
        exec(in_lakehouse(block, lakehouse), {"spark": session})
    assert read == [len(TABLES)] * 2
    indicators = session.table("copd_indicators").toArrow()
    assert (
        indicators.num_rows == pq.read_metadata(from_files.path / "summary/fact_indicator.parquet").num_rows
    )
    session.catalog.dropTempView("copd_indicators")
    copytree(from_files.path.parents[1], lakehouse / "Files" / "copd" / "output")
    (command,) = blocks("fabric.md", "sh")
    words = shlex.split(in_lakehouse(command, lakehouse))
    for _ in range(2):
        done = CliRunner().invoke(commands, words[1:])
        assert done.exit_code == 0, done.output
    for room, folder in {"analyst": "copd_patients", "summary": "copd_summary"}.items():
        files = sorted((from_files.path / room).glob("*.parquet"))
        assert {path.stem for path in files} == {
            path.name for path in (lakehouse / "Tables" / folder).iterdir()
        }
        for path in files:
            table = DeltaTable(lakehouse / "Tables" / folder / path.stem)
            assert table.to_pyarrow_table().to_pylist() == pq.read_table(path).to_pylist(), path.name
            assert [commit["run"] for commit in table.history()] == [from_files.path.name] * 2


def without_run(outcome: Outcome) -> dict[str, bytes]:
    """What is published, without the run's id in it; workbooks, which are compressed, left out."""
    run = outcome.run_id.encode()
    return {
        name: content.replace(run, b"RUN")
        for name, content in published(outcome).items()
        if not name.endswith((".xlsx", ".parquet"))
    }


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "nothing to write"),
        (["--analyst", "one", "--summary", "one/two"], "lie in each other"),
        (["--summary", "{output}/delta"], "lie in each other"),
        (["--summary", "{files}"], "no Delta table"),
        (["20200101-none", "--summary", "one"], "no run '20200101-none'"),
    ],
)
def test_delta_tables_are_written_nowhere_else(
    from_files: Outcome, words: list[str], message: str, tmp_path: Path
) -> None:
    output = from_files.path.parents[1]
    (tmp_path / "files" / "fact_indicator").mkdir(parents=True)
    places = {"output": output, "files": tmp_path / "files"}
    given = [str(tmp_path / w) if w in ("one", "one/two") else w.format(**places) for w in words]
    done = CliRunner().invoke(commands, ["delta", "--config", str(output.parent / "nightly.yaml"), *given])
    assert isinstance(done.exception, CopdStratError)
    assert message in str(done.exception)
