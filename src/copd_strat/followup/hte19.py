"""What one year of the site's data can fill of the evidence that NICE HTE19 asks for, and what it cannot.

HTE19 (digital self-management of COPD) asks for CAT, exacerbations, resource use, engagement and adherence, and
adverse events, each against standard care; further EQ-5D, subgroups and the position in the pathway. The two groups
here were not drawn by lot: who takes up an app differs from who does not. The table describes, and claims nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date

import pandas as pd

from copd_strat.engine import Engine, packaged_sql, render
from copd_strat.followup.figures_of_programme import COUNTED, NOBODY, NOT_OBSERVABLE

CANNOT = "cannot be filled"


@dataclass(frozen=True, kw_only=True)
class EvidenceRow:
    """One outcome: people and value of those who activated the app, and of the others on the register."""

    outcome: str
    measure: str
    unit: str
    users: int | None = None
    users_value: float | None = None
    others: int | None = None
    others_value: float | None = None
    status: str = COUNTED
    why: str = ""


# Outcome, column of the features, words, unit.
_OF_FEATURES = (
    ("CAT", "cat", "latest CAT score of the GP record, mean", "points"),
    ("Exacerbations", "exacerbations_12m", "exacerbations in 12 months", "per 100 people"),
    ("Exacerbations", "severe_exacerbations_12m", "of them with emergency admission", "per 100 people"),
    ("Resource use", "emergency_copd_admissions_12m", "emergency admissions for COPD", "per 100 people"),
    ("Resource use", "bed_days_12m", "bed days of these", "per 100 people"),
    ("Resource use", "ed_attendances_12m", "attendances at an emergency department", "per 100 people"),
    ("Resource use", "readmissions_90d_12m", "readmissions within 90 days", "per 100 people"),
    ("Adverse events", "emergency_admissions_12m", "emergency admissions for any cause", "per 100 people"),
)
# What the table needs to know of everybody on the register.
EVIDENCE_COLUMNS = ("patient_id", *(column for _, column, _, _ in _OF_FEATURES))
_OF_APP = (
    ("CAT", "cat_change", "CAT points from first to last score in the app, mean", "points"),
    ("Engagement and adherence", "active", "used it in the last 30 days", "% of those who activated it"),
    ("Engagement and adherence", "days_in_use", "days from activation to last use, mean", "days"),
)
_CANNOT = (
    ("EQ-5D", "quality of life", "no table of the extract holds it; the app's supplier may"),
    ("Resource use", "GP contacts and their cost", "consultations are not in the extract"),
    ("Subgroups", "by condition and severity", "too few people at one site; deprivation and age stand in the funnel"),
    ("Position in the pathway", "where the app is offered", "an offer on record does not say when in care it came"),
)  # fmt: skip


def hte19(
    engine: Engine, features: pd.DataFrame, app: pd.DataFrame | None, as_of: date
) -> Iterator[EvidenceRow]:
    """Every row of the table. ``app``: one row a person on the register, None without a source of the app."""
    if app is None:
        yield from _nothing_seen()
    else:
        merged = features.merge(app[["patient_id", "activated"]], on="patient_id", validate="one_to_one")
        for outcome, column, words, unit in _OF_FEATURES:
            yield _compared(merged, outcome, column, words, unit)
        yield from _of_app(app)
        yield _deaths(engine, as_of)
    for outcome, words, why in _CANNOT:
        yield EvidenceRow(outcome=outcome, measure=words, unit="", status=CANNOT, why=why)


def _nothing_seen() -> Iterator[EvidenceRow]:
    for outcome, _, words, unit in (*_OF_FEATURES, *_OF_APP):
        yield EvidenceRow(
            outcome=outcome, measure=words, unit=unit, status=NOT_OBSERVABLE, why="no source of app_activity"
        )


def _compared(merged: pd.DataFrame, outcome: str, column: str, words: str, unit: str) -> EvidenceRow:
    """The mean of a feature in both groups, of the people whose value is known."""
    known = merged[merged[column].notna()]
    uses = known["activated"].astype(bool)
    factor = 100 if unit == "per 100 people" else 1
    users, others = known.loc[uses, column].astype(float), known.loc[~uses, column].astype(float)
    status = COUNTED if len(users) and len(others) else NOBODY
    return EvidenceRow(
        outcome=outcome,
        measure=words,
        unit=unit,
        users=len(users),
        users_value=_mean(users, factor),
        others=len(others),
        others_value=_mean(others, factor),
        status=status if len(known) else NOT_OBSERVABLE,
        why="" if len(known) else "not observable in this extract",
    )


def _mean(values: pd.Series, factor: int) -> float | None:
    return round(factor * float(values.mean()), 1) if len(values) else None


def _of_app(app: pd.DataFrame) -> Iterator[EvidenceRow]:
    """What only those who use the app can have."""
    users = app[app["activated"].astype(bool)]
    start, last = pd.to_datetime(users["active_from"]), pd.to_datetime(users["last_use"])
    users = users.assign(days_in_use=(last - start).dt.days, active=users["active"].astype(float) * 100)
    for outcome, column, words, unit in _OF_APP:
        known = users[column].dropna().astype(float)
        yield EvidenceRow(
            outcome=outcome,
            measure=words,
            unit=unit,
            users=len(known),
            users_value=_mean(known, 1),
            status=COUNTED if len(known) else NOBODY,
            why="has no counterpart in standard care",
        )


def _deaths(engine: Engine, as_of: date) -> EvidenceRow:
    rows = engine.rows(render(packaged_sql("followup", "deaths_by_app"), {"as_of": as_of}))
    found = {uses: (people, round(100 * died / people, 1)) for uses, people, died in rows}
    users, others = found.get(True, (0, None)), found.get(False, (0, None))
    return EvidenceRow(
        outcome="Adverse events",
        measure="deaths in 12 months",
        unit="per 100 people",
        users=users[0],
        users_value=users[1],
        others=others[0],
        others_value=others[1],
        status=COUNTED if users[0] and others[0] else NOBODY,
    )


def as_frame(rows: Iterator[EvidenceRow] | tuple[EvidenceRow, ...]) -> pd.DataFrame:
    return pd.DataFrame([asdict(row) for row in rows])
