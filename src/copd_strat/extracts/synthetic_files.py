"""Tables to files, the same bytes every time."""

from __future__ import annotations

import gzip
import shutil
from io import BytesIO
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from copd_strat.errors import OutputError

LABEL_NAME = "SYNTHETIC.txt"
LABEL = """SYNTHETIC DATA

Everything in this folder was invented by a simulator: people, practices, hospitals, records.
No row describes a real person. Do not mix it with real extracts.
"""


def write_label(folder: Path) -> Path:
    """Say in the folder itself that it holds nobody's data."""
    path = folder / LABEL_NAME
    path.write_text(LABEL, encoding="utf-8")
    return path


def prepare(folder: Path) -> None:
    """Make an empty folder. Earlier synthetic files, known by their label, give way; others are kept safe."""
    try:
        if (folder / LABEL_NAME).exists():
            shutil.rmtree(folder)
        folder.mkdir(parents=True, exist_ok=True)
        occupied = any(folder.iterdir())
    except OSError as error:
        raise OutputError(f"{folder}: cannot be written ({type(error).__name__})") from error
    if occupied:
        raise OutputError(
            f"{folder}: holds files that are not synthetic", fix="name a new folder, or empty this one first"
        )


def write_text(table: pa.Table, path: Path, *, delimiter: str = ",") -> Path:
    """Delimited text with a header, gzipped if ``path`` ends in .gz; gaps are empty."""
    path.parent.mkdir(parents=True, exist_ok=True)
    buffer = BytesIO()
    options = pyarrow.csv.WriteOptions(delimiter=delimiter, quoting_style="none", include_header=False)
    pyarrow.csv.write_csv(table, buffer, options)
    content = (delimiter.join(table.column_names) + "\n").encode() + buffer.getvalue()
    if path.suffix == ".gz":
        content = gzip.compress(content, compresslevel=1, mtime=0)
    path.write_bytes(content)
    return path


def write_parquet(table: pa.Table, path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pyarrow.parquet.write_table(table, path, compression="snappy")
    return path


def parts(table: pa.Table, count: int) -> list[pa.Table]:
    """``table`` cut into ``count`` runs of rows of nearly one size."""
    size = -(-max(table.num_rows, 1) // count)
    return [table.slice(position * size, size) for position in range(count)]
