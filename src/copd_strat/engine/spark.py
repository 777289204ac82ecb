"""Apache Spark as the engine of the clinical facts: tables are Parquet of this run, and names are its own."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from copd_strat.engine.embedded import Engine
from copd_strat.engine.interface import NONE, SqlEngine
from copd_strat.engine.spark_dialect import to_spark
from copd_strat.engine.sql import plain_name
from copd_strat.errors import ConfigError

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

_INSTALL = (
    "pip install 'copd-strat[spark]', with Java 17 or later on the machine, or set engine.facts to duckdb"
)
_CONNECT = "sc://"
# Of this run's own session, never of the one that was handed over.
_SESSION = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",
    # dates before 1900 are placeholders, read as they stand
    "spark.sql.parquet.datetimeRebaseModeInRead": "CORRECTED",
    "spark.sql.parquet.datetimeRebaseModeInWrite": "CORRECTED",
    # a person may have more exacerbations than the hundred steps that a recursion may take by default
    "spark.sql.cteRecursionLevelLimit": "-1",
    "spark.sql.cteRecursionRowLimit": "-1",
}


class SparkEngine(SqlEngine):
    """A session of this run's own beside the one handed over, so that no name or setting of the site's changes.

    ``folder``: where tables of the run lie as Parquet until the engine is closed; every worker has to see it under
    this path.
    """

    def __init__(self, session: Any, folder: Path) -> None:
        self._session, self._folder = _own_session(session), folder
        self._stops: Any = None
        self._made: dict[str, Path | None] = {}
        self._written = 0
        folder.mkdir(parents=True, exist_ok=True)
        for name, value in _SESSION.items():
            self._session.conf.set(name, value)

    @classmethod
    def open(cls, master: str, folder: Path) -> SparkEngine:
        """An engine with a session of its own on ``master``: ``local[2]``, ``sc://host:15002`` for Spark Connect.

        ConfigError without Spark.
        """
        try:
            from pyspark import SparkContext
            from pyspark.errors import PySparkException
        except ImportError:
            raise ConfigError("engine.facts: Spark is not installed", fix=_INSTALL) from None
        remote = master.startswith(_CONNECT)
        # a session that runs already is the site's: neither its settings nor its end are ours
        ours = remote or SparkContext._active_spark_context is None
        try:
            session = _connected(master) if remote else _started(master, folder, ours=ours)
        except (PySparkException, ImportError, OSError):
            fix = f"see that a server answers there; {_INSTALL}" if remote else _INSTALL
            raise ConfigError(f"engine.spark: Spark does not start on {master}", fix=fix) from None
        engine = cls(session, folder)
        engine._stops = session if ours else None
        return engine

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.drop(*self._made)
        for session, starts_spark in ((self._session, False), (self._stops, True)):
            if _is_remote(session):
                # stop() of such a session would also end a server that the site runs in this very process
                session.client.release_session()
                session.client.close()
            elif session is not None and starts_spark:
                session.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def take(self, source: Engine, *names: str) -> None:
        for name in filter(source.has_table, names):
            place = self._place(name)
            source.write_parquet(f"SELECT * FROM {plain_name(name)}", place / "part.parquet")
            self._read(name, place)

    def bring(self, target: Engine, *names: str) -> None:
        for name in names:
            target.register_frame(name, self.table(f"SELECT * FROM {plain_name(name)}"))

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in self._session.sql(to_spark(sql)).collect()]

    def table(self, sql: str) -> pa.Table:
        """The result as an Arrow table, with the types that the embedded engine gives it."""
        found: pa.Table = self._session.sql(to_spark(sql)).toArrow()
        return found

    def create_table(self, name: str, select: str) -> None:
        found, place = self._session.sql(to_spark(select)), self._place(name)
        found.write.parquet(place.as_uri())
        self._read(name, place, found.schema)

    def create_view(self, name: str, select: str) -> None:
        self._session.sql(to_spark(select)).createOrReplaceTempView(plain_name(name))
        self._made[name] = None

    def create_categories(self, name: str, select: str) -> None:
        """Nothing: text stays text here, and Parquet keeps each distinct one once a file."""

    def register_frame(
        self,
        name: str,
        frame: pd.DataFrame | pa.Table,
        categories: Mapping[str, str] = NONE,  # noqa: ARG002 - text stays text here
    ) -> None:
        """Rows that stand in the query itself: joins with them need no job of their own."""
        import pyarrow as pa

        table = frame if isinstance(frame, pa.Table) else pa.Table.from_pandas(frame, preserve_index=False)
        for place, column in enumerate(table.schema):
            if pa.types.is_null(column.type):
                table = table.set_column(place, column.name, table.column(place).cast(pa.string()))
        self._session.createDataFrame(table).createOrReplaceTempView(plain_name(name))
        self._made[name] = None

    def drop(self, *names: str) -> None:
        for name in names:
            self._session.catalog.dropTempView(plain_name(name))
            if place := self._made.pop(name):
                shutil.rmtree(place, ignore_errors=True)

    def give_back(self) -> None:
        """Nothing: Spark's memory is its own."""

    def has_table(self, name: str) -> bool:
        return name in self._made

    def columns(self, name: str) -> tuple[str, ...]:
        return tuple(self._session.table(plain_name(name)).columns)

    def _place(self, name: str) -> Path:
        """A new folder, since a table may be made from the one that it replaces."""
        self._written += 1
        return (self._folder / f"{self._written:03d}_{plain_name(name)}").resolve()

    def _read(self, name: str, place: Path, schema: Any = None) -> None:
        reader = self._session.read if schema is None else self._session.read.schema(schema)
        reader.parquet(place.as_uri()).createOrReplaceTempView(plain_name(name))
        if earlier := self._made.get(name):
            shutil.rmtree(earlier, ignore_errors=True)
        self._made[name] = place


def is_spark(connection: object) -> bool:
    """Whether it is a Spark session, told without Spark installed."""
    return type(connection).__module__.startswith("pyspark.")


def _own_session(session: Any) -> Any:
    from pyspark.errors import PySparkNotImplementedError

    try:
        return session.newSession()
    except PySparkNotImplementedError:
        raise ConfigError(
            "spark: this session cannot open another one beside itself",
            fix="Spark Connect needs Spark 4.3 or later",
        ) from None


def _is_remote(session: object) -> bool:
    return type(session).__module__.startswith("pyspark.sql.connect.")


def _connected(address: str) -> Any:
    """A session at a server of Spark Connect, beside whatever session this process has."""
    from pyspark.sql.connect.session import SparkSession

    session = SparkSession.builder.remote(address).create()
    session.sql("SELECT 1").collect()  # nothing is asked of the server before
    return session


def _started(master: str, folder: Path, *, ours: bool) -> Any:
    """The session that runs already, or one that this run starts: what that one writes on the way lies with the run."""
    from pyspark.sql import SparkSession

    if not ours:
        return SparkSession.builder.getOrCreate()
    builder = SparkSession.builder.master(master).appName("copd-strat").config("spark.ui.enabled", "false")
    for name in ("spark.local.dir", "spark.sql.warehouse.dir"):
        builder = builder.config(name, str(folder.resolve() / name.replace(".", "_")))
    return builder.getOrCreate()
