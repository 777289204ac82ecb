"""Checksums inside Parquet pages, verified where the writer wrote them.

A flipped bit in a data page is mostly read as another value: half of them were, on a sample. Spark writes a
checksum into every page by default, pyarrow and DuckDB do not.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import duckdb

from copd_strat.errors import InputError
from copd_strat.extracts.source_files import place_of, reading

_HEADER_BYTES, _BATCH_ROWS = 64, 1 << 16
# In Parquet's page header, in Thrift's compact form, the checksum is the fourth whole number; each of the
# four starts with this byte: the next field, 32 bits (parquet.thrift).
_NEXT_INT32 = 0x15


def require_intact_pages(path: Path, name: str, columns: Iterable[str]) -> None:
    """InputError if a page of ``columns`` (the file's own names) differs from its checksum."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    if not has_checksums(path, name):
        return
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            for _ in file.iter_batches(batch_size=_BATCH_ROWS, columns=list(columns), use_threads=False):
                pass
    except (pa.ArrowException, OSError):
        raise InputError(
            f"{name}: a page differs from its checksum: the file was damaged after it was written",
            fix="copy or export it again",
        ) from None


def has_checksums(path: Path, name: str) -> bool:
    """Whether the first page of the file has a checksum; a writer writes them everywhere or nowhere.

    The engine tells where it is: pyarrow ends the process where a column's statistics do not fit (version 26).
    """
    first = "row_group_id = 0 AND column_id = 0"
    offsets = "coalesce(nullif(dictionary_page_offset, 0), data_page_offset)"
    with reading(name), duckdb.connect() as connection:
        found = connection.execute(
            f"SELECT {offsets} FROM parquet_metadata({place_of(path)}) WHERE {first}"
        ).fetchone()
    if found is None or found[0] is None or found[0] < 0:
        return False
    with path.open("rb") as stream:
        stream.seek(found[0])
        header = stream.read(_HEADER_BYTES)
    place = 0
    for _ in ("type", "size", "packed size"):
        if header[place : place + 1] != bytes((_NEXT_INT32,)):
            return False
        place += 1
        while header[place : place + 1] >= b"\x80":
            place += 1
        place += 1
    return header[place : place + 1] == bytes((_NEXT_INT32,))
