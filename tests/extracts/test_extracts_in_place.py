"""Large Parquet is judged where it lies: the same rows and the same account as when it is copied."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet
import pytest
from extract_world import ingested, write_extract

from copd_strat.extracts import checked_table


@pytest.mark.parametrize("clean", [True, False])
def test_in_place_and_copied_give_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clean: bool
) -> None:
    folder = write_extract(tmp_path / "in")
    table = pyarrow.csv.read_csv(
        folder / "gp_events.csv", convert_options=_as_text("code", "code_system", "unit")
    )
    (folder / "gp_events.csv").unlink()
    if not clean:
        unknown = pc.if_else(pa.array([n % 50 == 3 for n in range(200)]), "P9999", table["patient_id"])
        table = pa.concat_tables([table.set_column(0, "patient_id", unknown), table.slice(10, 5)])
    for part in range(3):
        pyarrow.parquet.write_table(table.slice(part * 80, 80), folder / f"gp_events_{part}.parquet")
    results: list[Any] = []
    for many in (10, 10**9):
        monkeypatch.setattr(checked_table, "_MANY_ROWS", many)
        with ingested(folder, tmp_path / str(many)) as night:
            receipt = night.receipt("gp_events")
            quarantine = [row | {"file": row["file"]} for row in night.quarantine("gp_events")]
            accepted = night.engine.rows("SELECT * FROM gp_events ORDER BY ALL")
            results.append((receipt.to_json(), quarantine, accepted))
            assert ("gp_events_0.parquet" in receipt.accepted) == (many == 10)
    assert results[0] == results[1]
    assert len(results[0][2]) == (200 if clean else 196)
    assert results[0][0]["duplicates"] == (0 if clean else 5)


def _as_text(*columns: str) -> pyarrow.csv.ConvertOptions:
    return pyarrow.csv.ConvertOptions(
        column_types=dict.fromkeys(columns, pa.string()), strings_can_be_null=True
    )
