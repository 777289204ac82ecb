"""The published tables in one file for Tableau (.hyper), made by Tableau's own engine from the Parquet files.

Needs the optional package ``tableauhyperapi`` (``pip install copd-strat[hyper]``), which sends no usage data from
here.
"""

from __future__ import annotations

from pathlib import Path

from copd_strat.errors import ConfigError, InputError
from copd_strat.summary.schemas import published_tables


def write_hyper(summary: Path, path: Path) -> dict[str, int]:
    """Write every published table of the folder ``summary`` into ``path``; rows by table.

    ConfigError without the package, InputError where a table is not there.
    """
    try:
        import tableauhyperapi as tableau
    except ImportError:
        raise ConfigError(
            "the package tableauhyperapi is not installed", fix="pip install 'copd-strat[hyper]'"
        ) from None
    files = {contract.table: summary / f"{contract.table}.parquet" for contract in published_tables()}
    for file in files.values():
        if not file.is_file():
            raise InputError(f"{file}: is not there", fix="name the folder of a release's summary")
    rows = {}
    with (
        tableau.HyperProcess(
            tableau.Telemetry.DO_NOT_SEND_USAGE_DATA_TO_TABLEAU, parameters={"log_config": ""}
        ) as process,
        tableau.Connection(process.endpoint, str(path), tableau.CreateMode.CREATE_AND_REPLACE) as connection,
    ):
        for table, file in files.items():
            name, source = tableau.escape_name(table), tableau.escape_string_literal(str(file))
            connection.execute_command(f"CREATE TABLE {name} AS (SELECT * FROM external({source}))")
            rows[table] = int(connection.execute_scalar_query(f"SELECT count(*) FROM {name}"))
    return rows
