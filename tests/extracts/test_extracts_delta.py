"""Delta tables as extracts: the rows of the current version, whatever else lies in the folder."""

from __future__ import annotations

import json
import struct
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake
from extract_world import CONTRACTS, gp_events, ingested, write_extract

from copd_strat.config import ExtractSource
from copd_strat.errors import ConfigError, CopdStratError, InputError
from copd_strat.extracts.inventory import inventory, require_unchanged
from copd_strat.extracts.propose_layout import look_at

TABLE = "gp_events"


def as_delta(folder: Path, table: str = TABLE, **options: Any) -> Path:
    """The extract with one table as a Delta table in place of its CSV file."""
    write_extract(folder)
    csv = folder / f"{table}.csv"
    frame = pd.read_csv(csv, dtype=str)
    write_deltalake(folder / table, pa.Table.from_pandas(frame, preserve_index=False), **options)
    csv.unlink()
    return folder


def commit(table: Path, *actions: dict[str, Any]) -> None:
    """Add the next entry to a table's log, as another program would write it."""
    number = DeltaTable(table).version() + 1
    lines = [json.dumps(action) for action in ({"commitInfo": {"operation": "TEST"}}, *actions)]
    (table / "_delta_log" / f"{number:020d}.json").write_text("\n".join(lines))


def asking(*features: str) -> dict[str, Any]:
    return {
        "protocol": {
            "minReaderVersion": 3,
            "minWriterVersion": 7,
            "readerFeatures": list(features),
            "writerFeatures": list(features),
        }
    }


def columns_read(folder: Path) -> list[Any]:
    with ingested(folder, folder.with_name(f"out_{folder.name}")) as night:
        return night.engine.rows(
            f"SELECT patient_id, event_date, code, code_system, recorded_date FROM {TABLE} ORDER BY ALL"
        )


def test_a_delta_table_is_read_like_any_other_file(tmp_path: Path) -> None:
    write_extract(tmp_path / "csv")
    told = columns_read(tmp_path / "csv")
    assert len(told) > 20
    assert columns_read(as_delta(tmp_path / "delta")) == told


def test_columns_of_partitions_come_with_their_files(tmp_path: Path) -> None:
    write_extract(tmp_path / "csv")
    folder = as_delta(tmp_path / "delta", partition_by=["code_system", "recorded_date"])
    assert columns_read(folder) == columns_read(tmp_path / "csv")
    source = ExtractSource(layout="native", path=folder)
    (name,) = look_at(source, CONTRACTS).sources[0].tables[TABLE]
    assert name.startswith(f"{TABLE}/code_system=snomed/recorded_date=")


def test_deleted_rows_that_still_lie_there_are_not_read(tmp_path: Path) -> None:
    folder = as_delta(tmp_path / "in")
    DeltaTable(folder / TABLE).delete("patient_id = 'P0001'")
    DeltaTable(folder / TABLE).create_checkpoint()  # Parquet in the log, and no rows of the table
    with ingested(folder, tmp_path / "out") as night:
        assert night.engine.scalar(f"SELECT count(*) FROM {TABLE} WHERE patient_id = 'P0001'") == 0
        assert night.count(TABLE) == len([row for row in gp_events() if row["patient_id"] != "P0001"])
    lying_there = {path.name for path in (folder / TABLE).glob("*.parquet")}
    listed = {item.path.name for item in inventory(folder) if item.name.startswith(f"{TABLE}/part")}
    assert len(lying_there) == 2
    assert len(listed) == 1


def test_the_log_is_hashed_and_a_later_version_is_another_night(tmp_path: Path) -> None:
    folder = as_delta(tmp_path / "in")
    before = inventory(folder)
    assert f"{TABLE}/_delta_log/{0:020d}.json" in {item.name for item in before}
    rows = DeltaTable(folder / TABLE).to_pyarrow_table()
    write_deltalake(folder / TABLE, rows.slice(0, 1), mode="append")
    require_unchanged(before)
    after = inventory(folder)
    assert {item.content for item in before} < {item.content for item in after}


