"""The Power BI project says what the Parquet files hold: every table, column, type, key and relation.

Power BI runs on Windows only: nothing here opens the project in it (docs/power-bi.md).
"""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from copd_strat.cli import commands
from copd_strat.summary.power_bi import PROJECT, SEVERAL_ROWS, project_files
from copd_strat.summary.summarise import SummaryResult

DEFINITION = f"{PROJECT}.SemanticModel/definition"
TYPES = {
    pa.string(): "string",
    pa.int32(): "int64",
    pa.int64(): "int64",
    pa.float64(): "double",
    pa.bool_(): "boolean",
    pa.date32(): "dateTime",
}


@dataclass
class ModelTable:
    """A table as its TMDL text says it: properties by column, measures by name, and the Power Query text."""

    columns: dict[str, dict[str, str]] = field(default_factory=dict)
    measures: dict[str, str] = field(default_factory=dict)
    query: str = ""


def table_of(text: str) -> ModelTable:
    """A reader of TMDL written apart from its writer: objects by one tab, their properties by two."""
    found, here = ModelTable(), ""
    for line in text.splitlines():
        if match := re.fullmatch(r"\tcolumn (\w+)", line):
            here = match[1]
            found.columns[here] = {}
        elif match := re.fullmatch(r"\tmeasure '([^']+)' =", line):
            here = match[1]
            found.measures[here] = ""
        elif line.startswith("\tpartition "):
            here = ""
        elif line.startswith("\t\t\t\t") and not here:
            found.query += line.strip() + "\n"
        elif line.startswith("\t\t\t"):
            found.measures[here] += line.strip() + "\n"
        elif line.startswith("\t\t") and here in found.columns:
            name, _, value = line.strip().partition(": ")
            found.columns[here][name] = value
    return found


def model_tables(files: dict[str, str]) -> dict[str, ModelTable]:
    folder = f"{DEFINITION}/tables/"
    return {
        name.removeprefix(folder).removesuffix(".tmdl"): table_of(text)
        for name, text in files.items()
        if name.startswith(folder)
    }


def relations(files: dict[str, str]) -> set[tuple[str, str]]:
    text = files[f"{DEFINITION}/relationships.tmdl"]
    return set(zip(re.findall(r"fromColumn: (\S+)", text), re.findall(r"toColumn: (\S+)", text), strict=True))


def departures(files: dict[str, str], folder: Path) -> list[str]:
    """Where the model and the Parquet files of a release say different things."""
    tables, found = model_tables(files), []
    if set(tables) != {path.stem for path in folder.glob("*.parquet")}:
        found.append("tables")
    for name, table in tables.items():
        path = folder / f"{name}.parquet"
        schema = pq.read_schema(path) if path.exists() else pa.schema([])
        wanted = {column.name: TYPES[column.type] for column in schema}
        if {column: said["dataType"] for column, said in table.columns.items()} != wanted:
            found.append(f"{name}: columns")
        chosen = re.search(r"SelectColumns\(Source, \{(.*?)\}\)", table.query)
        read = re.findall(r'"(\w+)"', chosen[1]) if chosen else []
        if read != list(wanted) or f'"\\{name}.parquet"' not in table.query:
            found.append(f"{name}: query")
    for many, one in relations(files):
        values, keys = (
            pq.read_table(folder / f"{column.split('.')[0]}.parquet")[column.split(".")[1]].to_pandas()
            for column in (many, one)
        )
        if not keys.is_unique or keys.isna().any() or not set(values) <= set(keys):
            found.append(f"{many} -> {one}")
    return found


@pytest.fixture(scope="module")
def project() -> dict[str, str]:
    return project_files(r"S:\copd\current\summary")


def test_the_model_and_the_files_say_the_same(
    project: dict[str, str], summary: tuple[Path, SummaryResult]
) -> None:
    assert departures(project, summary[0]) == []


def test_a_file_that_departs_from_the_model_is_told(
    project: dict[str, str], summary: tuple[Path, SummaryResult], tmp_path: Path
) -> None:
    for path in summary[0].glob("*.parquet"):
        shutil.copyfile(path, tmp_path / path.name)
    places = pq.read_table(tmp_path / "dim_org.parquet")
    pq.write_table(
        places.slice(1).rename_columns(["code", *places.schema.names[1:]]), tmp_path / "dim_org.parquet"
    )
    groups = pq.read_table(tmp_path / "dim_breakdown.parquet")
    pq.write_table(groups.slice(1), tmp_path / "dim_breakdown.parquet")
    with pytest.raises(KeyError):
        departures(project, tmp_path)
    pq.write_table(places, tmp_path / "dim_org.parquet")
    assert departures(project, tmp_path) == ["fact_indicator.breakdown_key -> dim_breakdown.breakdown_key"]
    (tmp_path / "dim_run.parquet").rename(tmp_path / "runs.parquet")
    with pytest.raises(FileNotFoundError):
        departures(project, tmp_path)


