"""Who is due what: one line an event that the clock runs for, with its duties and, after a stay, the 90-day risk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from copd_strat.contracts.own_tables import conform, own_table, read_parquet, write_parquet
from copd_strat.engine import Engine, packaged_sql, render
from copd_strat.followup.clock import not_observable, start_clock
from copd_strat.followup.pearl import PearlInputs, PearlScore, group_of, pearl
from copd_strat.pathways.fact_columns import days, numbers
from copd_strat.pathways.follow_up_policy import FollowUp

# One row of a small table, by column.
Row = Mapping[Any, Any]

_HISTORY = Path("history") / "worklist.parquet"
EVENT_KEY = ["patient_id", "event", "event_date"]
OPEN_STATES = ("due", "overdue")
FACTS = [
    "patient_id",
    "practice_id",
    "patient_ref",
    "route",
    "palliative",
    "mrc",
    "cor_pulmonale",
    "heart_failure",
]
# Highest first; whom the record cannot score stands with the intermediate, neither first nor last.
_GROUP_ORDER = {"high": 0, "intermediate": 1, "low": 2}


@dataclass(frozen=True, kw_only=True)
class Worklist:
    """``lines``: one row an event with a duty still open, by practice and order, the first ones ``today``; last those
    that the clock left with a duty open (``ended``).

    ``duties``: one row a duty of every event in the window, palliative people's too. ``palliative``: people whom
    the clock leaves in peace. ``history``: for the next night. ``unobservable``: events and duties that the extract
    cannot show, each with its reason. ``delays``: days from each event that is new tonight to tonight; None on the
    first night, when nothing says what is new.
    """

    policy: FollowUp
    lines: pd.DataFrame
    duties: pd.DataFrame
    palliative: int
    history: pd.DataFrame
    unobservable: Mapping[str, str]
    delays: Mapping[str, tuple[int, ...]] | None

    def record(self) -> dict[str, object]:
        """What the manifest keeps."""
        followed = self.duties[~self.duties["palliative"] & ~self.duties["ended"]]
        states = followed.groupby(["duty", "state"]).size()
        found: dict[str, dict[str, int]] = {}
        for row in states.rename("events").reset_index().to_dict("records"):
            found.setdefault(row["duty"], {})[row["state"]] = int(row["events"])
        return {
            "worklist": {
                "lines": {event: self._lines(event) for event in self.policy.events},
                "ended_undone": int(self.lines["ended"].sum()),
                "duties": found,
                "palliative": self.palliative,
                "days_from_event_to_list": self._delays(),
                "not_observable": dict(self.unobservable),
            }
        }

    def _lines(self, event: str) -> int | str:
        count = int(((self.lines["event"] == event) & ~self.lines["ended"]).sum())
        return "not observable" if event in self.unobservable and not count else count

    def _delays(self) -> object:
        if self.delays is None:
            return "first night: nothing to measure"
        return {
            event: {"events": len(waited), "median": float(np.median(waited)), "longest": max(waited)}
            for event, waited in sorted(self.delays.items())
        }

    def write_tables(self, root: Path) -> None:
        """``analyst/follow_up.parquet`` and what the next night starts from, below the run's folder ``root``."""
        followed = self.duties[~self.duties["ended"]]
        for name, path, frame in (
            ("follow_up", root / "analyst" / "follow_up.parquet", followed),
            ("history_worklist", root / _HISTORY, self.history),
        ):
            write_parquet(conform(own_table("internal", name), frame), path)


def worklist(
    engine: Engine,
    patients: pd.DataFrame,
    *,
    policy: FollowUp,
    as_of: date,
    facts: Mapping[str, str],
    previous: Path | None,
) -> Worklist:
    """The worklist of everybody in ``patients`` (one row a patient with facts and reference), under ``policy``.

    ``facts``: clinical facts that cannot be observed, with reasons; ``previous``: the last run's folder.
    """
    start_clock(engine, policy, as_of)
    unobservable = not_observable(engine, policy, facts)
    events = _events(engine, patients, policy, as_of)
    duties = _duties(engine, events, unobservable)
    history, delays = _history(events, previous, as_of)
    duties = duties.merge(history[[*EVENT_KEY, "first_on"]], on=EVENT_KEY)
    lines = _ordered(_open_lines(events, duties), policy)
    history["open"] = pd.MultiIndex.from_frame(history[EVENT_KEY]).isin(
        pd.MultiIndex.from_frame(lines[EVENT_KEY])
    )
    return Worklist(
        policy=policy,
        lines=lines,
        duties=duties,
        palliative=int(events.loc[events["palliative"], "patient_id"].nunique()),
        history=history,
        unobservable=unobservable,
        delays=delays,
    )


def _events(engine: Engine, patients: pd.DataFrame, policy: FollowUp, as_of: date) -> pd.DataFrame:
    """The events of the window with the facts that their lines need, and the 90-day risk of stays."""
    query = render(
        packaged_sql("followup", "worklist_events"),
        {
            "events": policy.events or ("",),
            "as_of": as_of,
            "keep_days": policy.keep_days,
            "tell_days": policy.tell_days,
        },
    )
    facts = patients.reindex(columns=FACTS)
    found = engine.frame(query).merge(facts, on="patient_id", validate="many_to_one")
    # not known reads as not palliative here: who may need care is not passed over for want of a code
    found["palliative"] = found["palliative"].fillna(False).astype(bool)
    scores = [_score(row) for row in found.to_dict("records")]
    found["pearl_lowest"] = pd.array([s.lowest if s else None for s in scores], dtype="Int32")
    found["pearl_highest"] = pd.array([s.highest if s else None for s in scores], dtype="Int32")
    for column in ("status", "points", "group"):
        found[f"pearl_{column}"] = [getattr(score, column) if score else None for score in scores]
    return found.assign(event_date=days(found["event_date"]).astype("datetime64[s]"))


