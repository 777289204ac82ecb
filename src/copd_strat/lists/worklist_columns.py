"""The worklist as tables: its columns in the CSV and on the sheets, and the words in its cells."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import pandas as pd

from copd_strat.followup import Worklist
from copd_strat.followup.worklist import EVENT_KEY, OPEN_STATES, Row
from copd_strat.lists.cells import texts
from copd_strat.lists.list_columns import LABEL, MACHINE, REFERENCE, SYNTHETIC, ListColumn
from copd_strat.lists.list_tables import ROUTES
from copd_strat.lists.print_sheets import Sheet
from copd_strat.pathways.follow_up_policy import Duty
from copd_strat.pathways.sentences import date_in_words_of
from copd_strat.plan import RunStamp

_ORDER = ListColumn(name="order", heading="Line", meaning="1 first", width=5, kind="number")
_TODAY = ListColumn(name="today", heading="Today", meaning="today: among the first, to start with", width=7)
_WHAT = ListColumn(
    name="what_happened", heading="What happened", meaning="the event that started the clock", width=28
)
_DAY = ListColumn(
    name="event_date", heading="On", meaning="day of discharge, or of the event", width=12, kind="date"
)
_DAYS = ListColumn(name="days_since", heading="Days", meaning="days since then", width=6, kind="number")
_RISK = ListColumn(
    name="risk_90d",
    heading="90-day risk",
    meaning="after a stay: PEARL group for readmission or death within 90 days, with its points (0 to 9);"
    " not scored stands among the intermediate",
    width=17,
)
_TO_DO = ListColumn(name="to_do", heading="To do", meaning="what is still due, and until when", width=46)
_DONE = ListColumn(
    name="done", heading="On record", meaning="what the record shows as done or settled", width=29
)
_NOTE = ListColumn(name="note", heading="Note", meaning="what else to know", width=22)
# Between tasks in the CSV, where a person stays one line; on the sheet each has a line of its own.
SEPARATOR = "; "
_SHOWN = (_ORDER, _TODAY, REFERENCE, _WHAT, _RISK, _TO_DO, _DONE, _NOTE)

_EVENTS: Mapping[str, str] = {
    "discharge": "Emergency stay for COPD, home on",
    "moderate": "Exacerbation without a stay on",
    "app_stopped": "Stopped using the app by",
    "cat_worse": "CAT score in the app worse on",
}
_DATE = re.compile(r"\d{1,2} [A-Z][a-z]{2} \d{4}")
_STATES: Mapping[str, str] = {
    "done": "done",
    "settled": "declined or not suitable",
    "overtaken": "taken over by the stay or exacerbation that followed",
    "not_observable": "the record cannot show it",
}


def worklist_columns(found: Worklist, stamp: RunStamp) -> tuple[ListColumn, ...]:
    """The CSV's columns: the line, then due date and state of each duty of the policy's events."""
    own = [column for duty in _duties_of(found) for column in _duty_columns(duty)]
    columns = (_ORDER, _TODAY, REFERENCE, _WHAT, _DAY, _DAYS, _RISK, *own, _TO_DO, _DONE, _NOTE, *MACHINE)
    return (*columns, LABEL) if stamp.synthetic else columns


def _duties_of(found: Worklist) -> list[Duty]:
    return [duty for duty in found.policy.duties if set(duty.after) & set(found.policy.events)]


def _duty_columns(duty: Duty) -> tuple[ListColumn, ListColumn]:
    name = duty.says[:1].upper() + duty.says[1:]
    return (
        ListColumn(name=f"{duty.id}_due", heading=f"{name}: due", meaning=duty.means, width=14, kind="date"),
        ListColumn(
            name=duty.id,
            heading=name,
            meaning="due; past its day and not on record to the last day of the data; or what the record shows",
            width=24,
        ),
    )


def worklist_table(found: Worklist, stamp: RunStamp, columns: Sequence[ListColumn]) -> pd.DataFrame:
    """All practices' worklists, by practice and line; inert texts, true numbers and dates."""
    lines = found.lines
    table = pd.DataFrame(
        {
            "order": lines["order"].astype("int64"),
            "today": ["today" if today else "" for today in lines["today"]],
            "event_date": list(pd.to_datetime(lines["event_date"]).dt.date),
            "days_since": (pd.Timestamp(stamp.as_of) - pd.to_datetime(lines["event_date"])).dt.days,
            "run_id": stamp.run_id,
            "data_label": SYNTHETIC,
        },
        index=lines.index,
    )
    rows = lines.to_dict("records")
    told = _duties_by_line(found)
    keys = list(lines[EVENT_KEY].itertuples(index=False, name=None))
    table["what_happened"] = [_what_happened(row) for row in rows]
    table["risk_90d"] = [_risk(row) for row in rows]
    table["note"] = texts(pd.Series([_note(row) for row in rows], dtype=object))
    for column in ("patient_ref", "practice_id"):
        table[column] = texts(lines[column])
    for duty in _duties_of(found):
        own = [told.get(key, {}).get(duty.id) for key in keys]
        table[f"{duty.id}_due"] = [_as_date(one["due_on"]) if one else None for one in own]
        table[duty.id] = [_state(one, stamp) if one else "" for one in own]
    table["to_do"] = [
        _left_undone(found, row, told.get(key, {}), stamp)
        if row["ended"]
        else _to_do(found, told.get(key, {}), stamp)
        for key, row in zip(keys, rows, strict=True)
    ]
    table["done"] = [_done(found, told.get(key, {}), stamp) for key in keys]
    return table[[column.name for column in columns]]


