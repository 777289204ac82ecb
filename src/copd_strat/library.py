"""The night as a call: for a platform that hands over a session or a connection instead of a folder of files."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

from copd_strat.config import ExtractSource, Settings
from copd_strat.engine import is_spark
from copd_strat.extracts.relations import write_relations
from copd_strat.plan import Night, plan
from copd_strat.progress import Narrator, Say
from copd_strat.publish import Outcome, RunFolder
from copd_strat.run import STEPS, nightly

# Relations of a connection, as this night reads them; below the output folder, gone with the night.
_ADOPTED = ".adopted"


def night(
    settings: Settings,
    *,
    as_of: date,
    index: date | None = None,
    connection: Any = None,
    relations: Mapping[str, str] | None = None,
    layout: str = "native",
    spark: Any = None,
    force: bool = False,
    say: Say = print,
) -> Outcome:
    """Run and publish a night, as ``copd-strat run`` does; raises the errors of ``copd_strat.errors``.

    Args:
        settings: as from ``copd_strat.config.load``.
        as_of: the run date.
        index: last day of the look-back windows; by default the last complete day of the GP extract.
        connection: where ``relations`` stand, in place of the files of ``settings.extracts``: a connection of DuckDB
            or a Spark session, which is only read. A session also works out the clinical facts.
        relations: table of ``layout`` → relation of ``connection`` (a table or view, with its schema if need be).
        layout: whose contracts the relations have to meet.
        spark: a Spark session that works out the clinical facts, whatever ``settings.engine`` says.
        force: run even if nothing has changed.
        say: takes the lines that tell how the night is getting on.
    """
    with RunFolder(settings.output).lock("run"), _adopted(settings, connection, relations, layout) as ready:
        planned = plan(Night(settings=ready, as_of=as_of, index=index, force=force))
        session = connection if spark is None and is_spark(connection) else spark
        return nightly(planned, Narrator(say, total=len(STEPS)), session)


def results(outcome: Outcome, connection: Any) -> dict[str, Any]:
    """The night's tables as relations of ``connection``, by name: ``analyst.patients``, ``summary.fact_indicator``.

    Relations that read the run's files in a connection of DuckDB, data frames in a session of Spark; nothing is made
    in either.
    """
    found = [
        path for room in ("analyst", "summary") for path in sorted((outcome.path / room).glob("*.parquet"))
    ]
    return {f"{path.parent.name}.{path.stem}": _relation(connection, path) for path in found}


def _relation(connection: Any, path: Path) -> Any:
    if not is_spark(connection):
        return connection.read_parquet(str(path))
    import pyarrow.parquet as pq

    # Spark may run where the folder of runs is not seen; these tables have a row a patient or fewer
    return connection.createDataFrame(pq.read_table(path))


@contextmanager
def _adopted(
    settings: Settings,
    connection: Any,
    relations: Mapping[str, str] | None,
    layout: str,
) -> Iterator[Settings]:
    """The settings with the relations as their one source, if there are any.

    They are written below the output folder first, where only this user may read: what is judged, hashed and
    counted is then what is used, whatever else happens to the connection meanwhile.
    """
    if connection is None:
        yield settings
        return
    folder = settings.output / _ADOPTED
    try:
        write_relations(connection, relations or {}, layout, folder, zone=settings.timezone)
        source = ExtractSource(layout=layout, path=folder)
        yield settings.model_copy(update={"extracts": (source,)})
    finally:
        shutil.rmtree(folder, ignore_errors=True)
