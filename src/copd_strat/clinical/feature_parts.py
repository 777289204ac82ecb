"""The features leave the engine, a file a batch of practices, and its memory is given back."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from copd_strat.clinical.build import give_back
from copd_strat.contracts.part_files import PartFiles
from copd_strat.engine import Engine

# By batch, then as everywhere by patient.
_SELECT = (
    "SELECT batches.batch, features.* FROM {part} AS features"
    " INNER JOIN practice_batches AS batches USING (practice_id) ORDER BY batches.batch, patient_id"
)


def features_in_parts(engine: Engine, folder: Path, batches: Mapping[str, int]) -> PartFiles:
    """Write ``features`` below ``folder``, columns as in the feature dictionary; ``batches``: practice → batch.

    From then on ``features`` reads these files, and what only led to them is gone from the engine.
    """
    numbers = pd.DataFrame({"practice_id": list(batches), "batch": list(batches.values())})
    engine.register_frame("practice_batches", numbers.astype({"practice_id": "str", "batch": "int32"}))
    parts = PartFiles(folder)
    with _Files(parts) as files:
        for part in engine.parts_of("features") or ("features",):
            with engine.batches(_SELECT.format(part=part)) as rows:
                files.take(rows)
    give_back(engine)
    engine.create_view("features", f"SELECT * FROM {parts.sql}")
    return parts


class _Files(ExitStack):
    """The files of all batches, each open until the last range of patients has come."""

    def __init__(self, parts: PartFiles) -> None:
        super().__init__()
        self._parts = parts
        self._open: dict[int, pq.ParquetWriter] = {}

    def take(self, rows: pa.RecordBatchReader) -> None:
        """The rows come in the order of their batches, in pieces that may hold several."""
        schema = rows.schema.remove(0)
        pending: list[pa.RecordBatch] = []
        number = 0
        for piece in rows:
            for found in pc.unique(piece.column(0)):
                if found.as_py() != number and pending:
                    self._write(number, pending, schema)
                    pending = []
                number = int(found.as_py())
                own = piece.filter(pc.equal(piece.column(0), found))
                pending.append(own.select(schema.names))
        if pending or not self._open:  # with nobody on the register there is a file without rows
            self._write(number, pending, schema)

    def _write(self, number: int, pieces: list[pa.RecordBatch], schema: pa.Schema) -> None:
        if number not in self._open:
            self._open[number] = self.enter_context(self._parts.opened(number, schema))
        self._open[number].write_table(pa.Table.from_batches(pieces, schema))
