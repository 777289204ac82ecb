"""Relations that already stand in a DuckDB connection become files of an extract, to be judged like any other."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from pathlib import Path

import duckdb

from copd_strat.engine import literal
from copd_strat.errors import ConfigError, InputError
from copd_strat.extracts.layouts import LAYOUTS

# A relation's name with, if need be, its catalogue and schema; each part plain or in double quotes.
_RELATION = re.compile(r'(?:(?:[A-Za-z_]\w*|"(?:[^"]|"")+")\.){0,2}(?:[A-Za-z_]\w*|"(?:[^"]|"")+")')


def write_relations(
    connection: duckdb.DuckDBPyConnection, relations: Mapping[str, str], layout: str, folder: Path
) -> None:
    """Write each relation as ``<table>.parquet`` into ``folder``, made anew and closed to other users.

    ``relations``: table of the layout → name of the relation. Nothing is made in the connection: a cursor of it
    reads. Raises ConfigError for a layout or table that is not there, InputError for a relation that cannot be read.
    """
    _refuse_unknown(relations, layout)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, mode=0o700)
    with connection.cursor() as cursor:
        for table, relation in relations.items():
            place = literal(str(folder / f"{table}.parquet"))
            try:
                cursor.execute(f"COPY (SELECT * FROM {relation}) TO {place} (FORMAT parquet)")
            except duckdb.CatalogException:
                raise InputError(
                    f"relations: {relation} is not in the connection", fix="check its name and schema"
                ) from None
            except duckdb.Error as error:
                raise InputError(
                    f"relations: {relation} cannot be read ({type(error).__name__})",
                    fix="see whether the connection itself can read it",
                ) from None


def _refuse_unknown(relations: Mapping[str, str], layout: str) -> None:
    if layout not in LAYOUTS:
        raise ConfigError(f"layout: no such layout '{layout}'", fix=f"use one of {', '.join(LAYOUTS)}")
    known = LAYOUTS[layout].order
    if strange := [table for table in relations if table not in known]:
        raise ConfigError(
            f"relations: layout {layout} has no table {', '.join(strange)}", fix=f"use {', '.join(known)}"
        )
    for relation in relations.values():
        if not _RELATION.fullmatch(relation):
            raise ConfigError(f"relations: '{relation}' is not the name of a table or view")
