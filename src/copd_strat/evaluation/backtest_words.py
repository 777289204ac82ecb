"""A back-test in sentences: does the risk fit here, for whom not, what does the policy do, what is next."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from copd_strat.evaluation.candidates import ANY, LAST_YEAR_COUNT, SEVERE, SUM_OF_RANKS
from copd_strat.evaluation.subgroups import OVERALL, stand_out

_NOUN = {ANY: "Any exacerbation", SEVERE: "A severe exacerbation"}
# Published models reach less on UK-like data; more suggests that the future was seen (docs/evaluation.md).
_TOO_GOOD = 0.85


def in_short(tables: dict[str, pd.DataFrame], record: dict[str, Any], kinds: tuple[str, ...]) -> list[str]:
    """The risk in use: its level, spread and order, and groups of ``kinds`` for whom it is wrong."""
    found = [sentence for outcome in _NOUN for sentence in _of_outcome(tables, record, outcome, kinds)]
    found += [
        f"{record['models'][name]} was fitted on this year or a later one: its figures here prove nothing."
        for name in record["learned_from"]
    ]
    if not all(_fits(tables["metrics"], record, outcome) for outcome in _NOUN):
        found.append(
            f"Next: 'copd-strat recalibrate --index {record['index']}' brings the published model to this "
            "site's level, if the people are enough for it."
        )
    return found


def _overall(metrics: pd.DataFrame, model: str, outcome: str) -> dict[str, Any]:
    """The figures of everybody by metric."""
    rows = metrics[
        (metrics["model"] == model) & (metrics["outcome"] == outcome) & (metrics["group_type"] == OVERALL[0])
    ]
    return {str(row.metric): row for row in rows.itertuples()}


def _fits(metrics: pd.DataFrame, record: dict[str, Any], outcome: str) -> bool:
    found = _overall(metrics, record["in_use"][outcome], outcome)["oe_ratio"]
    return bool(pd.isna(found.value) or found.lower <= 1 <= found.upper)


def _of_outcome(
    tables: dict[str, pd.DataFrame], record: dict[str, Any], outcome: str, kinds: tuple[str, ...]
) -> Iterator[str]:
    metrics, model = tables["metrics"], record["in_use"][outcome]
    found, title = _overall(metrics, model, outcome), record["models"][model]
    level, spread = found["oe_ratio"], found["calibration_slope"]
    if pd.isna(level.value):
        yield f"{_NOUN[outcome]}: too few people or events to tell anything."
        return
    hundred = [f"{100 * value:.0f}" for value in (level.value, level.lower, level.upper)]
    yield (
        f"{_NOUN[outcome]}: where {title} expects 100 people to have one, {hundred[0]} did "
        f"({hundred[1]} to {hundred[2]}): {_level(level.lower, level.upper)}."
    )
    if not pd.isna(spread.value):
        yield f"Its slope is {_told(spread)}: {_spread(spread.lower, spread.upper)}."
    yield from _order(tables["rankings"], title, outcome)
    yield _groups(metrics, model, outcome, kinds)


def _level(lower: float, upper: float) -> str:
    if lower > 1:
        return "it says too little"
    return "it says too much" if upper < 1 else "chance may explain that"


def _spread(lower: float, upper: float) -> str:
    if upper < 1:
        return "high risks are too high and low ones too low"
    return (
        "risks lie too close together" if lower > 1 else "1 would be right, and chance may explain the rest"
    )


def _told(row: Any) -> str:
    return f"{row.value:.2f} ({row.lower:.2f} to {row.upper:.2f})"


def _order(rankings: pd.DataFrame, title: str, outcome: str) -> Iterator[str]:
    """Its order beside last year's count, on the same people."""
    found = rankings[rankings["outcome"] == outcome].to_dict("records")
    rows: dict[str, dict[Any, Any]] = {str(row["ranked_by"]): row for row in found}
    own = rows[f"{title}, {outcome.replace('_', ' ')}"]
    if pd.isna(own["c_statistic"]):
        return
    others = {
        words: rows[by]["c_statistic"]
        for words, by in (
            ("last year's count alone", LAST_YEAR_COUNT),
            ("the sum of both ranks", SUM_OF_RANKS),
        )
    }
    beside = ", ".join(f"{words} {value:.2f}" for words, value in others.items())
    yield (
        f"Its order has a c-statistic of {own['c_statistic']:.2f} ({own['c_lower']:.2f} to {own['c_upper']:.2f}); "
        f"{beside}, all on the same people. 0.5 is chance."
    )
    if own["c_statistic"] > _TOO_GOOD:
        yield "That is more than published models reach: look for something that was entered because of the event."


