from __future__ import annotations

import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from copd_strat.config import EngineSettings
from copd_strat.engine import Engine, literal, render
from copd_strat.errors import ConfigError


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return Engine.open(EngineSettings(memory_limit="300MB", threads=1), tmp_path / "spill")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "NULL"),
        (True, "TRUE"),
        (3, "3"),
        (0.5, "0.5"),
        (date(2026, 2, 28), "DATE '2026-02-28'"),
        ("O'Neill'; DROP TABLE x; --", "'O''Neill''; DROP TABLE x; --'"),
        (["a", 1], "('a', 1)"),
    ],
)
def test_a_literal_is_quoted(value: object, text: str) -> None:
    assert literal(value) == text  # type: ignore[arg-type]


def test_a_hostile_literal_stays_a_value(engine: Engine) -> None:
    hostile = "x'; SELECT 1; --"
    assert engine.scalar(f"SELECT {literal(hostile)}") == hostile


def test_a_place_without_a_value_is_refused() -> None:
    with pytest.raises(KeyError):
        render("SELECT $index_date", {})


def test_a_table_name_cannot_carry_sql(engine: Engine) -> None:
    with pytest.raises(ValueError, match="not a plain SQL name"):
        engine.create_table("x AS SELECT 1; --", "SELECT 1")


def test_ids_come_out_as_text_and_gaps_as_gaps(engine: Engine) -> None:
    frame = engine.frame("SELECT '123456789012345678' AS id, CAST(NULL AS INTEGER) AS n")
    assert frame["id"].tolist() == ["123456789012345678"]
    assert frame["n"].isna().all()
    assert str(frame["n"].dtype) == "int32[pyarrow]"


def test_what_is_dropped_is_gone_and_the_rest_stays(engine: Engine) -> None:
    engine.create_table("events", "SELECT 1 AS n")
    engine.create_table("facts", "SELECT n FROM events")
    engine.create_view("seen", "SELECT n FROM events")
    engine.drop("seen", "events")
    assert engine.rows("SELECT table_name FROM information_schema.tables") == [("facts",)]


def test_too_little_memory_is_an_error_a_person_can_mend(tmp_path: Path) -> None:
    engine = Engine.open(EngineSettings(memory_limit="20MB", threads=1), tmp_path / "spill")
    engine.execute("SET temp_directory = ''")
    with pytest.raises(ConfigError, match=r"engine\.memory_limit"):
        engine.rows("SELECT count(*) FROM (SELECT DISTINCT range AS a FROM range(9000000))")


def test_a_disk_that_takes_no_more_is_named_with_its_free_space(tmp_path: Path) -> None:
    """A limit on the size of files stands for a full disk: both end a write half way."""
    script = (
        "import resource, sys\n"
        "from pathlib import Path\n"
        "from copd_strat.config import EngineSettings\n"
        "from copd_strat.engine import Engine\n"
        "from copd_strat.errors import OutputError\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "spill = Path(sys.argv[1])\n"
        "engine = Engine.open(EngineSettings(memory_limit='100MB', threads=1), spill)\n"
        "try:\n"
        "    engine.execute(f\"COPY (SELECT range AS n FROM range(100000)) TO '{spill}/n.csv'\")\n"
        "except OutputError as error:\n"
        "    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.stdout.startswith(f"{tmp_path}: cannot be written; its disk has "), done.stderr
    assert "put 'output' on another one" in done.stdout


ENDS = """
from pathlib import Path
from copd_strat.config import EngineSettings
from copd_strat.engine import Engine
with Engine.open(EngineSettings(threads={threads}), Path({spill!r})) as engine:
    columns = "range AS i, range % 7 AS a, 'practice ' || (range % 300000) AS p"
    engine.create_table("t", f"SELECT {{columns}} FROM range(1000000)")
    select = " UNION ALL ".join(f"SELECT t.p, u.{{of}} FROM t JOIN t AS u USING (i)" for of in "ia")
    print(len(engine.rows(select)), engine.table(select).num_rows)
"""


@pytest.mark.parametrize("threads", [1, 2])
def test_a_large_result_of_several_branches_ends(tmp_path: Path, threads: int) -> None:
    """Taken while it is made, it waits for ever (duckdb/duckdb#22215): a night would neither end nor stop."""
    script = ENDS.format(threads=threads, spill=str(tmp_path))
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=600
    )
    assert done.stdout.split() == ["2000000", "2000000"]
