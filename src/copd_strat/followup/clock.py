"""The clock after exacerbations: events and duties as tables of the engine, and what of them could not be seen."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import pandas as pd

from copd_strat.engine import Engine
from copd_strat.pathways.follow_up_policy import CONTACT_SIGNS, Duty, EventKind, FollowUp

CONTACTS, APP = "community_contacts", "app_activity"
# The fact of the clinical room that says whether an event can be seen at all.
_FACT_OF: Mapping[EventKind, str] = {
    "discharge": "severe_exacerbations",
    "moderate": "moderate_exacerbations",
}


def start_clock(engine: Engine, policy: FollowUp, as_of: date) -> None:
    """Make ``follow_up_events`` and ``follow_up_duties`` over the whole history, and ``app_days``.

    Needs the tables of ``clinical.build`` and the canonical relations; an absent table of contacts or of the app is
    empty here, and ``not_observable`` says so.
    """
    _make_rules(engine, policy)
    engine.materialise("followup", "care_signs", as_of=as_of)
    engine.materialise("followup", "app_days", as_of=as_of)
    alerts = policy.app_alerts
    engine.materialise(
        "followup", "app_events", stopped_after=alerts.stopped_after_days, worse_by=alerts.cat_worse_by
    )
    engine.materialise("followup", "follow_up_events", as_of=as_of)
    # In three statements, so that each can do with little memory.
    engine.materialise("followup", "wanted_duties")
    engine.materialise("followup", "closed_duties")
    engine.materialise("followup", "follow_up_duties", as_of=as_of)
    engine.drop("wanted_duties", "closed_duties")


def _make_rules(engine: Engine, policy: FollowUp) -> None:
    """``duty_rules`` (event, duty, within_days, from_day, signs_needed) and ``duty_signs`` (duty, sign, ends_as)."""
    rules = [
        (event, duty.id, duty.within_days, duty.from_day, len(duty.done_by) if duty.all_of else 1)
        for duty in policy.duties
        for event in duty.after
    ]
    columns = ["event", "duty", "within_days", "from_day", "signs_needed"]
    engine.register_frame("duty_rules", pd.DataFrame(rules, columns=columns))
    signs = [
        (duty.id, sign, ends_as)
        for duty in policy.duties
        for ends_as, some in (("done", duty.done_by), ("settled", duty.settled_by))
        for sign in some
    ]
    engine.register_frame("duty_signs", pd.DataFrame(signs, columns=["duty", "sign", "ends_as"]))


def tables_present(engine: Engine) -> dict[str, bool]:
    """Canonical table → whether a source came that joins with the patients."""
    return dict(engine.rows("SELECT table_name, present FROM source_tables"))


def not_observable(engine: Engine, policy: FollowUp, facts: Mapping[str, str]) -> dict[str, str]:
    """Events and duties of ``policy`` that this extract cannot show, each with its reason.

    ``facts``: the clinical room's facts that cannot be observed. A duty can be seen if any of its signs can, or all
    of them where all are needed.
    """
    present = tables_present(engine)
    coded = {name for (name,) in engine.rows("SELECT concept FROM concepts WHERE codes > 0")}
    seen = coded if present.get("gp_events") else set()
    seen |= set(CONTACT_SIGNS) if present.get(CONTACTS) else set()
    found: dict[str, str] = {}
    for event in policy.events:
        if event in _FACT_OF and _FACT_OF[event] in facts:
            found[event] = facts[_FACT_OF[event]]
        if event not in _FACT_OF and not present.get(APP):
            found[event] = f"no source of {APP}"
    return found | {
        duty.id: "no source or code list shows it" for duty in policy.duties if not _seen(duty, seen)
    }


def _seen(duty: Duty, signs: set[str]) -> bool:
    enough = all if duty.all_of else any
    return enough(sign in signs for sign in duty.done_by)