def test_every_fact_reaches_its_dimensions_by_one_column(project: dict[str, str]) -> None:
    tables, found = model_tables(project), relations(project)
    wanted = {"org_key", "indicator_id", "period_key", "breakdown_key", "run_id"}
    assert {many.split(".")[1] for many, _ in found if many.startswith("fact_indicator.")} == wanted
    for many, one in found:
        table, column = one.split(".")
        assert "isKey" in tables[table].columns[column]
        assert "isHidden" in tables[many.split(".")[0]].columns[many.split(".")[1]]
    pairs = [(many.split(".")[0], one.split(".")[0]) for many, one in found]
    assert len(set(pairs)) == len(pairs), "two ways from one table to another"


def test_nothing_can_be_added_up(project: dict[str, str]) -> None:
    """The trap that the model is made against: severe exacerbations of all levels, added into one number."""
    assert "\tdiscourageImplicitMeasures" in project[f"{DEFINITION}/model.tmdl"].splitlines()
    for name, table in model_tables(project).items():
        for column, said in table.columns.items():
            assert said["summarizeBy"] == "none"
            figure = said["dataType"] in ("int64", "double") and column != "revision"
            assert not (name.startswith("fact_") and figure) or "isHidden" in said
        for measure, text in table.measures.items():
            assert not re.search(r"\b(SUM|SUMX|AVERAGE|AVERAGEX|COUNT|TOTALYTD)\(", text), measure
            one_row = "IF(COUNTROWS(found) = 1," in text
            assert one_row or (measure.endswith(": status") and SEVERAL_ROWS in text), measure


def test_measures_name_columns_that_are_there(project: dict[str, str]) -> None:
    tables = model_tables(project)
    names = [name for table in tables.values() for name in table.measures]
    assert len(set(names)) == len(names)
    assert "Indicators: value" in names
    for table in tables.values():
        for text in table.measures.values():
            for owner, column in re.findall(r"(\w+)\[(\w+)\]", text):
                assert column in tables[owner].columns
            latest = "is_latest" in next(tables[o].columns for o, _ in re.findall(r"(\w+)\[(\w+)\]", text))
            assert not latest or "[is_latest]" in text, "a row that was published anew would count twice"


def test_a_column_that_is_sorted_by_another_has_one_place_a_value(
    project: dict[str, str], summary: tuple[Path, SummaryResult]
) -> None:
    sorted_by = 0
    for name, table in model_tables(project).items():
        for column, said in table.columns.items():
            if order := said.get("sortByColumn"):
                sorted_by += 1
                rows: pd.DataFrame = summary[1].tables[name].to_pandas()
                assert (rows.groupby(column)[order].nunique() == 1).all()
    assert sorted_by >= 2


def test_the_project_opens_by_its_report_and_finds_its_model(project: dict[str, str]) -> None:
    start = json.loads(project[f"{PROJECT}.pbip"])["artifacts"][0]["report"]["path"]
    reference = json.loads(project[f"{start}/definition.pbir"])["datasetReference"]["byPath"]["path"]
    assert f"{reference.removeprefix('../')}/definition.pbism" in project
    pages = json.loads(project[f"{start}/definition/pages/pages.json"])
    assert all(f"{start}/definition/pages/{page}/page.json" in project for page in pages["pageOrder"])
    referred = re.findall(r"^ref table (\w+)$", project[f"{DEFINITION}/model.tmdl"], re.MULTILINE)
    assert set(referred) == set(model_tables(project))


def test_the_command_writes_the_project_and_never_over_another(tmp_path: Path) -> None:
    folder, said = tmp_path / "model", ["--summary", r"\\share\copd\current\summary"]
    done = CliRunner().invoke(commands, ["powerbi", str(folder), *said])
    assert done.exit_code == 0, done.output
    written = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    assert written == set(project_files(said[1]))
    text = (folder / DEFINITION / "expressions.tmdl").read_text(encoding="utf-8")
    assert r'expression SummaryFolder = "\\share\copd\current\summary" meta' in text
    again = CliRunner().invoke(commands, ["powerbi", str(folder), *said])
    assert "is there already" in str(again.exception)
