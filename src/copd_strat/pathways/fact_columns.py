"""The columns a policy may name, and their values as NumPy arrays with gaps kept as gaps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from functools import cache
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from copd_strat.contracts.own_tables import own_table

Kind = Literal["number", "flag", "text", "date"]
Floats = npt.NDArray[np.float64]
Objects = npt.NDArray[np.object_]
Days = npt.NDArray[np.datetime64]
Flags = npt.NDArray[np.bool_]

_KIND_OF_TYPE: dict[str, Kind] = {
    "string": "text",
    "boolean": "flag",
    "integer": "number",
    "number": "number",
    "date": "date",
}
_ORGANISATION_COLUMNS: dict[str, Kind] = {"pcn": "text", "sub_icb": "text", "icb": "text"}


@cache
def patient_columns() -> dict[str, Kind]:
    """Name and kind of every column of one row a patient: features, risk, organisation."""
    columns = (column for table in ("features", "scores") for column in own_table("internal", table).columns)
    return {**{column.name: _KIND_OF_TYPE[column.type] for column in columns}, **_ORGANISATION_COLUMNS}


class Facts:
    """One row a patient, read column by column; a missing value is NaN, None or NaT, never 0 or False.

    A column that the frame lacks altogether is missing for everybody.
    """

    def __init__(self, frame: pd.DataFrame, kinds: dict[str, Kind]) -> None:
        self._frame = frame
        self._kinds = kinds
        self._read: dict[tuple[str, object], Any] = {}

    def __len__(self) -> int:
        return len(self._frame)

    def kind(self, column: str) -> Kind:
        return self._kinds[column]

    def numbers(self, column: str) -> Floats:
        """Numbers and flags (1 yes, 0 no) as float64."""
        floats: Floats = self._cached(column, numbers)
        return floats

    def texts(self, column: str) -> Objects:
        texts: Objects = self._cached(column, _texts)
        return texts

    def days(self, column: str) -> Days:
        dates: Days = self._cached(column, days)
        return dates

    def missing(self, column: str) -> Flags:
        """True where the column holds no value; an empty text is no value."""
        kind = self.kind(column)
        if kind == "text":
            return ~known(self.texts(column))
        return np.isnat(self.days(column)) if kind == "date" else np.isnan(self.numbers(column))

    def _cached(self, column: str, read: Callable[[pd.Series[Any]], Any]) -> Any:
        key = (column, read)
        if key not in self._read:
            series = self._frame.get(column)
            if series is None:
                series = pd.Series([None] * len(self._frame), dtype="object")
            self._read[key] = read(series)
        return self._read[key]


def numbers(series: pd.Series[Any]) -> Floats:
    """Numbers and flags as float64, a missing value as NaN."""
    return series.to_numpy(dtype="float64", na_value=np.nan)


def days(series: pd.Series[Any]) -> Days:
    """Dates as days, a missing value as NaT."""
    # a column without any date may come as NaN
    given = series.astype(object) if pd.api.types.is_float_dtype(series) else series
    found = pa.Array.from_pandas(given).cast(pa.date32(), safe=False)
    return np.asarray(found.to_numpy(zero_copy_only=False), dtype="datetime64[D]")


def _texts(series: pd.Series[Any]) -> Objects:
    values = objects(series)
    values[values == ""] = None
    return values


def objects(series: pd.Series[Any]) -> Objects:
    """The column as Python objects, a missing value as None."""
    values = series.astype(object).to_numpy(copy=True)
    values[pd.isna(values)] = None
    return values


def known(values: Objects) -> Flags:
    """True where there is a value."""
    return np.asarray(pd.notna(values), dtype=bool)


def object_array(values: Sequence[object]) -> Objects:
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def day(value: date) -> np.datetime64:
    """A date as NumPy's day."""
    return np.datetime64(value.isoformat(), "D")
