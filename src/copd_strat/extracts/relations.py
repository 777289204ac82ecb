"""Relations that stand in a DuckDB connection or a Spark session become files of an extract, judged like any other."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb

from copd_strat.engine import is_spark, literal
from copd_strat.errors import ConfigError, InputError
from copd_strat.extracts.layouts import LAYOUTS

# A relation's name with, if need be, its catalogue and schema; each part plain or in double quotes.
_RELATION = re.compile(r'(?:(?:[A-Za-z_]\w*|"(?:[^"]|"")+")\.){0,2}(?:[A-Za-z_]\w*|"(?:[^"]|"")+")')


def write_relations(
    connection: Any, relations: Mapping[str, str], layout: str, folder: Path, *, zone: str
) -> None:
    """Write each relation as Parquet named after its table into ``folder``, made anew and closed to other users.

    ``connection``: of DuckDB, or a Spark session; nothing is made in it. ``relations``: table of the layout → name of
    the relation. Moments of Spark become local time in ``zone``. Raises ConfigError for a layout or table that is not
    there, InputError for a relation that cannot be read.
    """
    spark = is_spark(connection)
    if not spark and not isinstance(connection, duckdb.DuckDBPyConnection):
        raise ConfigError(
            f"connection: a {type(connection).__name__} is not known here",
            fix="hand over a connection of DuckDB or a session of Spark",
        )
    _refuse_unknown(relations, layout)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, mode=0o700)
    for table, relation in relations.items():
        if spark:
            _write_from_spark(connection, relation, (folder / table).resolve(), zone)
        else:
            _write_from_duckdb(connection, relation, folder / f"{table}.parquet")


def _write_from_duckdb(connection: duckdb.DuckDBPyConnection, relation: str, path: Path) -> None:
    """By the connection itself: a cursor of it would not see its temporary views and registered frames."""
    if not _RELATION.fullmatch(relation):
        raise ConfigError(f"relations: '{relation}' is not the name of a table or view")
    try:
        connection.execute(f"COPY (SELECT * FROM {relation}) TO {literal(str(path))} (FORMAT parquet)")
    except duckdb.CatalogException:
        raise InputError(
            f"relations: {relation} is not in the connection", fix="check its name and schema"
        ) from None
    except duckdb.Error as error:
        raise InputError(
            f"relations: {relation} cannot be read ({type(error).__name__})",
            fix="see whether the connection itself can read it",
        ) from None


def _write_from_spark(session: Any, relation: str, folder: Path, zone: str) -> None:
    """By Spark's own tasks, each a part file, whose names here say their order only."""
    from pyspark.errors import PySparkException

    try:
        rows = session.table(relation)
        columns = [_spark_column(name, kind, zone) for name, kind in rows.dtypes]
        writer = rows.selectExpr(*columns).write.option("compression", "snappy")
        writer.option("mapreduce.fileoutputcommitter.marksuccessfuljobs", "false").parquet(folder.as_uri())
    except PySparkException as error:
        raise InputError(
            f"relations: {relation} cannot be read ({type(error).__name__})",
            fix="check its name, and whether the session itself can read it",
        ) from None
    parts = sorted(folder.glob("part-*.parquet"))
    if not parts:
        raise InputError(
            f"relations: what Spark wrote of {relation} is not at {folder}",
            fix="put 'output' where this program and every worker of Spark see it under the same path",
        )
    for number, part in enumerate(parts):
        part.rename(folder / f"part_{number:05d}.parquet")


def _spark_column(name: str, kind: str, zone: str) -> str:
    """A column as it stands; a moment as local time, for whichever zone the session has, Parquet would lose it."""
    column = "`" + name.replace("`", "``") + "`"
    if kind != "timestamp":
        return column
    local = f"convert_timezone(current_timezone(), {literal(zone)}, CAST({column} AS TIMESTAMP_NTZ))"
    return f"{local} AS {column}"


def _refuse_unknown(relations: Mapping[str, str], layout: str) -> None:
    if layout not in LAYOUTS:
        raise ConfigError(f"layout: no such layout '{layout}'", fix=f"use one of {', '.join(LAYOUTS)}")
    known = LAYOUTS[layout].order
    if strange := [table for table in relations if table not in known]:
        raise ConfigError(
            f"relations: layout {layout} has no table {', '.join(strange)}", fix=f"use {', '.join(known)}"
        )
