"""What the report reads: published rows of the latest revision, with their organisations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd

Tables = Mapping[str, pd.DataFrame]


@dataclass(frozen=True)
class Indicator:
    """What a reader is told of an indicator."""

    id: str
    name: str
    unit: str
    polarity: str

    @property
    def heading(self) -> str:
        return self.name if self.unit == "people" else f"{self.name}, {self.unit}"

    @property
    def column(self) -> str:
        """A short heading; rates are per 100 people, as the captions say."""
        return f"{self.name}, %" if self.unit == "%" else self.name


@dataclass(frozen=True)
class Latest:
    """Rows by (organisation code, breakdown value, indicator); and by indicator the period they are of."""

    cells: dict[tuple[str, str, str], Any]
    periods: dict[str, str]

    def status(self, code: str, indicator: str) -> set[str]:
        """Why an organisation's figures of an indicator are shown or not; of the groups, all there are."""
        own = (row for (org, _, name), row in self.cells.items() if (org, name) == (code, indicator))
        return {row.value_status for row in own}

    def dated(self, words: str, indicator: str, month: str) -> str:
        """``words``, with the period of the figures where it is not ``month``."""
        period = self.periods.get(indicator, month)
        return words if period == month else f"{words} ({period})"


@dataclass(frozen=True)
class Published:
    """The published tables, joined for reading; months are timestamps, oldest first."""

    rows: pd.DataFrame
    spc: pd.DataFrame
    places: pd.DataFrame
    quality: pd.DataFrame
    periods: pd.DataFrame
    breakdowns: pd.DataFrame
    indicators: dict[str, Indicator]

    @classmethod
    def of(cls, facts: Tables) -> Published:
        """``facts`` by name, with the columns that ``outputs.schemas`` declares."""
        places = facts["dim_org"][["org_key", "org_level", "org_code", "org_name"]]
        periods = _dated(facts["dim_period"]).sort_values("period_start", ignore_index=True)
        revised = ("fact_indicator", "fact_data_quality")
        labels = periods[["period_key", "period_type", "label"]]
        joined = {
            name: _dated(facts[name].drop(columns="period_type", errors="ignore"))
            .merge(places, on="org_key")
            .merge(labels, on="period_key")
            for name in (*revised, "fact_spc")
        }
        for name in revised:
            rows = joined[name]
            joined[name] = rows[rows["is_latest"].astype(bool)]  # of no type where there is no row
        return cls(
            rows=joined["fact_indicator"],
            places=facts["dim_org"],
            spc=joined["fact_spc"].sort_values("period_start", kind="stable"),
            quality=joined["fact_data_quality"],
            periods=periods,
            breakdowns=facts["dim_breakdown"].sort_values(["breakdown_type", "sort_order"]),
            indicators={
                row.indicator_id: Indicator(row.indicator_id, row.name, row.unit, row.polarity)
                for row in records(facts["dim_indicator"])
            },
        )

    def latest_month(self, indicator: str) -> pd.Timestamp | None:
        """The last published month with ``indicator``, or None: dispositions begin later than events."""
        rows = self.rows[self.rows["period_type"] == "month"]
        months = rows.loc[rows["indicator_id"] == indicator, "period_start"]
        return None if months.empty else months.max()

    def codes(self, level: str, month: pd.Timestamp) -> list[str]:
        """Codes of the organisations of a level in a month."""
        rows = self.rows[(self.rows["org_level"] == level) & (self.rows["period_start"] == month)]
        return sorted(rows["org_code"].unique())

    def latest(self, level: str, breakdown: str = "all") -> Latest:
        """Each indicator's figures of a level and breakdown in the last period in which it has them."""
        here = (self.rows["org_level"] == level) & (self.rows["breakdown_type"] == breakdown)
        rows = self.rows[here]
        rows = rows[rows["period_end"] == rows.groupby("indicator_id")["period_end"].transform("max")]
        return Latest(
            {(row.org_code, row.breakdown_value, row.indicator_id): row for row in records(rows)},
            dict(zip(rows["indicator_id"], rows["label"], strict=True)),
        )

    @cached_property
    def of_boards(self) -> dict[tuple[str, str, str, str], pd.DataFrame]:
        """Rows of boards by organisation code, indicator, breakdown and its value."""
        boards = self.rows[self.rows["org_level"] == "icb"]
        keys = ["org_code", "indicator_id", "breakdown_type", "breakdown_value"]
        return {
            (str(code), str(name), str(kind), str(value)): rows
            for (code, name, kind, value), rows in boards.groupby(keys)
        }

    def series(self, level: str, code: str, indicator: str) -> pd.DataFrame:
        """The control chart rows of one organisation, across the versions of its name and membership."""
        spc = self.spc
        chosen = (spc["org_level"] == level) & (spc["org_code"] == code) & (spc["indicator_id"] == indicator)
        return spc[chosen]

    def last_points(self, level: str, codes: Sequence[str]) -> list[Any]:
        """The last point of each control chart of ``codes``, in the indicator's last period at that level."""
        spc = self.spc[self.spc["org_level"] == level]
        last = spc["period_end"] == spc.groupby("indicator_id")["period_end"].transform("max")
        found = spc[last & spc["org_code"].isin(codes)]
        order = {name: place for place, name in enumerate(self.indicators)}
        return sorted(records(found), key=lambda row: (order[row.indicator_id], row.org_code))


def records(frame: pd.DataFrame) -> list[Any]:
    """The rows, each with its columns as attributes."""
    return list(frame.itertuples(index=False))


def _dated(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(period_start=pd.to_datetime(frame["period_start"]))
