"""The app half: who was offered it, took it up and uses it, by deprivation and age, and how CAT scores moved."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pandas as pd

from copd_strat.engine import Engine, packaged_sql
from copd_strat.followup.clock import APP, tables_present
from copd_strat.followup.figures_of_programme import ProgrammeFigure, count, middle, unseen

SECTION = "app"
# The minimal important difference of the CAT (Kon 2014, Lancet Respir Med 2:195).
CAT_MCID = 2
STEPS = {
    "offered": "people on the register who were offered the app",
    "registered": "of those offered: registered",
    "activated": "of those registered: activated it",
    "active": "of those who activated it: used it in the 30 days to the app's last day",
    "cat_better": f"of those with two CAT scores: the last at least {CAT_MCID} points below the first",
    "cat_worse": f"of those with two CAT scores: the last at least {CAT_MCID} points above the first",
    "stepped_up": "of those who activated it: care was stepped up because of it",
}
_CAT_CHANGE = (
    "cat_change",
    "CAT points from first to last score, of those with two (median; below 0 is better)",
)
_MEASURES = (*STEPS.items(), _CAT_CHANGE)
# Column of one row a person, by the name of the breakdown.
BREAKDOWNS = {"deprivation quintile": "imd_quintile", "age": "age_band"}


def app_people(engine: Engine) -> pd.DataFrame | None:
    """One row a person on the register with the steps on record; None without a source of the app."""
    if not tables_present(engine).get(APP):
        return None
    people = engine.frame(packaged_sql("followup", "app_people"))
    return people.assign(
        imd_quintile=people["imd_quintile"]
        .astype("object")
        .map(lambda q: "not known" if pd.isna(q) else str(int(q)))
    )


def app_half(people: pd.DataFrame | None) -> Iterator[ProgrammeFigure]:
    """The funnel of everybody, then by deprivation and age; without a source nothing of it can be observed."""
    if people is None:
        yield from unseen(SECTION, _MEASURES)
        return
    yield from _funnel(people)
    for by, column in BREAKDOWNS.items():
        for group, part in people.groupby(people[column].astype(str), sort=True):
            yield from (replace(figure, by=by, group=str(group)) for figure in _funnel(part))


def _funnel(people: pd.DataFrame) -> Iterator[ProgrammeFigure]:
    change = people["cat_change"].astype("float64")
    everybody, twice = pd.Series(True, index=people.index), change.notna()
    offered, registered, activated, active, stepped_up = (
        people[name].astype(bool) for name in ("offered", "registered", "activated", "active", "stepped_up")
    )
    which = {
        "offered": (offered, everybody),
        "registered": (registered, offered),
        "activated": (activated, registered),
        "active": (active, activated),
        "cat_better": (change <= -CAT_MCID, twice),
        "cat_worse": (change >= CAT_MCID, twice),
        "stepped_up": (stepped_up, activated),
    }
    for measure, (those, among) in which.items():
        yield count(SECTION, measure, STEPS[measure], those, among)
    yield middle(SECTION, *_CAT_CHANGE, change, "points")
