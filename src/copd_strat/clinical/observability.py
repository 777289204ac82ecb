"""What this extract can show at all: a fact without its source or code list is unknown, never "no" or 0."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from copd_strat.clinical.completeness import Completeness
from copd_strat.clinical.dictionary import FactNeed, Feature, ShownColumn, needs, shown_columns
from copd_strat.codelists import starved_sources
from copd_strat.engine import SqlEngine

# In a register this large a concept that 1 in 100 patients has is absent by chance less than 1 time in 100.
ZERO_MATCH_REGISTER = 500

# Beyond this lag of hospital data behind the index, severe events are not observable (docs/decisions.md §2).
MAX_HOSPITAL_LAG_DAYS = 183


def reasons(engine: SqlEngine, index: date, sources: Mapping[str, Completeness]) -> dict[str, str]:
    """The facts that cannot be observed, each with its reason; needs ``concept_summary`` and ``register``.

    ``sources``: what is known of how far each canonical table is complete.
    """
    usable: dict[str, str | None] = {
        table: None if there else f"no source of {table}"
        for table, there in engine.rows("SELECT table_name, present FROM source_tables")
    }
    usable |= {name: f"next to nothing in {name} is on any code list" for name in starved_sources(engine)}
    for table, told in sources.items():
        usable[table] = usable.get(table, f"no source of {table}") or _why_not_known(told)
    coded = {name for (name,) in engine.rows("SELECT concept FROM concepts WHERE codes > 0")}
    matched = _matched(engine, coded)
    found = {
        need.feature: reason
        for need in needs()
        if (reason := _reason(need, usable, coded, matched)) is not None
    }
    hospital_to = sources["hospital_episodes"].complete_to
    lag = None if hospital_to is None else (index - hospital_to).days
    if lag is not None and lag > MAX_HOSPITAL_LAG_DAYS:
        found.setdefault("severe_exacerbations", f"hospital data end {lag} days before the index date")
    return found


def _why_not_known(told: Completeness) -> str | None:
    """A source whose estimate its own latest record contradicts shows nothing (docs/decisions.md §43)."""
    if told.complete_to is None and told.latest_record is not None:
        return f"how far {told.name} is complete is not known"
    if told.complete_to is None and told.name == "hospital_episodes":
        return "hospital_episodes holds no records"
    return None


def _matched(engine: SqlEngine, coded: set[str]) -> set[str]:
    """Concepts that occur in the extract; all of them where the register is too small to tell."""
    if engine.scalar("SELECT count(*) FROM register") < ZERO_MATCH_REGISTER:
        return coded
    return {name for (name,) in engine.rows("SELECT DISTINCT concept FROM concept_summary")}


def _reason(
    need: FactNeed, usable: Mapping[str, str | None], coded: set[str], matched: set[str]
) -> str | None:
    for table in need.tables:
        if reason := usable.get(table, f"no source of {table}"):
            return reason
    if not need.concepts:
        return None
    enough = all if need.rule == "all" else any
    if not enough(concept in coded for concept in need.concepts):
        return "no code list"
    if need.absence_is_evidence and not any(concept in matched for concept in need.concepts):
        return "code list matches nothing in the extract"
    return None


def features_query(feature_list: Sequence[Feature], unobservable: Mapping[str, str], *, found: str) -> str:
    """The query of ``features``: the columns of ``found``, each only as far as it may be shown.

    This is the one place that hides what could not have been found (``shown`` in their contract): a column is
    shown if its facts are observable, or if something was found and that stands by itself; and finding
    nothing counts only while the GP record is alive, where absence there is the evidence.
    """
    rules = {rule.column: rule for rule in shown_columns()}
    columns = [_column(feature, rules.get(feature.name), unobservable) for feature in feature_list]
    return "SELECT\n    " + ",\n    ".join(columns) + f"\nFROM {found}"


def _column(feature: Feature, rule: ShownColumn | None, unobservable: Mapping[str, str]) -> str:
    name, kind = feature.name, feature.type
    if rule is None:
        return f"CAST({name} AS {kind}) AS {name}"
    nothing_found = {"BOOLEAN": "FALSE", "INTEGER": "0"}.get(feature.type, "NULL")
    condition = _may_be_shown(rule, observable=not any(fact in unobservable for fact in rule.facts))
    return f"CASE WHEN {condition} THEN CAST(coalesce({name}, {nothing_found}) AS {kind}) END AS {name}"


def _may_be_shown(rule: ShownColumn, *, observable: bool) -> str:
    found = f"({rule.found_when})" if rule.found_when else "FALSE"
    if not observable:
        return found if rule.found_stands else "FALSE"
    return f"{found} OR live_record" if rule.live_record else "TRUE"


def as_text(unobservable: Mapping[str, str]) -> str | None:
    """'fact: reason' for every unobservable fact, separated by semicolons; None where there is none."""
    return "; ".join(f"{name}: {reason}" for name, reason in sorted(unobservable.items())) or None
