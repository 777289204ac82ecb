"""What the last run left behind, handed out a batch of practices at a time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from copd_strat.pathways.analyst_tables import last_dispositions, last_references
from copd_strat.pathways.references import make_references


@dataclass(frozen=True)
class LastTables:
    """The last run's dispositions and references; ``run`` is its folder, None on the first night."""

    run: Path | None

    @cached_property
    def _dispositions(self) -> pa.Table:
        return last_dispositions(self._folder)

    @cached_property
    def _references(self) -> pa.Table:
        return last_references(self._folder)

    @property
    def _folder(self) -> Path:
        if self.run is None:
            raise ValueError("a first night has no last tables")
        return self.run

    def dispositions(self, patients: pd.DataFrame, key: bytes) -> pd.DataFrame | None:
        """Of ``patients`` (a batch: whole practices), and of everybody who was with their practices.

        References are tonight's: a practice finds those who left in the key sheet it has, also after a change of
        the key.
        """
        if self.run is None:
            return None
        table = self._dispositions
        wanted = pc.or_(_is_in(table, "patient_id", patients), _is_in(table, "practice_id", patients))
        return _under_key(table.filter(wanted), key)

    def other_dispositions(self, practices: Iterable[str], key: bytes) -> pd.DataFrame | None:
        """Of everybody whose practice is none of ``practices``."""
        return None if self.run is None else _under_key(_outside(self._dispositions, practices), key)

    def references(self, patients: pd.DataFrame) -> pd.DataFrame | None:
        """Whom the references of the practices of ``patients`` stood for on earlier lists."""
        if self.run is None:
            return None
        return _read(self._references.filter(_is_in(self._references, "practice_id", patients)))

    def other_references(self, practices: Iterable[str]) -> pd.DataFrame | None:
        """Of practices that are none of ``practices``."""
        return None if self.run is None else _read(_outside(self._references, practices))

    def moved(self, tonight: pd.DataFrame) -> set[str]:
        """Patients who are with another practice in ``tonight`` (patient_id, practice_id of everybody)."""
        if self.run is None:
            return set()
        names = ["patient_id", "practice_id"]
        before = self._dispositions.select(names).to_pandas(types_mapper=pd.ArrowDtype)
        both = before.merge(tonight[names], on="patient_id", suffixes=("_before", ""))
        return set(both.loc[both["practice_id_before"] != both["practice_id"], "patient_id"])


def _is_in(table: pa.Table, column: str, patients: pd.DataFrame) -> Any:
    return pc.is_in(table[column], value_set=pa.array(patients[column].unique(), pa.string()))


def _outside(table: pa.Table, practices: Iterable[str]) -> pa.Table:
    return table.filter(
        pc.invert(pc.is_in(table["practice_id"], value_set=pa.array(list(practices), pa.string())))
    )


def _under_key(table: pa.Table, key: bytes) -> pd.DataFrame:
    frame = table.to_pandas()
    return frame.assign(patient_ref=make_references(frame, key))


def _read(table: pa.Table) -> pd.DataFrame:
    frame = table.to_pandas()
    # Parquet gives dates as Python's, which cannot be compared with tonight's.
    return frame.assign(first_on=pd.to_datetime(frame["first_on"]), last_on=pd.to_datetime(frame["last_on"]))
