"""The control people's answers tonight, held against the known ones."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import pandas as pd

from copd_strat import clinical, codelists, extracts, followup
from copd_strat.config import ClinicalSettings, EngineSettings, ExtractSource, RiskSettings, packaged_folder
from copd_strat.engine import Engine
from copd_strat.extracts.inventory import inventory
from copd_strat.pathways import Policy, assign_register, load_policy, practice_batches
from copd_strat.risk.register_parts import score_parts
from copd_strat.summary.indicator_events import count_events

RUN_DATE = date(2025, 12, 31)
MONTHS = [date(2025, month, 1) for month in range(1, 13)]
# A key of their own: a reference is part of what they prove, and says nothing about anybody.
KEY = b"the key of the control people, known to all"
CLOSE = 1e-9


@dataclass(frozen=True, kw_only=True)
class Departure:
    """An answer that is not the known one. Control people are invented, so that their values may be told."""

    person: str
    fact: str
    expected: str
    found: str
    rule: str

    def __str__(self) -> str:
        return f"{self.person}: {self.fact} is {self.found}, not {self.expected} ({self.rule})"


def departures(work: Path) -> list[Departure]:
    """Where the program departs from the known answers, tonight; ``work`` takes what is written on the way."""
    return list(_departures(_answers(work), _known()))


def _answers(work: Path) -> Mapping[str, Mapping[str, Any]]:
    """person → fact → value, for all who are on the register."""
    with (
        as_file(files(__package__)) as room,
        Engine.open(EngineSettings(threads=1, memory_limit="512MB"), work / "spill") as engine,
    ):
        extracts.ingest_sources(
            engine,
            (ExtractSource(layout="native", path=room / "extract"),),
            packaged_folder("data_contracts"),
            inputs=(inventory(room / "extract"),),
            zone="Europe/London",
            work=work,
            quality=work,
            as_of=RUN_DATE,
        )
        codelists.load(engine)
        complete = ClinicalSettings(gp_complete_to=RUN_DATE, hospital_complete_to=RUN_DATE)
        clinical.build(engine, complete, as_of=RUN_DATE, index=None)
        return _by_person(*_found_out(engine, work))


def _found_out(engine: Engine, work: Path) -> Iterator[pd.DataFrame]:
    """Facts, risk and disposition of everybody on the register, and what is due after their exacerbations."""
    policy = _policy()
    features = clinical.features_in_parts(
        engine, work / "features", practice_batches(engine, policy.capacity)
    )
    placed = assign_register(
        engine,
        features,
        score_parts(features, RiskSettings(care_setting="primary_care"), work),
        policy=policy,
        key=KEY,
        as_of=RUN_DATE,
        previous=None,
        work=work,
    )
    yield from placed.patients.parts()
    people = placed.frame(*followup.FACTS)
    found = followup.worklist(
        engine, people, policy=policy.follow_up, as_of=RUN_DATE, facts={}, previous=None
    )
    yield from _duties(found.duties)
    engine.register_frame("list_decisions", placed.usable_decisions)
    yield from _monthly(engine)


def _policy() -> Policy:
    """The default policy with one place a practice: two people of one practice compete for it."""
    policy = load_policy("risk_and_rules")
    return policy.model_copy(update={"capacity": policy.capacity.model_copy(update={"at_least": 1})})


def _duties(duties: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """What is due after an event, as facts: ``<event>_<duty>`` its state, ``<event>_<duty>_due`` its day."""
    for (event, duty), rows in duties.groupby(["event", "duty"]):
        names = {"state": f"{event}_{duty}", "due_on": f"{event}_{duty}_due"}
        yield rows[["patient_id", *names]].rename(columns=names)


def _monthly(engine: Engine) -> Iterator[pd.DataFrame]:
    """What counts in the months of the year before, as facts: ``<indicator>_<month>`` its number, and
    ``age_band_<month>`` of whoever was on the register at its end."""
    clinical.build_monthly(engine, MONTHS)
    count_events(engine, MONTHS)
    members = engine.frame(
        "SELECT month, patient_id, 'age_band' AS fact, age_band AS found FROM monthly_register"
    )
    events = engine.frame("SELECT month, patient_id, indicator AS fact, n AS found FROM monthly_events")
    for table in (members, events):
        for (month, fact), rows in table.groupby(["month", "fact"]):
            yield rows[["patient_id", "found"]].rename(columns={"found": f"{fact}_{month:%Y-%m}"})


def _by_person(*tables: pd.DataFrame) -> dict[str, dict[str, Any]]:
    people: dict[str, dict[str, Any]] = {}
    for table in tables:
        for row in table.astype(object).to_dict("records"):
            people.setdefault(str(row["patient_id"]), {}).update({str(k): v for k, v in row.items()})
    return people


def _known() -> list[dict[str, str]]:
    text = files(__package__).joinpath("expected.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


def _departures(answers: Mapping[str, Mapping[str, Any]], known: list[dict[str, str]]) -> Iterator[Departure]:
    for line in known:
        found = _found(answers, line["person"], line["fact"])
        if not _same(found, line["expected"]):
            yield Departure(found=found, **line)
    for stranger in sorted(set(answers) - {line["person"] for line in known}):
        yield Departure(
            person=stranger, fact="register", expected="no", found="yes", rule="not a control person"
        )


def _found(answers: Mapping[str, Mapping[str, Any]], person: str, fact: str) -> str:
    if fact == "register":
        return "yes" if "index_date" in answers.get(person, {}) else "no"
    value = answers.get(person, {}).get(fact)
    if value is None or pd.isna(value):
        return "not known"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value.isoformat()[:10] if isinstance(value, date) else str(value)


def _same(found: str, expected: str) -> bool:
    try:
        return math.isclose(float(found), float(expected), rel_tol=CLOSE)
    except ValueError:
        return found == expected
