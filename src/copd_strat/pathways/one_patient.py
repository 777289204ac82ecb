"""One patient's story for ``copd-strat explain``: where, why, by which facts, and what was before."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from copd_strat.errors import RequestError
from copd_strat.pathways.conditions import evaluate
from copd_strat.pathways.fact_columns import Facts, patient_columns
from copd_strat.pathways.policy import Policy
from copd_strat.pathways.references import normalise_reference
from copd_strat.pathways.sentences import date_in_words, date_in_words_of
from copd_strat.risk.frequency import in_100
from copd_strat.risk.phrases import TREATMENTS

_WHYS = ("why_1", "why_2", "why_3")
_IDS = ("patient_id", "practice_id")
_RISK = ("risk_severe_12m", "risk_any_12m", "risk_model", "risk_status", "imputed", "gold_abe")
# rates say the same as the risks, less plainly
_SAID_ELSEWHERE = {*_IDS, *_RISK, "rate_severe_12m", "rate_any_12m"}
_ISO_DAY = re.compile(r"\b\d{4}-\d\d-\d\d\b")


def explain(
    reference: str,
    patients: pd.DataFrame,
    policy: Policy,
    reasons: pd.DataFrame | None = None,
    past: pd.DataFrame | None = None,
) -> str:
    """The story of the patient behind ``reference`` as text.

    ``patients``: an Assignment's patients. ``reasons``: the risk room's long table. ``past``: history frames
    of earlier runs, one below the other. RequestError if the reference is mistyped or not in this run.
    """
    normal = normalise_reference(reference)
    if normal is None:
        raise RequestError(
            "this is not a reference, or a character is wrong", fix="copy it from the list: CP-XXXX-XXXX-X"
        )
    found = patients[patients["patient_ref"] == normal]
    if found.empty:
        raise RequestError(
            f"{normal}: not in this run", fix="check the run, the practice and the reference key"
        )
    patient = found.iloc[0]
    sections = [
        [f"{normal}, practice {patient['practice_id']}", *_placing(patient)],
        ["Rules that hold", *_rules(patient, policy)],
        *_rules_that_do_not(found.iloc[:1], policy),
        ["Risk", *_risk(patient, reasons)],
        ["Facts on record", *_facts(patient)],
        ["Not on record, or not observable", *_gaps(patient)],
        ["Earlier runs", *_past(patient, past)],
    ]
    return "\n\n".join("\n".join(section) for section in sections) + "\n"


def _placing(patient: pd.Series) -> Iterator[str]:
    """Where the patient is, in a sentence; then why, and what is to be done."""
    where = f"  {str(patient['disposition']).replace('_', ' ')}"
    if pd.notna(patient["rank"]):
        where += f", rank {patient['rank']:.0f} in the practice"
    if pd.notna(patient["place"]):
        where += ", next in line" if patient["place"] == "reserve" else ", with one of this month's places"
    if pd.notna(patient["route"]):
        where += f"; route {str(patient['route']).replace('_', ' ')}"
    yield f"{where}; since the last run: {patient['change']}"
    for name, said in (
        *((why, "why") for why in _WHYS),
        ("suggested_action", "do"),
        ("data_warnings", "note"),
    ):
        if pd.notna(patient[name]) and patient[name] != "":
            yield f"  {said}: {patient[name]}"


def _rules(patient: pd.Series, policy: Policy) -> Iterator[str]:
    means = {
        rule.id: rule.means for rule in (*policy.exclusions, *policy.clinic, *policy.routes, *policy.in_hand)
    }
    for code in str(patient["reason_codes"]).split(";"):
        yield f"  {code}: {means[code]}" if code in means else f"  {code}"


def _rules_that_do_not(patient: pd.DataFrame, policy: Policy) -> Iterator[list[str]]:
    """The ways out of and into the clinic that this record does not meet, and those it cannot answer."""
    facts = Facts(patient, patient_columns())
    truths = {rule: evaluate(rule.when, facts) for rule in (*policy.exclusions, *policy.clinic)}
    no = [f"  {rule.id}: {rule.means}" for rule, truth in truths.items() if truth.no[0]]
    unknown = [f"  {rule.id}: {rule.means}" for rule, truth in truths.items() if truth.unknown[0]]
    yield ["Rules that do not hold", *(no or ["  none"])]
    yield ["Rules that the record cannot answer", *(unknown or ["  none"])]


def _rounded(name: str, value: object) -> object:
    """As a person would say it: whole years, two decimals, yes and no, dates in words."""
    if isinstance(value, (bool, np.bool_)):
        return "yes" if value else "no"
    if name == "age":
        return f"{int(float(str(value)))} years"
    if isinstance(value, float):
        return f"{value:.2f}".rstrip("0").rstrip(".")
    if isinstance(value, date):
        return date_in_words_of(value)
    if isinstance(value, str):
        return _ISO_DAY.sub(lambda found: date_in_words_of(date.fromisoformat(found[0])), value)
    return value


def _risk(patient: pd.Series, reasons: pd.DataFrame | None) -> Iterator[str]:
    for name in _RISK:
        if name in patient and pd.notna(patient[name]) and patient[name] != "":
            yield f"  {name}: {_risk_value(name, patient[name])}"
    if reasons is None:
        return
    own = reasons[reasons["patient_id"] == patient["patient_id"]].sort_values("position")
    for _, reason in own.iterrows():
        if reason["predictor"] not in TREATMENTS:
            yield f"  {reason['contribution']:+.2f}  {reason['text']}"
    # last and apart: stopping a treatment lowers nobody's risk (docs/decisions.md §45)
    markers = own[own["predictor"].isin(TREATMENTS)]
    if len(markers):
        yield "  treatments, as markers: no reason to stop them"
    for _, marker in markers.iterrows():
        yield f"  {marker['contribution']:+.2f}  {marker['text']}"


def _risk_value(name: str, value: Any) -> object:
    return in_100(value) if name.startswith("risk_") and isinstance(value, float) else value


def _facts(patient: pd.Series) -> Iterator[str]:
    for name in patient_columns():
        value = patient.get(name)
        if name not in _SAID_ELSEWHERE and pd.notna(value) and value != "":
            yield f"  {name}: {_rounded(name, value)}"


def _gaps(patient: pd.Series) -> Iterator[str]:
    gaps = [name for name in patient_columns() if name not in patient or pd.isna(patient[name])]
    yield f"  {', '.join(gaps) or 'nothing'}"


def _past(patient: pd.Series, past: pd.DataFrame | None) -> Iterator[str]:
    # by pseudonym: the reference is another one after a change of the key
    own = None if past is None else past[past["patient_id"] == patient["patient_id"]].sort_values("as_of")
    if own is None or own.empty:
        yield "  none kept"
        return
    for _, run in own.iterrows():
        place = {"clinic": ", with a place", "reserve": ", next in line"}.get(run["place"], "")
        on = date_in_words(np.datetime64(run["as_of"], "D"))
        yield f"  {on}: {str(run['disposition']).replace('_', ' ')}{place} ({run['policy']})"