def test_a_source_may_be_one_table(tmp_path: Path) -> None:
    folder = as_delta(tmp_path / "in") / TABLE
    assert all(item.name.startswith(f"{TABLE}/") for item in inventory(folder))


def deleting(path: str, size: int, row: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """Entries of the log that delete one row by a deletion vector, as Delta's protocol lays it out."""
    bitmap = struct.pack("<IIHHIH", 12346, 1, 0, 0, 16, row)
    vector = struct.pack("<IqI", 1681511377, 1, 0) + bitmap
    inline = {
        "storageType": "i",
        "pathOrInlineDv": base85(vector + b"\0" * (-len(vector) % 4)),
        "sizeInBytes": len(vector),
        "cardinality": 1,
    }
    gone = {"path": path, "deletionTimestamp": 0, "dataChange": True}
    added = {"path": path, "partitionValues": {}, "size": size, "modificationTime": 0, "dataChange": True}
    return {"remove": gone}, {"add": added | {"stats": '{"numRecords": 30}', "deletionVector": inline}}


def base85(content: bytes) -> str:
    """ZeroMQ's base 85."""
    letters = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#"
    words = [int.from_bytes(content[place : place + 4], "big") for place in range(0, len(content), 4)]
    return "".join(letters[word // 85**power % 85] for word in words for power in (4, 3, 2, 1, 0))


def test_deletion_vectors_are_refused_where_they_are_in_use(tmp_path: Path) -> None:
    folder = as_delta(tmp_path / "in")
    table = folder / TABLE
    commit(table, asking("deletionVectors"))
    assert inventory(folder)
    file = next(table.glob("*.parquet"))
    commit(table, *deleting(file.name, file.stat().st_size, row=1))
    vectors = pa.table(DeltaTable(table).deletion_vectors().read_all())
    assert vectors["selection_vector"][0].as_py()[:2] == [True, False], "the library understands the vector"
    with pytest.raises(InputError, match=r"gp_events: rows .* deletion vectors(.|\n)*Fix: .*REORG TABLE"):
        inventory(folder)


def renamed(table: Path) -> None:
    """Have the table's files call its columns otherwise, as Delta's column mapping by name does."""
    first = (table / "_delta_log" / f"{0:020d}.json").read_text(encoding="utf-8").splitlines()
    entry = next(json.loads(line) for line in first if "metaData" in line)
    fields = json.loads(entry["metaData"]["schemaString"])
    for number, column in enumerate(fields["fields"], start=1):
        column["metadata"] = {
            "delta.columnMapping.id": number,
            "delta.columnMapping.physicalName": f"col-{number}",
        }
    entry["metaData"]["schemaString"] = json.dumps(fields)
    entry["metaData"]["configuration"] = {"delta.columnMapping.mode": "name"}
    commit(table, asking("columnMapping"), entry)


def broken(table: Path) -> None:
    (table / "_delta_log" / f"{1:020d}.json").write_text("{broken")


REFUSED = {
    "columns with other names in the files": (renamed, r"column mapping"),
    "a feature that nobody here knows": (
        lambda table: commit(table, asking("variantType")),
        r"variantType|log",
    ),
    "a log that cannot be read": (broken, r"log of this Delta table cannot be read"),
    "a file that was cleared away": (
        lambda table: next(table.glob("*.parquet")).unlink(),
        r"part-.*cannot be read",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_files_alone_do_not_tell_is_refused(tmp_path: Path, name: str) -> None:
    spoil, message = REFUSED[name]
    folder = as_delta(tmp_path / "in")
    assert inventory(folder)
    spoil(folder / TABLE)
    with pytest.raises(InputError, match=message) as told:
        inventory(folder)
    assert TABLE in told.value.problem
    assert told.value.fix


def test_without_the_extra_a_delta_table_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = as_delta(tmp_path / "in")
    monkeypatch.setitem(sys.modules, "deltalake", None)
    refused: type[CopdStratError] = ConfigError
    with pytest.raises(refused, match=r"deltalake is not installed(.|\n)*copd-strat\[delta\]"):
        inventory(folder)
