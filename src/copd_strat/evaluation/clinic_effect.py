"""The evaluation of the clinic from what the runs kept: the design first, the comparison only if it can tell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from copd_strat.config import ProgrammeSettings
from copd_strat.contracts.own_tables import own_table, read_parquet
from copd_strat.engine import Engine, packaged_sql, render
from copd_strat.errors import InputError
from copd_strat.evaluation.discontinuity import (
    MONTHS,
    Design,
    Effect,
    Jump,
    balancing,
    cohort,
    design_of,
    effect_of,
)
from copd_strat.evaluation.followed import keep_observed, months_after

_OUTCOME = {"any": "any_exacerbations", "severe": "severe_exacerbations"}


@dataclass(frozen=True, kw_only=True)
class WithoutClinic:
    """What a back-test saw in those who would have had a place, before there was a clinic."""

    index: str
    before: float
    after: float

    @property
    def fall(self) -> float:
        return 1 - self.after / self.before if self.before else float("nan")


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """``effect`` and ``balance`` are None and empty where the design can tell nothing, or the question is not
    the one that stood when the places were given (``asked_then``)."""

    asked: ProgrammeSettings
    asked_then: str | None
    month: date
    start: date
    until: date
    unscored: int
    design: Design
    without_clinic: WithoutClinic | None
    effect: Effect | None
    balance: Mapping[str, Jump]

    @property
    def asked_before(self) -> bool:
        """Whether the question was fixed before anybody could know its answer."""
        return self.asked_then == self.asked.question

    def to_json(self) -> dict[str, Any]:
        """What is kept: figures and counts, nobody's record."""
        return {
            "asked": self.asked.model_dump(mode="json"),
            "asked_then": self.asked_then,
            "month": self.month,
            "start": self.start,
            "until": self.until,
            "unscored": self.unscored,
            "design": asdict(self.design),
            "without_clinic": asdict(self.without_clinic) if self.without_clinic else None,
            "effect": asdict(self.effect) if self.effect else None,
            "balance": {name: asdict(one) for name, one in self.balance.items()},
        }


def evaluate(
    engine: Engine,
    snapshots: pd.DataFrame,
    asked: ProgrammeSettings,
    *,
    starts_on: date,
    complete_to: date,
    backtests: Path,
    policy: str,
) -> Evaluation:
    """Those around the last place of the first month, and their year; needs the tables of ``clinical.build``.

    InputError where no run of that month was kept, or its year is not over.
    """
    months = _months_from(snapshots, starts_on)
    baseline = months[months["month"] == months["month"].min()]
    start = pd.Timestamp(baseline["run_date"].iloc[0]).date()
    until = months_after(start, MONTHS)
    if until > complete_to:
        raise InputError(
            f"the year after the first places of {start} is not over: the extracts are complete to {complete_to}",
            fix=f"evaluate once they are complete to {until}",
        )
    later = months[(months["month"] > months["month"].min()) & (months["run_date"] <= pd.Timestamp(until))]
    near = cohort(_with_expected(baseline, asked.outcome), later, asked.bandwidth)
    people = _with_year_after(engine, near, start, until)
    _require_two_sides(people)
    design = design_of(people, outcome := _OUTCOME[asked.outcome], asked.smallest_effect)
    then = baseline["asked"].iloc[0]
    asked_then = None if pd.isna(then) else str(then)
    enough = design.enough_for(asked.smallest_effect) and asked_then == asked.question
    return Evaluation(
        asked=asked,
        asked_then=asked_then,
        month=pd.Timestamp(baseline["month"].iloc[0]).date(),
        start=start,
        until=until,
        unscored=int(baseline.loc[baseline["place"].notna(), f"risk_{asked.outcome}_12m"].isna().sum()),
        design=design,
        without_clinic=_without_clinic(backtests, start, policy),
        effect=effect_of(people, outcome) if enough else None,
        balance=balancing(people) if enough else {},
    )


def _months_from(snapshots: pd.DataFrame, starts_on: date) -> pd.DataFrame:
    months = snapshots[snapshots["month"] >= pd.Timestamp(starts_on).replace(day=1)]
    if months.empty:
        raise InputError(
            f"programme.starts_on {starts_on}: no run of that month or later has been published here",
            fix="check the date; each month's first run keeps what the evaluation needs",
        )
    return months


def _with_expected(baseline: pd.DataFrame, outcome: str) -> pd.DataFrame:
    risk = baseline[f"risk_{outcome}_12m"].astype("Float64").to_numpy(dtype=float, na_value=np.nan)
    return baseline.assign(expected=-np.log1p(-np.minimum(risk, 1 - 1e-9)))


def _with_year_after(engine: Engine, people: pd.DataFrame, start: date, until: date) -> pd.DataFrame:
    keep_observed(engine)
    engine.register_frame("cohort", people[["patient_id"]])
    query = render(packaged_sql("evaluation", "year_after"), {"start": start, "until": until})
    return people.merge(engine.frame(query), on="patient_id", validate="one_to_one")


def _require_two_sides(people: pd.DataFrame) -> None:
    """InputError where there is nobody to compare with."""
    sides = people["got"].astype(bool)
    if people["practice_id"].nunique() < 3 or sides.sum() < 5 or (~sides).sum() < 5:
        raise InputError(
            "nobody can be compared: too few people had a place, or too few were next in line for one",
            fix="evaluate a month in which the practices' lists were longer than their places",
        )


def _without_clinic(backtests: Path, start: date, policy: str) -> WithoutClinic | None:
    """The latest back-test of this policy whose year ended before the first places, if there is one."""
    found = []
    for folder in sorted(backtests.glob("*-*-*")):
        index = date.fromisoformat(folder.name)
        path = folder / "policies.parquet"
        if months_after(index, MONTHS) <= start and path.is_file():
            rows = read_parquet(path, own_table("internal", "backtest_policies")).to_pandas()
            own = rows[(rows["policy"] == policy) & (rows["kind"] == "place") & (rows["group"] == "clinic")]
            found += [
                WithoutClinic(
                    index=folder.name,
                    before=float(row["exacerbations_before"]),
                    after=float(row["exacerbations_after"]),
                )
                for row in own.to_dict("records")
            ]
    return found[-1] if found else None