def _duties_by_line(found: Worklist) -> dict[tuple[object, ...], dict[str, Row]]:
    told: dict[tuple[object, ...], dict[str, Row]] = {}
    for row in found.duties.to_dict("records"):
        told.setdefault(tuple(row[name] for name in EVENT_KEY), {})[row["duty"]] = row
    return told


def _as_date(value: Any) -> date | None:
    return None if pd.isna(value) else pd.Timestamp(value).date()


def _what_happened(row: Row) -> str:
    day = date_in_words_of(pd.Timestamp(row["event_date"]).date())
    said = f"{_EVENTS[str(row['event'])]} {day}"
    if row["event"] == "discharge" and not pd.isna(row["nights"]):
        nights = int(row["nights"])
        said += f" ({nights} {'night' if nights == 1 else 'nights'})"
    before = int(row["same_kind_before"])
    return f"{said}; {before} more in the 90 days before" if before else said


def _risk(row: Row) -> str:
    if row["event"] != "discharge":
        return ""
    if row["pearl_points"]:
        return f"{row['pearl_group']} (PEARL {row['pearl_points']})"
    return str(row["pearl_status"])


def _note(row: Row) -> str:
    notes: list[str] = []
    if not pd.isna(row["admitted_again_on"]):
        again = date_in_words_of(pd.Timestamp(row["admitted_again_on"]).date())
        notes.append(f"In hospital again since {again}")
    route = None if pd.isna(row["route"]) else str(row["route"])
    if route in ("home_visit", "care_home_team", "interpreter"):
        notes.append(ROUTES[route][:1].upper() + ROUTES[route][1:])
    if str(row["pearl_status"]).startswith("range"):
        notes.append("Range: the record does not say whether MRC 5 is 5a or 5b")
    return "; ".join(notes)


def _state(duty: Row, stamp: RunStamp) -> str:
    """What is past its day is only not on record as far as the data reach: of later days nobody here knows, so days
    overdue are counted to the last one of the data."""
    state = str(duty["state"])
    if state in ("due", "overdue"):
        due = _as_date(duty["due_on"])
        if due is None or due >= stamp.as_of:
            return "due"
        days = (stamp.index_date - due).days
        overdue = f", {days} {'day' if days == 1 else 'days'} overdue by then" if days > 0 else ""
        return f"not on record to {date_in_words_of(stamp.index_date)}{overdue}"
    closed = _as_date(duty["closed_on"])
    return f"{_STATES[state]} {date_in_words_of(closed)}" if closed else _STATES[state]


def _to_do(found: Worklist, told: Mapping[str, Row], stamp: RunStamp) -> str:
    """What is overdue first, then what is due, then what the record cannot show."""
    order = {"overdue": 0, "due": 1, "not_observable": 2}
    waiting = [
        (order[str(told[duty.id]["state"])], str(told[duty.id]["due_on"]), duty)
        for duty in _duties_of(found)
        if duty.id in told and told[duty.id]["state"] in order
    ]
    return SEPARATOR.join(
        _task(duty, told[duty.id], stamp) for _, _, duty in sorted(waiting, key=lambda w: w[:2])
    )


def _left_undone(found: Worklist, line: Row, told: Mapping[str, Row], stamp: RunStamp) -> str:
    """Nobody drops off the list undone without a word: what was never on record, and until when that is told."""
    never = [
        duty.says for duty in _duties_of(found) if duty.id in told and told[duty.id]["state"] in OPEN_STATES
    ]
    last = pd.Timestamp(line["event_date"]) + pd.Timedelta(
        days=found.policy.keep_days + found.policy.tell_days
    )
    return (
        f"Over {found.policy.keep_days} days ago, followed no more. Not on record to"
        f" {date_in_words_of(stamp.index_date)}: {', '.join(never)}. "
        f"Leaves this list on {date_in_words_of(last.date())}"
    )


def _task(duty: Duty, told: Row, stamp: RunStamp) -> str:
    name = duty.says[:1].upper() + duty.says[1:]
    due = _as_date(told["due_on"])
    until = date_in_words_of(due) if due else ""
    state = _state(told, stamp)
    if state == "due":
        return f"{name}: by {until}"
    known = told["state"] in OPEN_STATES
    return f"{name}: was due {until}, {state}, see your own" if known else f"{name}: {state} ({until})"


def _done(found: Worklist, told: Mapping[str, Row], stamp: RunStamp) -> str:
    closed = [
        f"{duty.says[:1].upper()}{duty.says[1:]}: {_state(told[duty.id], stamp)}"
        for duty in _duties_of(found)
        if duty.id in told and told[duty.id]["state"] in ("done", "settled", "overtaken")
    ]
    return SEPARATOR.join(closed)


def worklist_sheets(table: pd.DataFrame, columns: Sequence[ListColumn]) -> list[Sheet]:
    """The sheet to work with, and one with each duty in a column of its own; later lines are paler."""
    pale = [today == "" for today in table["today"]]
    told = {name: [_unbroken(text) for text in table[name]] for name in ("what_happened", "to_do", "done")}
    table = table.assign(**told)
    rest = [column for column in columns if column not in (*_SHOWN, *MACHINE, LABEL)]
    return [
        Sheet(title="Worklist", columns=(*_SHOWN, *MACHINE), frame=table, frozen=3, pale=pale),
        Sheet(title="Duties", columns=(_ORDER, REFERENCE, *rest), frame=table, frozen=2, pale=pale),
    ]


def _unbroken(text: str) -> str:
    """One task a line; a date is never broken over two."""
    return _DATE.sub(lambda found: found[0].replace(" ", "\u00a0"), text.replace(SEPARATOR, "\n"))
