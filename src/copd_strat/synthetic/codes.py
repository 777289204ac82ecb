"""The codes that the simulator writes: a small table, each found in the public sources the docs name.

Terms are our own words. A site's code lists are not read here: the truth must not depend on them.
"""

from __future__ import annotations

import csv
from functools import cache
from importlib.resources import files

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


def _rows(name: str) -> list[dict[str, str]]:
    text = files("copd_strat").joinpath("synthetic", "data", name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


@cache
def code_table() -> tuple[dict[str, str], ...]:
    """Rows ``name, system, code, meaning`` of everything but medicines."""
    return tuple(_rows("codes.csv"))


@cache
def medicine_table() -> tuple[dict[str, str], ...]:
    """Rows ``name, dmd_code, earlier_code, meaning``; dm+d gave some products a new id."""
    return tuple(_rows("medicines.csv"))


@cache
def _positions(table: str) -> dict[str, int]:
    rows = code_table() if table == "codes" else medicine_table()
    return {row["name"]: position for position, row in enumerate(rows)}


def code_of(name: str) -> str:
    """The SNOMED (or EMIS-local) code called ``name`` here; KeyError if there is none."""
    return code_table()[_positions("codes")[name]]["code"]


def event(*names: str) -> Ints:
    """Positions of event codes in ``code_table``."""
    return np.array([_positions("codes")[name] for name in names], dtype=np.int64)


def medicine(*names: str) -> Ints:
    """Positions of medicines in ``medicine_table``."""
    return np.array([_positions("medicines")[name] for name in names], dtype=np.int64)
