"""A table made a batch of practices at a time: one Parquet file a batch, in the run's work folder.

Nobody holds the whole population: a step reads one batch, or a few columns of all of them, and what is published
is sorted by the engine, which spills.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from copd_strat.contracts.own_tables import conform_to, write_selected
from copd_strat.engine import Engine, literal
from copd_strat.engine.sql import identifier


@dataclass(frozen=True)
class PartFiles:
    """The files of one table below ``folder``, named by the number of their batch."""

    folder: Path

    @property
    def numbers(self) -> tuple[int, ...]:
        """The batches that have a file, ascending."""
        return tuple(int(path.stem) for path in sorted(self.folder.glob("*.parquet")))

    @property
    def rows(self) -> int:
        return sum(pq.read_metadata(self._path(number)).num_rows for number in self.numbers)

    def columns(self) -> tuple[str, ...]:
        """Columns of the table; none where no batch has a file."""
        return tuple(pq.read_schema(self._path(self.numbers[0])).names) if self.numbers else ()

    def add(self, number: int, frame: pd.DataFrame, schema: pa.Schema) -> None:
        """The rows of batch ``number``; gaps are left for the table's own contract to judge."""
        loose = _with_gaps(schema)
        with self.opened(number, loose) as file:
            file.write_table(conform_to(loose, frame))

    @contextmanager
    def opened(self, number: int, schema: pa.Schema) -> Iterator[pq.ParquetWriter]:
        """A writer for the rows of batch ``number``."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with pq.ParquetWriter(self._path(number), schema) as writer:
            yield writer

    def part(self, number: int) -> pd.DataFrame:
        """The rows of one batch, Arrow-backed."""
        return _as_frame(pq.read_table(self._path(number)))

    def parts(self) -> Iterator[pd.DataFrame]:
        """One batch after the other."""
        return (self.part(number) for number in self.numbers)

    def frame(self, *columns: str, order: Iterable[str] = ()) -> pd.DataFrame:
        """Some columns of all batches, Arrow-backed; by ``order``, which need not be among them, or as written."""
        wanted = list(dict.fromkeys((*columns, *order)))
        table = pa.concat_tables(pq.read_table(self._path(number), columns=wanted) for number in self.numbers)
        keys: list[tuple[str, Literal["ascending", "descending"]]] = [(name, "ascending") for name in order]
        return _as_frame((table.sort_by(keys) if keys else table).select(list(dict.fromkeys(columns))))

    @property
    def sql(self) -> str:
        """All batches as a relation of the engine."""
        return f"read_parquet({literal(str(self.folder / '*.parquet'))})"

    def write(self, engine: Engine, path: Path, schema: pa.Schema, order: Iterable[str]) -> None:
        """All batches as one published file, by ``order``."""
        names = ", ".join(identifier(name) for name in schema.names)
        keys = ", ".join(identifier(name) for name in order)
        write_selected(engine, f"SELECT {names} FROM {self.sql} ORDER BY {keys}", path, schema)

    def _path(self, number: int) -> Path:
        return self.folder / f"{number:05d}.parquet"


def _with_gaps(schema: pa.Schema) -> pa.Schema:
    return pa.schema([field.with_nullable(True) for field in schema])


def _as_frame(table: Any) -> pd.DataFrame:
    frame: pd.DataFrame = table.to_pandas(types_mapper=pd.ArrowDtype)
    return frame
