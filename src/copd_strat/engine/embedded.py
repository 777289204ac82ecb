"""Embedded DuckDB with a memory bound: events stay in here, only small results leave."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import duckdb

from copd_strat.engine.interface import NONE, SqlEngine
from copd_strat.engine.sql import identifier, literal, plain_name
from copd_strat.errors import ConfigError, OutputError, stop_behind

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from copd_strat.config import EngineSettings

_CANNOT_WRITE = ("No space left", "Could not write", "Permission denied", "File too large", "Disk quota")


class Engine(SqlEngine):
    """One connection of one run: all that reads or writes files, besides what every engine does."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, spill: Path) -> None:
        self._connection, self._spill = connection, spill

    @classmethod
    def open(cls, settings: EngineSettings, spill: Path) -> Engine:
        """An engine bounded to ``settings.memory_limit``, spilling to the folder ``spill``."""
        spill.mkdir(parents=True, exist_ok=True)
        connection = duckdb.connect(
            ":memory:",
            config={
                "memory_limit": settings.memory_limit,
                "threads": settings.threads,
                "temp_directory": str(spill),
                "preserve_insertion_order": False,
                # Freed memory stays with the process for the next statement: handing it back and fetching
                # it anew cost a sixth of the clinical facts' processor time. memory_limit bounds both.
                "allocator_flush_threshold": settings.memory_limit,
                "allocator_bulk_deallocation_flush_threshold": settings.memory_limit,
                "autoinstall_known_extensions": False,
                "autoload_known_extensions": False,
            },
        )
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("SET enable_progress_bar = false")
        return cls(connection, spill)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._connection.close()

    def execute(self, sql: str) -> None:
        """Run a statement and drop its result."""
        with self._limits():
            self._connection.execute(sql).fetchall()

    # A result that is taken while it is made waits for ever where several branches of UNION ALL fill its buffer of
    # 1 MB (duckdb/duckdb#22215). ``sql`` makes it whole first.
    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with self._limits():
            return self._connection.sql(sql).fetchall()

    def table(self, sql: str) -> pa.Table:
        with self._limits():
            return self._connection.sql(sql).to_arrow_table()

    @contextmanager
    def batches(self, sql: str, rows: int = 1 << 17) -> Iterator[pa.RecordBatchReader]:
        """The result in batches of ``rows``, for what is larger than one row a patient; no other statement may
        run meanwhile. It must have one last branch, as by ORDER BY: see ``rows``."""
        with self._limits():
            yield self._connection.execute(sql).to_arrow_reader(rows)

    @contextmanager
    def _limits(self) -> Iterator[None]:
        """A machine's limit, met in the middle of a statement, becomes an error a person can fix."""
        try:
            yield
        except duckdb.OutOfMemoryException:
            raise ConfigError(
                "engine.memory_limit: too little memory for these extracts",
                fix="raise engine.memory_limit in the configuration, or free disk space for spilling",
            ) from None
        except duckdb.IOException as error:
            if not any(sign in str(error) for sign in _CANNOT_WRITE):
                raise
            free = shutil.disk_usage(self._spill).free / 1e6
            raise OutputError(
                f"{self._spill}: cannot be written; its disk has {free:,.0f} MB free",
                fix="free space on this disk (a night takes about six times its extracts), or put 'output' on"
                " another one",
            ) from None
        except (RuntimeError, duckdb.Error) as error:
            # What a signal's handler raises inside a statement comes out as "Query interrupted", or, where the
            # statement reads a table of Python's, as an error without its cause.
            if stop := stop_behind(error):
                raise stop from None
            raise

    def create_table(self, name: str, select: str) -> None:
        self.execute(f"CREATE OR REPLACE TABLE {plain_name(name)} AS {select}")

    def create_view(self, name: str, select: str) -> None:
        self.execute(f"CREATE OR REPLACE VIEW {plain_name(name)} AS {select}")

    def create_categories(self, name: str, select: str) -> None:
        self.execute(f"CREATE OR REPLACE TYPE {plain_name(name)} AS ENUM ({select})")

    def drop(self, *names: str) -> None:
        views = {name for (name,) in self.rows("SELECT view_name FROM duckdb_views() WHERE NOT internal")}
        for name in names:
            self.execute(f"DROP {'VIEW' if name in views else 'TABLE'} {plain_name(name)}")

    def give_back(self) -> None:
        """Statements keep freed memory for the next one otherwise."""
        limit = self.scalar("SELECT current_setting('memory_limit')")
        self.execute(f"SET memory_limit = {literal(limit)}")  # setting it empties what is kept in hand

    def register_frame(
        self, name: str, frame: pd.DataFrame | pa.Table, categories: Mapping[str, str] = NONE
    ) -> None:
        self._connection.register("_incoming", frame)
        cast = ", ".join(
            f"CAST({identifier(column)} AS {plain_name(kind)}) AS {identifier(column)}"
            for column, kind in categories.items()
        )
        self.create_table(name, f"SELECT * {f'REPLACE ({cast})' if cast else ''} FROM _incoming")
        self._connection.unregister("_incoming")

    def append(self, name: str, rows: pa.Table) -> None:
        """Add rows from Python to the table ``name``, column by column in their order."""
        self._connection.register("_incoming", rows)
        self.execute(f"INSERT INTO {plain_name(name)} SELECT * FROM _incoming")
        self._connection.unregister("_incoming")

    def take(self, source: Engine, *_: str) -> None:
        """Nothing: what came into this engine is used where it stands."""

    def bring(self, target: Engine, *_: str) -> None:
        """Nothing, as with ``take``."""

    def write_parquet(self, select: str, path: Path) -> None:
        """Write ``select`` to one Parquet file; the caller orders it where bytes must not vary."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self.execute(f"COPY ({select}) TO {literal(str(path))} (FORMAT parquet, COMPRESSION snappy)")

    def has_table(self, name: str) -> bool:
        return bool(
            self.scalar(f"SELECT count(*) FROM information_schema.tables WHERE table_name = {literal(name)}")
        )

    def columns(self, name: str) -> tuple[str, ...]:
        return tuple(row[0] for row in self.rows(f"DESCRIBE {identifier(name)}"))
