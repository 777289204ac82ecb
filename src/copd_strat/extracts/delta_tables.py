"""Delta tables among extracts: a folder of Parquet files in which only the table's log says which of them count.

Files of earlier versions go on lying there until somebody clears them away, deleted rows among them. So the log is
read by the format's own library (extra ``delta``), and nothing is guessed from what lies in the folder.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from copd_strat.errors import ConfigError, InputError

if TYPE_CHECKING:
    from deltalake import DeltaTable

_LOG = "_delta_log"
# Entries and checkpoints of a log are named by their version; other files of a log are hints that change at any time.
_VERSION = re.compile(r"(\d{20})\.")
# What a table may ask of its readers without its files meaning anything else than they say. The two that follow are
# harmless where the table only allows them (Delta's protocol, "Valid Feature Names in Table Features").
_HARMLESS = {"timestampNtz", "vacuumProtocolCheck", "v2Checkpoint"}
_DELETIONS, _RENAMED = "deletionVectors", "columnMapping"


@dataclass(frozen=True, kw_only=True)
class CurrentFile:
    """A file to read. ``partition``: columns whose one value, an Arrow scalar, is told by the table alone."""

    path: Path
    partition: Mapping[str, Any] = field(default_factory=dict)


def is_delta(folder: Path) -> bool:
    return (folder / _LOG).is_dir()


def is_log(name: str) -> bool:
    """Whether a file of this name belongs to a table's log: hashed like any other, and no rows of the table."""
    return _LOG in PurePosixPath(name).parts


def current_files(folder: Path, shown: str) -> Iterator[CurrentFile]:
    """The files of the table's current version, then those of its log up to there.

    ``shown`` is the folder's name in messages. ConfigError without the extra, InputError where the log cannot be
    read, or files alone do not tell the table's rows.
    """
    table = _opened(folder, shown)
    import pyarrow as pa

    _refuse_unreadable(table, shown)
    for added in pa.table(table.get_add_actions()).to_batches():
        partition = added.column("partition") if "partition" in added.schema.names else None
        for row, path in enumerate(added.column("path").to_pylist()):
            values = dict(partition[row].items()) if partition is not None else {}
            yield CurrentFile(path=folder / unquote(str(path)), partition=values)
    version = table.version()
    for path in sorted((folder / _LOG).iterdir()):
        told = _VERSION.match(path.name)
        if told and int(told[1]) <= version:
            yield CurrentFile(path=path)


def _opened(folder: Path, shown: str) -> DeltaTable:
    try:
        from deltalake import DeltaTable
        from deltalake.exceptions import DeltaError
    except ImportError:
        raise ConfigError(
            f"{shown}: is a Delta table, and the package deltalake is not installed",
            fix="pip install 'copd-strat[delta]', or export the table as Parquet",
        ) from None
    try:
        return DeltaTable(folder)
    except (DeltaError, OSError):
        raise InputError(
            f"{shown}: the log of this Delta table cannot be read",
            fix="copy the whole folder again, the log included",
        ) from None


def _refuse_unreadable(table: DeltaTable, shown: str) -> None:
    features = set(table.protocol().reader_features or ())
    if strange := features - _HARMLESS - {_DELETIONS, _RENAMED}:
        raise InputError(
            f"{shown}: this Delta table asks of its readers what is not read here: {', '.join(sorted(strange))}",
            fix="write it anew without, by CREATE TABLE … AS SELECT",
        )
    if table.metadata().configuration.get("delta.columnMapping.mode", "none") != "none":
        raise InputError(
            f"{shown}: the columns of this Delta table have other names in its files (column mapping)",
            fix="write it anew without, by CREATE TABLE … AS SELECT",
        )
    if _DELETIONS in features and table.deletion_vectors().read_all().num_rows:
        raise InputError(
            f"{shown}: rows of this Delta table are deleted by deletion vectors, and still stand in its files",
            fix="have its files written anew by REORG TABLE … APPLY (PURGE), and delta.enableDeletionVectors set to"
            " false",
        )


def write_whole(file: CurrentFile, target: Path, *, head: bool = False) -> None:
    """A copy of ``file`` with its partition's columns in it, batch by batch; of its ``head`` only, the first."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    added = pa.schema([pa.field(name, value.type) for name, value in file.partition.items()])
    try:
        with pq.ParquetFile(file.path) as source:
            schema = pa.schema([*source.schema_arrow, *added])
            with pq.ParquetWriter(target, schema) as writer:
                for batch in islice(source.iter_batches(), 1 if head else None):
                    told = [pa.repeat(value, batch.num_rows) for value in file.partition.values()]
                    writer.write_batch(pa.record_batch([*batch.columns, *told], schema=schema))
    except pa.ArrowInvalid:
        raise InputError(
            f"{target.name}: not a complete Parquet file", fix="copy or export it again"
        ) from None
