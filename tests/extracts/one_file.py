"""One file let in by itself, so that families of odd files stay quick to try."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from extract_world import contract

from copd_strat.config import EngineSettings
from copd_strat.engine import Engine
from copd_strat.extracts.source_files import open_file
from copd_strat.extracts.staging import Source, stage_file
from copd_strat.extracts.typed_values import typed


@contextmanager
def let_in(
    path: Path,
    table: str,
    layout: str = "native",
    *,
    gaps: tuple[str, ...] = (),
    zone: str = "Europe/London",
) -> Iterator[tuple[Engine, Source]]:
    """The file opened, counted, staged and read by its contract; what it raises is the product's."""
    engine = Engine.open(EngineSettings(threads=1), path.parent / "spill")
    try:
        engine.execute("SET preserve_insertion_order = true")
        agreed = contract(table, layout)
        file = open_file(path, path.parent, agreed)
        yield engine, stage_file(engine, file, agreed, path.parent / "work", gaps=gaps, zone=zone)
    finally:
        engine.close()


def column(engine: Engine, source: Source, name: str) -> list[Any]:
    return [value for (value,) in engine.rows(f'SELECT "{name}" FROM ({source.rows}) ORDER BY _line')]


def accounted(engine: Engine, source: Source) -> int:
    """Rows that came out and lines that were rejected."""
    rows = engine.scalar(f"SELECT count(*) FROM ({source.rows})")
    return int(rows + engine.scalar(f"SELECT count(*) FROM ({source.broken})"))


def write_columns(path: Path, columns: dict[str, Any], **options: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(columns), path, **options)
    return path


def typed_values(engine: Engine, source: Source, table: str, layout: str = "native") -> list[Any]:
    """Every row under the contract's types, as the row checks read it."""
    agreed = contract(table, layout)
    values = ", ".join(
        typed(agreed.column(name), kind, agreed.date_formats)
        for name, kind in source.file.columns.items()
        if name in {column.name for column in agreed.columns}
    )
    return engine.rows(f"SELECT {values} FROM ({source.rows}) r")