def _score(row: Row) -> PearlScore | None:
    """Scored is a stay; None for an exacerbation without one."""
    if row["event"] != "discharge":
        return None
    return pearl(
        PearlInputs(
            admissions=_whole(row["admissions_before"]),
            mrc=_whole(row["mrc"]),
            split=None if pd.isna(row["dyspnoea_split"]) else str(row["dyspnoea_split"]),
            age=float(row["age"]),
            cor_pulmonale=_yes(row["cor_pulmonale"]),
            heart_failure=_yes(row["heart_failure"]),
        )
    )


def _whole(value: Any) -> int | None:
    return None if pd.isna(value) else int(value)


def _yes(value: Any) -> bool | None:
    return None if pd.isna(value) else bool(value)


def _duties(engine: Engine, events: pd.DataFrame, unobservable: Mapping[str, str]) -> pd.DataFrame:
    """Every duty of ``events``; nothing found of a duty that cannot be seen means nothing."""
    found = engine.frame(
        "SELECT people.patient_id, duties.event, duties.event_date, duty, due_on, state,"
        " coalesce(done_on, settled_on) AS closed_on"
        " FROM follow_up_duties AS duties INNER JOIN people ON duties.patient = people.patient"
        " SEMI JOIN register ON duties.patient = register.patient"
    )
    for column in ("event_date", "due_on", "closed_on"):
        found[column] = days(found[column]).astype("datetime64[s]")
    unseen = found["duty"].isin(list(unobservable)) & ~found["state"].isin(["done", "settled"])
    found["state"] = found["state"].astype(object).mask(unseen, "not_observable")
    pearl_columns = ["pearl_lowest", "pearl_highest", "pearl_status"]
    kept = events[[*EVENT_KEY, "practice_id", "palliative", "ended", *pearl_columns]]
    return kept.merge(found, on=EVENT_KEY, validate="one_to_many")


def _history(
    events: pd.DataFrame, previous: Path | None, as_of: date
) -> tuple[pd.DataFrame, dict[str, tuple[int, ...]] | None]:
    """Each event's first night, and the days that new ones took to get here (None on the first night)."""
    tonight = events[EVENT_KEY].astype({"patient_id": object, "event": object})
    if previous is None:
        return tonight.assign(first_on=pd.Timestamp(as_of).as_unit("s")), None
    before = read_first_nights(previous)
    history = tonight.merge(before.astype({"patient_id": object, "event": object}), how="left", on=EVENT_KEY)
    new = history["first_on"].isna()
    history["first_on"] = history["first_on"].fillna(pd.Timestamp(as_of))
    waited = (history["first_on"] - history["event_date"]).dt.days[new]
    delays = {str(event): tuple(int(day) for day in part) for event, part in waited.groupby(history["event"])}
    return history, delays


def read_first_nights(run: Path) -> pd.DataFrame:
    """The first night (first_on) of each event (EVENT_KEY) that the run in the folder ``run`` knew."""
    kept = read_parquet(run / _HISTORY, own_table("internal", "history_worklist"))
    found = kept.to_pandas()[[*EVENT_KEY, "first_on"]]
    days = {column: pd.to_datetime(found[column]).dt.as_unit("s") for column in ("event_date", "first_on")}
    return found.assign(**days)


def _open_lines(events: pd.DataFrame, duties: pd.DataFrame) -> pd.DataFrame:
    """Events of people outside palliative care with a duty still open, or that only the practice can tell.

    Of events that the clock left only those with a duty that nothing closed.
    """
    waiting = duties[
        duties["state"].isin(OPEN_STATES)
        | (duties["state"].isin(["overtaken", "not_observable"]) & ~duties["ended"])
    ]
    still = waiting[waiting["state"].isin(OPEN_STATES)].groupby(EVENT_KEY)["due_on"].min().rename("next_due")
    lines = events[~events["palliative"]].merge(waiting[EVENT_KEY].drop_duplicates(), on=EVENT_KEY)
    return lines.merge(still.reset_index(), how="left", on=EVENT_KEY)


def _ordered(lines: pd.DataFrame, policy: FollowUp) -> pd.DataFrame:
    """By practice: stays first, by 90-day risk, then by what is due soonest; the first ones marked for today.

    What the clock left undone stands last.
    """
    group = [
        _GROUP_ORDER["intermediate" if np.isnan(points) else group_of(int(points))]
        for points in numbers(lines["pearl_highest"])
    ]
    keyed = lines.assign(
        stay=lines["event"] != "discharge", group=group, no_due=lines["next_due"].isna()
    ).sort_values(
        ["practice_id", "ended", "no_due", "stay", "group", "next_due", "event_date", "patient_ref"]
    )
    keyed["order"] = keyed.groupby("practice_id").cumcount() + 1
    keyed["today"] = (keyed["order"] <= policy.today) & ~keyed["no_due"] & ~keyed["ended"]
    return keyed.drop(columns=["stay", "group", "no_due"]).reset_index(drop=True)
