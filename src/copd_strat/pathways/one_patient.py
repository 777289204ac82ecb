"""One patient's story for ``copd-strat explain``: where, why, by which facts, and what was before."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from copd_strat.errors import InputError
from copd_strat.pathways.fact_columns import patient_columns
from copd_strat.pathways.policy import Policy
from copd_strat.pathways.references import normalise_reference

_PLACING = ("disposition", "place", "rank", "route", "change", "suggested_action", "data_warnings")
_WHYS = ("why_1", "why_2", "why_3")
_IDS = ("patient_id", "practice_id")


def explain(
    reference: str,
    patients: pd.DataFrame,
    policy: Policy,
    reasons: pd.DataFrame | None = None,
    past: pd.DataFrame | None = None,
) -> str:
    """The story of the patient behind ``reference`` as text.

    ``patients``: an Assignment's patients. ``reasons``: the risk room's long table. ``past``: history frames
    of earlier runs, one below the other. InputError if the reference is mistyped or not in this run.
    """
    normal = normalise_reference(reference)
    if normal is None:
        raise InputError(
            "this is not a reference, or a character is wrong", fix="copy it from the list: CP-XXXX-XXXX-X"
        )
    found = patients[patients["patient_ref"] == normal]
    if found.empty:
        raise InputError(
            f"{normal}: not in this run", fix="check the run, the practice and the reference key"
        )
    patient = found.iloc[0]
    sections = [
        [f"{normal}, practice {patient['practice_id']}", *_placing(patient)],
        ["Rules that hold", *_rules(patient, policy)],
        ["Risk", *_risk(patient, reasons)],
        ["Facts on record", *_facts(patient)],
        ["Not on record, or not observable", *_gaps(patient)],
        ["Earlier runs", *_past(patient, past)],
    ]
    return "\n\n".join("\n".join(section) for section in sections) + "\n"


def _placing(patient: pd.Series) -> Iterator[str]:
    for name in (*_PLACING, *_WHYS):
        value = patient[name]
        if pd.notna(value) and value != "":
            yield f"  {name}: {value}"


def _rules(patient: pd.Series, policy: Policy) -> Iterator[str]:
    means = {
        rule.id: rule.means for rule in (*policy.exclusions, *policy.clinic, *policy.routes, *policy.in_hand)
    }
    for code in str(patient["reason_codes"]).split(";"):
        yield f"  {code}: {means[code]}" if code in means else f"  {code}"


def _risk(patient: pd.Series, reasons: pd.DataFrame | None) -> Iterator[str]:
    for name in ("risk_severe_12m", "risk_any_12m", "risk_model", "risk_status", "imputed", "gold_abe"):
        if name in patient and pd.notna(patient[name]) and patient[name] != "":
            yield f"  {name}: {patient[name]}"
    if reasons is None:
        return
    own = reasons[reasons["patient_id"] == patient["patient_id"]].sort_values("position")
    for _, reason in own.iterrows():
        yield f"  {reason['contribution']:+.3f}  {reason['text']}"


def _facts(patient: pd.Series) -> Iterator[str]:
    for name in patient_columns():
        if name in patient and name not in _IDS and pd.notna(patient[name]):
            yield f"  {name}: {patient[name]}"


def _gaps(patient: pd.Series) -> Iterator[str]:
    gaps = [name for name in patient_columns() if name not in patient or pd.isna(patient[name])]
    yield f"  {', '.join(gaps) or 'nothing'}"


def _past(patient: pd.Series, past: pd.DataFrame | None) -> Iterator[str]:
    own = None if past is None else past[past["patient_ref"] == patient["patient_ref"]].sort_values("as_of")
    if own is None or own.empty:
        yield "  none kept"
        return
    for _, run in own.iterrows():
        place = f", {run['place']}" if pd.notna(run["place"]) else ""
        yield f"  {pd.Timestamp(run['as_of']).date()}: {run['disposition']}{place} ({run['policy']})"
