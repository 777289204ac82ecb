"""A run's tables as Delta tables for a platform: each run is one more version of them (extra ``delta``).

The run itself stays as it is: these are copies, made on request from files that are as they were published.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from copd_strat.errors import ConfigError, OutputError
from copd_strat.publish.folder import PublishedRun

if TYPE_CHECKING:
    import pyarrow as pa

Part = Literal["analyst", "summary"]


def write_delta(run: PublishedRun, part: Part, folder: Path) -> dict[str, int]:
    """Every table of the run's ``part`` as ``<folder>/<table>``, in place of its last version; rows by table.

    Files of versions older than a week are removed: who is no longer in the extracts does not stay for good.
    ConfigError without the extra, InputError where a file is not as it was published, OutputError where a table
    cannot be written.
    """
    import pyarrow.parquet as pq

    places = (Path(name) for name in sorted(run.manifest["files"]))
    named = [place for place in places if place.parent == Path(part) and place.suffix == ".parquet"]
    rows = {}
    for place in named:
        table = pq.read_table(run.file(place.as_posix()))
        _write(table, folder / place.stem, run.path.name)
        rows[place.stem] = table.num_rows
    return rows


def _write(table: pa.Table, place: Path, run: str) -> None:
    """One version of a table, with the run's name in its history."""
    try:
        from deltalake import CommitProperties, DeltaTable, write_deltalake
        from deltalake.exceptions import DeltaError
    except ImportError:
        raise ConfigError(
            "the package deltalake is not installed", fix="pip install 'copd-strat[delta]'"
        ) from None
    told = CommitProperties(custom_metadata={"run": run})
    try:
        if place.exists() and not DeltaTable.is_deltatable(str(place)):
            raise OutputError(f"{place}: is there already and no Delta table", fix="name another folder")
        write_deltalake(place, table, mode="overwrite", schema_mode="overwrite", commit_properties=told)
        DeltaTable(place).vacuum(dry_run=False)
    except (DeltaError, OSError) as error:
        raise OutputError(
            f"{place}: the Delta table cannot be written ({type(error).__name__})",
            fix="check permissions and free space, and whether another program is writing to it",
        ) from None