def _groups(metrics: pd.DataFrame, model: str, outcome: str, kinds: tuple[str, ...]) -> str:
    own = metrics[(metrics["model"] == model) & (metrics["outcome"] == outcome)]
    shown = own[own["group_type"].isin((OVERALL[0], *kinds))]
    groups = int((shown["value"].notna() & (shown["metric"] == "oe_ratio")).sum()) - 1
    far = stand_out(shown)
    if far.empty:
        return f"None of the {groups} groups that are large enough is further off than chance explains."
    named = "; ".join(
        f"{str(row.group_type).replace('_', ' ')} {row.group_value} (O/E {_told(row)})"
        for row in far.itertuples()
    )
    return f"Further off than chance explains among {groups} groups: {named}."


# A policy's rows by what was asked of them.
_Rows = dict[tuple[str, str], dict[Any, Any]]


def policy_words(policies: pd.DataFrame, record: dict[str, Any]) -> list[str]:
    """What the site's policy did, question by question; exact counts, for the site alone."""
    rows = policies[policies["policy"] == record["policy"]].to_dict("records")
    own: _Rows = {(row["kind"], row["group"]): row for row in rows}
    clinic, missed = (own.get(("disposition", name)) for name in ("clinic", "self_management"))
    every = sum(int(row["with_severe"]) for (kind, _), row in own.items() if kind == "disposition")
    found = []
    if clinic is not None:
        found += [
            f"{record['policy']} puts {clinic['people']:,} of {record['register']:,} people into the clinic tier; "
            f"they had {clinic['with_severe']:,} of the {every:,} people with a severe exacerbation.",
            *_places(own, record),
        ]
    found += [*_threshold(own), *_alone(own)]
    if missed is not None:
        found.append(_missed(own, missed))
    return found


def _places(own: _Rows, record: dict[str, Any]) -> Iterator[str]:
    placed, reserve = (own["place", name] for name in ("clinic", "reserve"))
    yield (
        f"One month's {placed['people']:,} places hold {placed['with_severe']:,} of them, the reserve "
        f"{reserve['with_severe']:,} among {reserve['people']:,} people."
    )
    if placed["exacerbations_before"] > 0:
        yield (
            f"Those with a place had {placed['exacerbations_before']:.2f} exacerbations a person the year before and "
            f"{placed['exacerbations_after']:.2f} the year after, without any clinic: a fall of that kind proves "
            "nothing."
        )
    inside = record["inside_clinic_list"]
    if not pd.isna(inside["value"]):
        yield (
            f"Inside the clinic list the rank tells a severe exacerbation with a c-statistic of {inside['value']:.2f} "
            f"({inside['lower']:.2f} to {inside['upper']:.2f}); 0.5 is chance."
        )


def _threshold(own: _Rows) -> Iterator[str]:
    """Whether a calculated risk adds anybody to what anyone can check."""
    both = own["threshold", "found by a calculated risk"]
    alone = own["threshold", "found by a calculated risk alone"]
    if both["people"]:
        beyond = (
            f"{alone['people']:,} of them are found by no rule ({alone['with_severe']:,} with a severe one)"
        )
        added = beyond if alone["people"] else "the rules find every one of them"
        yield f"The risk threshold finds {both['people']:,} people; {added}."


def _alone(own: _Rows) -> Iterator[str]:
    found = [
        (int(row["people"]), int(row["with_severe"]), name.replace("_", " "))
        for (kind, name), row in own.items()
        if kind == "rule_alone" and row["people"]
    ]
    named = ", ".join(
        f"{name} {people:,} ({severe:,})" for people, severe, name in sorted(found, reverse=True)
    )
    if named:
        yield f"Found by one rule alone (with a severe exacerbation): {named}."


def _missed(own: _Rows, missed: dict[Any, Any]) -> str:
    ever = own["self_management", "severe exacerbation more than a year ago"]
    never = own["self_management", "never a severe exacerbation"]
    return (
        f"Left to self-management: {missed['people']:,} people, {missed['with_severe']:,} of them with a severe "
        f"exacerbation. Among the {ever['people']:,} with one more than a year before it was "
        f"{_share(ever)}, among the others {_share(never)}."
    )


def _share(row: dict[Any, Any]) -> str:
    return "nobody" if pd.isna(row["severe_share"]) else f"{100 * row['severe_share']:.1f} %"
