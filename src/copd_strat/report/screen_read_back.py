"""The figures of the first screen, read back from the written page: are they those of the published tables?

Boards read these first, and most read nothing else. Each is looked up anew by its board and name, in the fact table
itself and not in what the report made of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import Any

import pandas as pd

from copd_strat.errors import OutputError
from copd_strat.report.shown_values import PLAIN_STATUS, number

_SCREEN = re.compile(r"<h3>Integrated care board (.*?), to [A-Z][a-z]+ \d{4}</h3>")
_TILE = re.compile(
    r'<li class="tile (\w+)-tile"><span class="name">(.*?)</span> <strong>(.*?)</strong>(.*?)</li>', re.DOTALL
)
_WORDS = re.compile(r"<span>(.*?)</span>", re.DOTALL)


@dataclass(frozen=True)
class _Figure:
    """What a tile shows of one indicator of one board."""

    board: str
    name: str
    value: str
    details: tuple[str, ...]
    kind: str


def require_figures(page: Path, facts: Mapping[str, pd.DataFrame]) -> None:
    """OutputError unless every figure of the first screen in ``page`` is that of the published ``facts``, and every
    board of the latest month has its figures."""
    found = list(_figures(page.read_text(encoding="utf-8")))
    rows = _latest_of_boards(facts["fact_indicator"], facts)
    points = _latest_of_boards(facts["fact_spc"], facts)
    if {figure.board for figure in found} != _boards_of_last_month(facts):
        raise _differs(page, "not the boards of the latest month")
    shown, judged = _by_board_and_name(rows), _by_board_and_name(points)
    for figure in found:
        key = (figure.board, figure.name)
        if not _says(figure, shown.get(key), judged.get(key)):
            raise _differs(page, f"{figure.name} of one board is not the published figure")


def _figures(page: str) -> Iterator[_Figure]:
    _, *screens = _SCREEN.split(page)
    for board, text in zip(screens[::2], screens[1::2], strict=True):
        for kind, name, value, details in _TILE.findall(text):
            words = tuple(unescape(one) for one in _WORDS.findall(details))
            yield _Figure(unescape(board), unescape(name), unescape(value), words, kind)


def _boards_of_last_month(facts: Mapping[str, pd.DataFrame]) -> set[str]:
    """Boards with figures of the last month of which a register is published."""
    table, places = facts["fact_indicator"], facts["dim_org"]
    months = table[(table["indicator_id"] == "copd_register") & (table["period_type"] == "month")]
    boards = places[places["org_level"] == "icb"]
    last = table[table["period_start"] == months["period_start"].max()] if len(months) else months
    return set(boards.loc[boards["org_key"].isin(last["org_key"]), "org_code"])


def _latest_of_boards(table: pd.DataFrame, facts: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Rows of boards as a whole in the last period that any board has of the indicator, with names and labels."""
    places = facts["dim_org"]
    boards = places[places["org_level"] == "icb"].set_index("org_key")["org_code"]
    named = facts["dim_indicator"].set_index("indicator_id")
    rows = table[table["org_key"].isin(boards.index)]
    if "breakdown_type" in rows:
        rows = rows[rows["breakdown_type"].eq("all") & rows["is_latest"].astype(bool)]
    ends = pd.to_datetime(rows["period_end"])
    rows = rows[ends == ends.groupby(rows["indicator_id"]).transform("max")]
    return rows.assign(
        org_code=rows["org_key"].map(boards),
        name=rows["indicator_id"].map(named["name"]),
        unit=rows["indicator_id"].map(named["unit"]),
        label=rows["period_key"].map(facts["dim_period"].set_index("period_key")["label"]),
    )


def _by_board_and_name(rows: pd.DataFrame) -> dict[tuple[str, str], Any]:
    return {(str(row.org_code), str(row.name)): row for row in rows.itertuples(index=False)}


def _says(figure: _Figure, row: Any, point: Any) -> bool:
    """Whether ``figure`` is the published ``row``, of its period and with its interval, coloured as ``point`` is."""
    if row is None or row.value_status in PLAIN_STATUS:
        return figure.value == PLAIN_STATUS["insufficient_data" if row is None else row.value_status]
    said = {row.label if row.unit in ("people", "%") else f"{row.unit}, {row.label}"}
    if pd.notna(row.ci_lower):
        said.add(f"95% interval {number(row.ci_lower, row.unit)} to {number(row.ci_upper, row.unit)}")
    charted = point is not None and point.chart != "line"
    kind = str(point.variation).partition("_")[0] if charted else "common"
    return figure.value == number(row.value, row.unit) and said <= set(figure.details) and figure.kind == kind


def _differs(page: Path, how: str) -> OutputError:
    return OutputError(
        f"{page}: first screen: {how}",
        fix="this is a fault of the program: nothing was published; please report it",
    )
