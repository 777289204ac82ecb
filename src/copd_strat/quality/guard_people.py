"""The register against the last run's: are these people still who, and where, they were?

A column that was sorted or pasted apart from its ids keeps every total; only people show it. The limits are
project choices (docs/decisions.md §61).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from copd_strat.config import GuardSettings
from copd_strat.contracts.contract import Column
from copd_strat.contracts.own_tables import own_table, read_parquet
from copd_strat.engine import Engine
from copd_strat.extracts.receipts import TableReceipt
from copd_strat.quality.findings import Finding
from copd_strat.quality.guard_findings import columns_text, files_text, fixed_limit, whole_columns

# Of the people who are on the register in both nights: more than the share, and at least so many.
MOVED_SHARE, FEWEST_MOVED = 0.05, 10
CHANGED_SHARE, FEWEST_CHANGED = 0.01, 5
_PRACTICE = ("organisation", "reference")
_SEX = re.compile("sex|gender", re.IGNORECASE)
# Successors of successors: more steps than any practice has had, which also ends a circle.
_STEPS = 10
# The last run's people, one row each.
_LAST_PEOPLE = "analyst/patients.parquet"
COMPARED = ["patient_id", "practice_id", "sex", "age", "index_date"]


class ComparedPeople(NamedTuple):
    """People on the register in both nights, and how many of them are otherwise tonight."""

    both: int
    moved: int
    sex: int
    birth: int
    changed: int


def people_changed(
    engine: Engine,
    features: pd.DataFrame,
    previous: Path | None,
    receipts: Iterable[TableReceipt],
    settings: GuardSettings,
) -> Iterator[Finding]:
    """Tonight's register (``features``) against that of the run in ``previous``; nothing on a first night.

    ``receipts`` are those of the tables that the patients are made from; needs ``practice_changes``.
    """
    if previous is None:
        return
    people = read_parquet(previous / _LAST_PEOPLE, own_table("internal", "features"), columns=COMPARED)
    last = people.to_pandas()
    named = engine.rows(
        "SELECT practice_id, successor_id FROM practice_changes WHERE successor_id IS NOT NULL"
    )
    yield from judge_people(compare_people(features[COMPARED], last, dict(named)), list(receipts), settings)


def judge_people(
    seen: ComparedPeople, receipts: list[TableReceipt], settings: GuardSettings
) -> Iterator[Finding]:
    """What of ``seen`` is more than can be."""
    both = f"the {seen.both:,} people who are on the register last night and tonight"
    if seen.moved >= FEWEST_MOVED and seen.moved > MOVED_SHARE * seen.both:
        where = _where(receipts, lambda column: column.kind in _PRACTICE)
        yield fixed_limit(
            "GRD11",
            "people are with other practices",
            where,
            f"{seen.moved:,} of {both} are with another practice tonight ({seen.moved / seen.both:.1%};"
            f" {MOVED_SHARE:.0%} may move); most likely practices no longer stand beside their own ids",
            settings,
            {"people": seen.both, "moved": seen.moved},
        )
    if seen.changed >= FEWEST_CHANGED and seen.changed > CHANGED_SHARE * seen.both:
        where = _where(receipts, lambda column: column.kind == "birth_year" or bool(_SEX.search(column.name)))
        yield fixed_limit(
            "GRD12",
            "people have another sex or year of birth",
            where,
            f"of {both}, {seen.sex:,} have another sex and {seen.birth:,} another year of birth tonight"
            f" ({seen.changed / seen.both:.1%}; {CHANGED_SHARE:.0%} may change); most likely these columns no longer"
            " stand beside their own ids",
            settings,
            {"people": seen.both, "sex": seen.sex, "birth_year": seen.birth},
        )


def compare_people(
    tonight: pd.DataFrame, last: pd.DataFrame, successors: Mapping[str, str]
) -> ComparedPeople:
    """Both frames: patient_id, practice_id, sex, age (years), index_date.

    A practice that names a successor is the successor. What is not known in one of the nights has not changed.
    """
    both = tonight.merge(last, on="patient_id", suffixes=("", "_last"))
    nights = ("", "_last")
    practices = [both[f"practice_id{night}"].map(lambda one: _successor(one, successors)) for night in nights]
    sexes = [both[f"sex{night}"].where(both[f"sex{night}"] != "unknown") for night in nights]
    years = [_birth_year(both[f"age{night}"], both[f"index_date{night}"]) for night in nights]
    moved, sex, birth = (_differ(now, before) for now, before in (practices, sexes, years))
    return ComparedPeople(
        both=len(both),
        moved=int(moved.sum()),
        sex=int(sex.sum()),
        birth=int(birth.sum()),
        changed=int((sex | birth).sum()),
    )


def _differ(now: pd.Series, before: pd.Series) -> pd.Series:
    return now.ne(before) & now.notna() & before.notna()


def _successor(practice: Any, successors: Mapping[str, str]) -> Any:
    for _ in range(_STEPS):
        practice = successors.get(practice, practice)
    return practice


def _birth_year(age: pd.Series, index: pd.Series) -> pd.Series:
    """The age is counted from the middle of the year, or of the month, of birth, so its year is safe."""
    return (pd.to_datetime(index) - pd.to_timedelta(age.astype("float64") * 365.25, unit="D")).dt.year


def _where(receipts: Iterable[TableReceipt], is_meant: Callable[[Column], bool]) -> str:
    """'native.patients, file patients.csv, column practice_id' of every table that has such a column."""
    told = []
    for receipt in receipts:
        came = whole_columns(receipt)
        names = [one.name for one in receipt.contract.columns if one.name in came and is_meant(one)]
        if names:
            table = f"{receipt.layout}.{receipt.table}"
            told.append(f"{table}, {files_text(receipt.files)}, {columns_text(names)}")
    return "; ".join(told)
