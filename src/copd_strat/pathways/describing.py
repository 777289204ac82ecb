"""A policy in plain English, for ``copd-strat policy show``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from copd_strat.pathways.conditions import Compare, Condition, Every, Negation, Some
from copd_strat.pathways.follow_up_policy import FollowUp
from copd_strat.pathways.policy import Capacity, Policy, PolicyRule

_EFFECT = {
    "none": "no effect",
    "keep_without_place": "stays on the clinic list without a new place",
    "not_listed": "is not listed",
    "clinical_review": "goes to clinical review",
}


def describe(policy: Policy) -> str:
    """Every rule of ``policy`` with its condition and source, in the order in which they are applied."""
    sections = [
        [f"{policy.title} ({policy.label})", policy.purpose, *_signed(policy.sign_off)],
        ["1. Not listed (counted, never shown), if", *_rules(policy.exclusions)],
        ["2. Clinic, if any holds (* sentinel)", *_clinic(policy)],
        ["   and, once there", f"   - {policy.stay_on.means} [{words(policy.leave_when)}]"],
        [
            "3. Self-management, if nothing above and",
            f"   - {policy.self_management.means} [{words(policy.self_management.when)}]",
        ],
        ["4. Clinical review, otherwise; what may be missing", *_needs(policy)],
        ["Routes", *_routes(policy)],
        ["Already in the clinic's hands (no new place), if", *_rules(policy.in_hand)],
        ["Rank", f"   - {policy.ranking.means}"],
        ["Capacity", *_capacity(policy.capacity)],
        ["Clinicians' decisions about people of the clinic tier", *_decisions(policy)],
        ["After an exacerbation (worklist; moves nobody)", *_follow_up(policy.follow_up)],
        ["Data warnings, if", *(f"   - {note.says} [{words(note.when)}]" for note in policy.warnings)],
        ["Sources", *(f"   - {source}" for source in policy.sources)],
    ]
    return "\n\n".join("\n".join(section) for section in sections) + "\n"


def who_is_where(policy: Policy) -> dict[str, str]:
    """Disposition → whom the policy places there, in the words of its rules and in the order in which they count; last
    ``rank``, in which order they stand."""
    rules = [*(rule.means for rule in policy.clinic), policy.stay_on.means]
    return {
        "clinic": "any of: " + "; ".join(rules),
        "self_management": policy.self_management.means,
        "clinical_review": "everybody else: too little is on record to say either",
        "rank": policy.ranking.means,
    }


def words(condition: Condition) -> str:
    """A condition on one line: ``mrc <= 3 and (a missing or b = yes)``."""
    match condition:
        case Every(parts=parts):
            return " and ".join(_bracketed(part) for part in parts)
        case Some(parts=parts):
            return " or ".join(_bracketed(part) for part in parts)
        case Negation(part=part):
            return f"not ({words(part)})"
        case Compare():
            return _comparison(condition)


def _bracketed(condition: Condition) -> str:
    return f"({words(condition)})" if isinstance(condition, (Every, Some)) else words(condition)


def _comparison(compare: Compare) -> str:
    column, value = compare.column, compare.value
    if compare.op in ("missing", "present"):
        return f"{column} {compare.op}"
    if compare.op.startswith("older_than_"):
        return f"{column} more than {value} {compare.op.removeprefix('older_than_')} before the index date"
    if isinstance(value, tuple):
        return f"{column} one of {', '.join(value)}"
    if isinstance(value, bool):
        return f"{column} {'yes' if value else 'no'}"
    return f"{column} {compare.op} {value}"


def _signed(sign_off: str) -> list[str]:
    return [f"({sign_off})"] if sign_off else []


def _rules(rules: Iterable[PolicyRule]) -> Iterator[str]:
    return (_rule(rule, "-") for rule in rules)


def _rule(rule: PolicyRule, mark: str) -> str:
    remarks = "; ".join(remark for remark in (rule.source, rule.sign_off) if remark)
    source = f"\n       {remarks}" if remarks else ""
    return f"   {mark} {rule.means} [{words(rule.when)}]{source}"


def _clinic(policy: Policy) -> Iterator[str]:
    return (_rule(rule, "*" if rule.sentinel else "-") for rule in policy.clinic)


def _needs(policy: Policy) -> Iterator[str]:
    for need in policy.clinical_review.needs:
        yield f"   - {need.id}: settled by: {need.settle} [{words(need.when)}]"


def _routes(policy: Policy) -> Iterator[str]:
    for disposition, route in policy.default_routes:
        yield f"   - {disposition}: {route}, unless"
    for rule in policy.routes:
        yield _rule(rule, f"- {', '.join(rule.dispositions)}, {rule.route or 'note only'}:")


def _capacity(capacity: Capacity) -> Iterator[str]:
    yield f"   - {_places(capacity)} a calendar month for each {capacity.per}, the rest a marked reserve"
    for name, places in capacity.exceptions.items():
        yield f"   - {name}: {places}"


def _places(capacity: Capacity) -> str:
    if capacity.places_per_1000 is None:
        return f"{capacity.places} places"
    return (
        f"{capacity.places_per_1000:g} places for 1,000 people on the register,"
        f" rounded up, at least {capacity.at_least},"
    )


def _follow_up(clock: FollowUp) -> Iterator[str]:
    yield f"   - lines for: {', '.join(clock.events) or 'nothing'}; kept at most {clock.keep_days} days"
    yield f"   - what is still open then is told for {clock.tell_days} days more"
    yield f"   - the first {clock.today} of each practice are marked for today"
    for duty in clock.duties:
        if set(duty.after) & set(clock.events):
            remarks = "; ".join(remark for remark in (duty.source, duty.sign_off) if remark)
            yield f"   - {duty.means} [due in {duty.within_days} days]\n       {remarks}"


def _decisions(policy: Policy) -> Iterator[str]:
    for decision, rule in policy.decisions.items():
        lifted = f", unless {' or '.join(rule.lifted_by)} is later" if rule.lifted_by else ""
        yield f"   - {decision}: {_EFFECT[rule.effect]} for {rule.for_days} days{lifted}"
