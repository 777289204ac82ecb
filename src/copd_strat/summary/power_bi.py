"""A Power BI project over the published tables, made from their contracts: relations, measures, formats.

The folder that ``write_project`` makes is a project as Power BI Desktop saves one (PBIP; the model in TMDL, an
empty report beside it). Every table, column and relation in it comes from ``data_contracts/published``. No column
may be added up: implicit measures are switched off, and each measure shows one published figure or nothing, since
published rows count the same people again at every level and rounded parts do not make a whole.

Sources: the TMDL language and the project's folders as Microsoft's documentation describes them. It was never
opened in Power BI itself (docs/power-bi.md).
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from copd_strat.contracts.contract import Column, Contract
from copd_strat.summary.schemas import published_tables

PROJECT = "COPD summary"
#: The parameter that names the folder of the Parquet files.
PARAMETER = "SummaryFolder"
_SCHEMAS = "https://developer.microsoft.com/json-schemas/fabric"
_DATA_TYPES = {
    "string": "string",
    "integer": "int64",
    "number": "double",
    "boolean": "boolean",
    "date": "dateTime",
}
_M_TYPES = {
    "string": "type text",
    "integer": "Int64.Type",
    "number": "type number",
    "boolean": "type logical",
    "date": "type date",
}
_FORMATS = {"integer": "#,##0", "number": "#,##0.0", "date": "dd mmm yyyy"}
#: What a measure says where filters leave more than one row.
SEVERAL_ROWS = (
    "Keep to one indicator, place, period and group: rows of different levels count the same people"
)
#: Numbers of a fact that say which row it is, not what was found.
_NOT_FIGURES = ("revision",)
# Tags of objects follow from their names, so that a report built on the model finds them in the next one.
_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "copd-strat/power-bi")


def write_project(folder: Path, summary: str) -> None:
    """Write the project into ``folder``; it reads the Parquet files of ``summary``, as Windows names the folder."""
    for name, text in project_files(summary).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")


def project_files(summary: str) -> dict[str, str]:
    """Path in the project → content. Same contracts and ``summary``, same bytes."""
    contracts = published_tables()
    model, report = f"{PROJECT}.SemanticModel", f"{PROJECT}.Report"
    definition = {
        "database.tmdl": "database\n\tcompatibilityLevel: 1600\n",
        "model.tmdl": _model(contracts),
        "expressions.tmdl": _parameter(summary),
        "relationships.tmdl": "\n".join(_relations(contracts)),
        **{f"tables/{contract.table}.tmdl": _table(contract, contracts) for contract in contracts},
    }
    return {
        f"{PROJECT}.pbip": _json(
            "pbip/pbipProperties/1.0.0", version="1.0", artifacts=[{"report": {"path": report}}]
        ),
        f"{model}/definition.pbism": _json(
            "item/semanticModel/definitionProperties/1.0.0", version="4.0", settings={}
        ),
        **{f"{model}/definition/{name}": text for name, text in definition.items()},
        f"{report}/definition.pbir": _json(
            "item/report/definitionProperties/2.0.0",
            version="4.0",
            datasetReference={"byPath": {"path": f"../{model}"}},
        ),
        **{f"{report}/definition/{name}": text for name, text in _empty_report().items()},
    }


def figures(contract: Contract) -> list[Column]:
    """The columns of a fact that hold what was found; dimensions have none."""
    if not contract.table.startswith("fact_"):
        return []
    numbers = ("integer", "number")
    return [
        column for column in contract.columns if column.type in numbers and column.name not in _NOT_FIGURES
    ]


def _json(schema: str, **content: Any) -> str:
    return json.dumps({"$schema": f"{_SCHEMAS}/{schema}/schema.json", **content}, indent=2) + "\n"


def _empty_report() -> dict[str, str]:
    """One page with nothing on it: a project opens by its report."""
    kind = "item/report/definition"
    theme = {"name": "CY24SU10", "reportVersionAtImport": "5.61", "type": "SharedResources"}
    page = _tag("page").replace("-", "")[:20]
    return {
        "version.json": _json(f"{kind}/versionMetadata/1.0.0", version="2.0.0"),
        "report.json": _json(f"{kind}/report/2.0.0", themeCollection={"baseTheme": theme}),
        "pages/pages.json": _json(f"{kind}/pagesMetadata/1.0.0", pageOrder=[page], activePageName=page),
        f"pages/{page}/page.json": _json(
            f"{kind}/page/2.0.0",
            name=page,
            displayName="Page 1",
            displayOption="FitToPage",
            height=720,
            width=1280,
        ),
    }


def _model(contracts: tuple[Contract, ...]) -> str:
    lines = [
        "model Model",
        "\tculture: en-GB",
        "\tdefaultPowerBIDataSourceVersion: powerBI_V3",
        "\tdiscourageImplicitMeasures",  # no column can be dragged into a sum
        "",
        "annotation __PBI_TimeIntelligenceEnabled = 0",  # periods are a dimension of their own
        "",
        *(f"ref table {contract.table}" for contract in contracts),
        "",
        f"ref expression {PARAMETER}",
    ]
    return "\n".join(lines) + "\n"


def _parameter(summary: str) -> str:
    quoted = summary.rstrip("\\/").replace('"', '""')
    kind = 'meta [IsParameterQuery=true, Type="Text", IsParameterQueryRequired=true]'
    return (
        "/// Folder of the summary's Parquet files: the stable path current\\summary of the commissioners' folder\n"
        f'expression {PARAMETER} = "{quoted}" {kind}\n'
        f"\tlineageTag: {_tag(PARAMETER)}\n"
    )


def _relations(contracts: tuple[Contract, ...]) -> Iterator[str]:
    """Many rows of a table to one of the dimension that its column refers to."""
    for contract in contracts:
        for column in contract.columns:
            if column.refers_to:
                yield (
                    f"relationship {_tag(contract.table, column.name, column.refers_to)}\n"
                    f"\tfromColumn: {contract.table}.{column.name}\n"
                    f"\ttoColumn: {column.refers_to}\n"
                )


def _table(contract: Contract, contracts: tuple[Contract, ...]) -> str:
    parts = [
        f"/// {contract.description}",
        f"table {contract.table}",
        f"\tlineageTag: {_tag(contract.table)}",
        "",
        *(line for column in figures(contract) for line in _measure(contract, column)),
        *_status_measure(contract),
        *(line for column in contract.columns for line in _column(contract, column, contracts)),
        *_partition(contract),
    ]
    return "\n".join(parts) + "\n"


def _measure(contract: Contract, column: Column) -> Iterator[str]:
    """The one published figure that filters leave, or nothing: a measure never adds or averages."""
    table, caution = contract.table, column.custom.get("caution")
    yield f"\t/// {column.description}{f'. {caution}' if caution else ''}"
    yield f"\tmeasure '{contract.title}: {column.name}' ="
    yield from _rows_in_view(contract)
    yield f"\t\t\tRETURN IF(COUNTROWS(found) = 1, MAXX(found, {table}[{column.name}]))"
    yield f"\t\tformatString: {_FORMATS[column.type]}"
    yield f"\t\tlineageTag: {_tag(table, column.name, 'measure')}"
    yield ""


def _status_measure(contract: Contract) -> Iterator[str]:
    """Why a figure is not shown, in words."""
    if "value_status" not in {column.name for column in contract.columns}:
        return
    yield "\t/// Why a figure is shown or not"
    yield f"\tmeasure '{contract.title}: status' ="
    yield from _rows_in_view(contract)
    yield f"\t\t\tVAR told = MAXX(found, {contract.table}[value_status])"
    yield "\t\t\tRETURN SWITCH(COUNTROWS(found), BLANK(), BLANK(), 1, told,"
    yield f'\t\t\t\t"{SEVERAL_ROWS}")'
    yield f"\t\tlineageTag: {_tag(contract.table, 'status', 'measure')}"
    yield ""


def _rows_in_view(contract: Contract) -> Iterator[str]:
    """The latest rows that filters leave; of everybody, unless groups were asked for."""
    table, names = contract.table, {own.name for own in contract.columns}
    kept = [f"{table}[is_latest]"] if "is_latest" in names else []
    if "breakdown_type" in names:
        yield "\t\t\tVAR byGroup = ISCROSSFILTERED(dim_breakdown)"
        kept.append(f'(byGroup || {table}[breakdown_type] = "all")')
    yield f"\t\t\tVAR found = FILTER({table}, {' && '.join(kept) or 'TRUE()'})"


def _column(contract: Contract, column: Column, contracts: tuple[Contract, ...]) -> Iterator[str]:
    yield f"\t/// {column.description}"
    yield f"\tcolumn {column.name}"
    yield f"\t\tdataType: {_DATA_TYPES[column.type]}"
    if _is_hidden(contract, column, contracts):
        yield "\t\tisHidden"
    if contract.table.startswith("dim_") and contract.key == (column.name,):
        yield "\t\tisKey"
    if column.type in _FORMATS:
        yield f"\t\tformatString: {_FORMATS[column.type]}"
    yield f"\t\tlineageTag: {_tag(contract.table, column.name)}"
    yield "\t\tsummarizeBy: none"
    yield f"\t\tsourceColumn: {column.name}"
    if order := column.custom.get("sortedBy"):
        yield f"\t\tsortByColumn: {order}"
    yield ""


def _is_hidden(contract: Contract, column: Column, contracts: tuple[Contract, ...]) -> bool:
    """What is read elsewhere: keys and a dimension's own words in its dimension, figures in their measures."""
    related = {own.refers_to.partition(".")[0] for own in contract.columns if own.refers_to}
    words = {own.name for other in contracts if other.table in related for own in other.columns}
    return bool(column.refers_to) or column in figures(contract) or column.name in words


def _partition(contract: Contract) -> Iterator[str]:
    """The Power Query text that reads the table's file under the stable path."""
    names = ", ".join(f'"{column.name}"' for column in contract.columns)
    types = ", ".join(f'{{"{column.name}", {_M_TYPES[column.type]}}}' for column in contract.columns)
    yield f"\tpartition {contract.table} = m"
    yield "\t\tmode: import"
    yield "\t\tsource ="
    yield "\t\t\t\tlet"
    yield f'\t\t\t\t    File = Binary.Buffer(File.Contents({PARAMETER} & "\\{contract.table}.parquet")),'
    yield "\t\t\t\t    Source = Parquet.Document(File),"
    yield f"\t\t\t\t    Chosen = Table.SelectColumns(Source, {{{names}}}),"
    yield f"\t\t\t\t    Typed = Table.TransformColumnTypes(Chosen, {{{types}}})"
    yield "\t\t\t\tin"
    yield "\t\t\t\t    Typed"


def _tag(*names: str) -> str:
    return str(uuid.uuid5(_NAMESPACE, "/".join(names)))
