"""Have answers their effect, and are there as many places as the policy gives? Counted from the dispositions of two
nights and the answers as they came, by none of the code that placed anybody (docs/policy.md).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from fractions import Fraction
from typing import Any, Protocol

import pandas as pd
import pyarrow as pa

from copd_strat.contracts.own_tables import arrow_schema, own_table
from copd_strat.contracts.part_files import PartFiles
from copd_strat.engine import Engine, packaged_sql, render
from copd_strat.engine.sql import identifier
from copd_strat.quality.findings import RuleResult, SuiteResult
from copd_strat.quality.gate_rules import ANSWERS_HOLD, PLACES_ADD_UP
from copd_strat.quality.reconciliation import proof_result


class PlacedPeople(Protocol):
    """Everybody as placed tonight, and whom references stood for (``pathways.Placement``)."""

    @property
    def patients(self) -> PartFiles: ...
    @property
    def issued(self) -> PartFiles: ...
    @property
    def sharing(self) -> tuple[str, ...]: ...


class PolicyRules(Protocol):
    """What the proofs ask of a policy (``pathways.Policy``)."""

    @property
    def exclusions(self) -> Sequence[Any]: ...
    @property
    def ranking(self) -> Any: ...
    @property
    def capacity(self) -> Any: ...
    @property
    def decisions(self) -> Mapping[Any, Any]: ...


def placed_as_declared(
    engine: Engine, placed: PlacedPeople, policy: PolicyRules, last: pa.Table | None, as_of: date
) -> SuiteResult:
    """The places and answers of a night; ``last`` is the history of the last run, None on a first night.

    Needs ``decisions``.
    """
    shared = f"coalesce({identifier(placed.sharing[0])}, practice_id)" if placed.sharing else "practice_id"
    risk = identifier(policy.ranking.by) if policy.ranking.by else "CAST(NULL AS DOUBLE)"
    engine.create_view(
        "placed_patients", f"SELECT *, {shared} AS sharing, {risk} AS ranked_by FROM {placed.patients.sql}"
    )
    engine.create_view("printed_references", f"SELECT * FROM {placed.issued.sql}")
    first = arrow_schema(own_table("internal", "history_dispositions")).empty_table()
    engine.register_frame("last_places", first if last is None else last)
    month = as_of.replace(day=1)
    engine.materialise(
        "quality", "places_tonight", month=month, next_month=(month + timedelta(days=31)).replace(day=1)
    )
    engine.materialise("quality", "answers_given")
    results = (_answers_hold(engine, policy, as_of), _places_add_up(engine, policy.capacity))
    engine.drop("placed_patients", "printed_references", "last_places", "places_tonight", "answers_given")
    return SuiteResult(name="answers and places", results=results)


def _answers_hold(engine: Engine, policy: PolicyRules, as_of: date) -> RuleResult:
    answered = engine.frame(render(packaged_sql("quality", "answered_patients"), {"as_of": as_of}))
    against = [
        _against(people, policy.decisions[answer], as_of) for answer, people in _by_answer(answered, policy)
    ]
    excluded = {rule.id for rule in policy.exclusions}
    codes = [str(text).split(";") for (text,) in engine.rows(packaged_sql("quality", "off_all_lists"))]
    observed: dict[str, float] = {
        "listed_against_an_answer": sum(listed for listed, _ in against),
        "places_given_against_an_answer": sum(given for _, given in against),
        "not_listed_without_an_answer": sum(excluded.isdisjoint(own) for own in codes),
    }
    return proof_result(ANSWERS_HOLD, "decisions", observed, success=not any(observed.values()))


def _by_answer(answered: pd.DataFrame, policy: PolicyRules) -> Iterator[tuple[str, pd.DataFrame]]:
    for answer, people in answered.groupby("last_answer"):
        if answer in policy.decisions:
            yield str(answer), people


def _against(people: pd.DataFrame, rule: Any, as_of: date) -> tuple[int, int]:
    """Of people with one answer: who is on the clinic list against it, and who got a place tonight against it."""
    answered_on = pd.to_datetime(people["last_answered_on"])
    holds = pd.Timestamp(as_of) - answered_on < pd.Timedelta(days=rule.for_days)
    for column in rule.lifted_by:
        holds &= ~(pd.to_datetime(people[column]) > answered_on)
    in_clinic = people["disposition"].eq("clinic") & (rule.effect in ("not_listed", "clinical_review"))
    given = people["place_given"] & (rule.effect != "none")
    return int((holds & in_clinic).sum()), int((holds & given).sum())


def _places_add_up(engine: Engine, capacity: Any) -> RuleResult:
    """By who shares places. A place stays with its holder, so there may be more of them than a register that shrank
    would get; then none is given."""
    found = engine.frame(packaged_sql("quality", "places_by_sharing"))
    there = pd.Series(
        [_places(name, n, capacity) for name, n in zip(found["sharing"], found["people"], strict=True)],
        dtype="int64",
    )
    observed: dict[str, float] = {
        "too_many": int(((found["given"] > 0) & (found["used"] > there)).sum()),
        "withheld": int(((found["waiting"] > 0) & (found["used"] < there)).sum()),
        "taken_away": int((found["taken_away"] > 0).sum()),
        "out_of_turn": int(found["out_of_turn"].sum()),
    }
    return proof_result(PLACES_ADD_UP, "dispositions", observed, success=not any(observed.values()))


def _places(sharing: str, people: int, capacity: Any) -> int:
    """Places of a month, in whole numbers: a part of a place is a whole one (docs/decisions.md §47)."""
    if sharing in capacity.exceptions:
        return int(capacity.exceptions[sharing])
    if capacity.places_per_1000 is None:
        return int(capacity.places)
    due = Fraction(str(capacity.places_per_1000)) * int(people) / 1000
    return max(-(-due.numerator // due.denominator), int(capacity.at_least))
