"""The clinic half: invited, seen, and what followed, from answers on lists and the community services' contacts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pandas as pd

from copd_strat.engine import Engine, packaged_sql, render
from copd_strat.followup.clock import CONTACTS, tables_present
from copd_strat.followup.figures_of_programme import ProgrammeFigure, count, middle, unseen
from copd_strat.pathways import Placement
from copd_strat.pathways.fact_columns import days

SECTION = "clinic"
# Whoever joined a list lately has not been passed over (project choice).
_TIME_TO_ACT = pd.Timedelta(days=28)
MEASURES = {
    "invited": "people accepted for the clinic by their practice, or with a clinic appointment, in 12 months",
    "seen": "of those invited: came to the clinic",
    "did_not_come": "of those invited with an appointment: have not come to any",
    "rehabilitation_after": "of those seen: pulmonary rehabilitation started or completed since",
    "admitted_90d": "of those seen 90 days or longer ago: admitted for COPD as an emergency within 90 days",
    "acted_on": "of those on the clinic lists for 28 days or longer: an answer, or a contact since they joined",
    "places_used": "of this month's clinic places: seen in the clinic this month",
    "days_to_contact": "days from joining the clinic list to the first contact, of those still on it (median)",
}


def clinic_half(
    engine: Engine, placed: Placement, as_of: date, hospital_complete_to: date | None
) -> Iterator[ProgrammeFigure]:
    """The figures of the clinic half; without a source of contacts none of them can be observed."""
    if not tables_present(engine).get(CONTACTS):
        yield from unseen(SECTION, MEASURES.items())
        return
    yield from _figures(_people(engine, placed, as_of, hospital_complete_to), as_of)


def _people(
    engine: Engine, placed: Placement, as_of: date, hospital_complete_to: date | None
) -> pd.DataFrame:
    """One row a person on the register: contacts, answers and disposition."""
    history = placed.history.frame("patient_id", "disposition", "since")
    tier = history.loc[history["disposition"] == "clinic", ["patient_id", "since"]]
    engine.register_frame("clinic_tier", tier)
    query = render(
        packaged_sql("followup", "clinic_people"),
        {"as_of": as_of, "hospital_complete_to": hospital_complete_to or date(1900, 1, 1)},
    )
    people = engine.frame(query)
    for name in ("invited_on", "seen_on", "last_seen_on", "contacted_on"):
        people[name] = days(people[name]).astype("datetime64[s]")
    keep = ["patient_id", "practice_id", "patient_ref", "disposition", "place"]
    people = people.merge(placed.frame(*keep), on="patient_id", validate="one_to_one")
    tier = tier.assign(since=days(tier["since"]).astype("datetime64[s]"))
    people = people.merge(tier.astype({"patient_id": object}), how="left", on="patient_id")
    return people.merge(_answers(placed), how="left", on=["practice_id", "patient_ref"])


def _answers(placed: Placement) -> pd.DataFrame:
    """The latest usable answer about each person, and the latest acceptance."""
    given = placed.answers.accepted
    keys = ["practice_id", "patient_ref"]
    answered = given.groupby(keys)["decided_on"].max().rename("answered_on")
    accepted = given[given["decision"] == "accepted"].groupby(keys)["decided_on"].max().rename("accepted_on")
    return pd.concat([answered, accepted], axis=1).reset_index()


def _figures(people: pd.DataFrame, as_of: date) -> Iterator[ProgrammeFigure]:
    year_ago, month = pd.Timestamp(as_of) - pd.DateOffset(months=12), pd.Timestamp(as_of).replace(day=1)
    appointed, seen = people["invited_on"].notna(), people["seen_on"].notna()
    accepted = pd.to_datetime(people["accepted_on"]) > year_ago
    invited, everybody = appointed | accepted, pd.Series(True, index=people.index)
    listed = people["disposition"] == "clinic"
    answered = pd.to_datetime(people["answered_on"]).notna()
    contacted = people["contacted_on"].notna()
    waited_long = pd.to_datetime(people["since"]) <= pd.Timestamp(as_of) - _TIME_TO_ACT
    which = {
        "invited": (invited, everybody),
        "seen": (seen, invited),
        "did_not_come": (~seen, appointed),
        "rehabilitation_after": (people["rehabilitation"].astype(bool), seen),
        "admitted_90d": (people["admitted"].fillna(False).astype(bool), people["admitted"].notna()),
        "acted_on": (answered | contacted, listed & waited_long),
        "places_used": (people["last_seen_on"] >= month, listed & (people["place"] == "clinic")),
    }
    for measure, (those, among) in which.items():
        yield count(SECTION, measure, MEASURES[measure], those, among)
    waited = (people["contacted_on"] - pd.to_datetime(people["since"])).dt.days[listed]
    yield middle(SECTION, "days_to_contact", MEASURES["days_to_contact"], waited, "days")
