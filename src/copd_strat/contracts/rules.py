"""From a contract's words to its rules: what the standard's words say, what kinds imply, what deviates."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date
from typing import Any

from copd_strat.checks import check_kind, check_kinds
from copd_strat.contracts.contract import Column, Contract, Rule, Severity
from copd_strat.contracts.kinds import DECLARED_WEIGHT, KINDS, Implied, Weight
from copd_strat.errors import ConfigError

# Tables that the program makes itself: who must act when a rule is broken.
_MADE_FIX = {
    "internal": "the program or a code list is at fault: look at what changed since the last good run, "
    "and report the rule's code",
    "published": "nothing was published; report this, it is a fault of the program",
}
# A column that decides stops the run beyond this share, and from this many rows on (docs/decisions.md §34).
_DECIDING_SHARE, _DECIDING_ROWS = 0.02, 5
# One person never stops a night: what one record can break is told, and stops the run only beyond this share
# of people, and from this many on (docs/decisions.md §37).
_PEOPLE_SHARE, _PEOPLE = 0.001, 5
_BOUNDS = ("minimum", "maximum")


def rules_of_table(table: dict[str, Any], contract: Contract) -> Iterator[Rule]:
    """All rules of a table, those on the whole table first. ``contract`` has everything but its rules."""
    yield from _with_deviations(_table_rules(contract), table, None, contract)
    linked = any(prop.get("relationships") for prop in table["properties"])
    for prop, column in zip(table["properties"], contract.columns, strict=True):
        implied = [*_declared(prop, column), *_of_kind(prop, column, contract, linked=linked)]
        # What the contract states of a check goes before what the kind implies of it.
        usual = {rule.check: rule for rule in reversed([_rule(i, column, contract) for i in implied])}
        order = [rule.check for rule in (_rule(i, column, contract) for i in implied)]
        yield from _with_deviations([usual[check] for check in dict.fromkeys(order)], prop, column, contract)


def _table_rules(contract: Contract) -> list[Rule]:
    checks = [] if contract.made_here else ["complete_row"]
    checks += ["unique"] if contract.key else []
    return [_rule(Implied(check=check), None, contract) for check in checks]


def _declared(prop: dict[str, Any], column: Column) -> Iterator[Implied]:
    """What the standard's own words ask of a column."""
    weights = {i.check: i.weight for i in KINDS[column.kind].extract}
    if column.required:
        yield Implied(check="required")
    if prop.get("unique"):
        yield Implied(check="unique")
    options = prop.get("logicalTypeOptions", {})
    for name in (*_BOUNDS, "pattern"):
        if name in options:
            weight: Weight = weights.get(name, DECLARED_WEIGHT[name])
            yield Implied(check=name, weight=weight, arguments=_read_bounds({name: options[name]}, column))


def _read_bounds(arguments: dict[str, Any], column: Column | None) -> dict[str, Any]:
    """``arguments`` with the bounds of a date column as dates."""
    if column is None or column.type != "date":
        return arguments
    return {
        name: date.fromisoformat(value) if name in _BOUNDS and isinstance(value, str) else value
        for name, value in arguments.items()
    }


def _of_kind(prop: dict[str, Any], column: Column, contract: Contract, *, linked: bool) -> Iterator[Implied]:
    kind = KINDS[column.kind]
    for implied in kind.made if contract.made_here else kind.extract:
        about_patient = implied.check in ("known_patient", "patient_left_out")
        here = bool(prop.get("relationships")) if about_patient else linked
        if implied.only == "always" or (column.required if implied.only == "required" else here):
            yield implied


def _rule(implied: Implied, column: Column | None, contract: Contract) -> Rule:
    check = check_kind(implied.check)
    description, fix = check.words(column, implied.arguments, contract)
    if implied.words and column:
        description, fix = (text.format(column=column.name) for text in implied.words)
    place = f"{contract.name}.{column.name}" if column else contract.name
    rule = Rule(
        code=f"{place}.{implied.check}",
        check=implied.check,
        column=column.name if column else None,
        severity=_severity(implied.weight, column),
        description=description,
        fix=fix,
        arguments=dict(implied.arguments),
        warn_share=check.warn_share if implied.warn_share is None else implied.warn_share,
        fail_share=check.fail_share if implied.warn_share is None else None,
    )
    if contract.made_here:
        own = replace(
            rule, severity="reject_file", fix=_MADE_FIX[contract.layout], warn_share=None, fail_share=None
        )
        if contract.layout == "internal" and check.of_one_value:
            return replace(own, warn_share=0.0, fail_share=_PEOPLE_SHARE, fail_rows=_PEOPLE)
        return own
    if column and column.decides and implied.check == "valid_values":
        return replace(rule, fail_share=_DECIDING_SHARE, fail_rows=_DECIDING_ROWS)
    return rule


def _severity(weight: Weight, column: Column | None) -> Severity:
    if column and "severity" in column.custom:
        stated: Severity = column.custom["severity"]
        return stated
    if weight == "needed":
        return "reject_row" if column and column.required else "set_aside_value"
    return weight


def _with_deviations(
    usual: Iterable[Rule], item: dict[str, Any], column: Column | None, contract: Contract
) -> Iterator[Rule]:
    """The usual rules, each as the ``quality`` items change it, and the rules that these add; by code."""
    rules = {rule.code: rule for rule in usual}
    for stated in item.get("quality", []):
        rule = _stated(stated, column, contract, rules)
        rules[rule.code] = rule
    yield from sorted(rules.values(), key=lambda rule: rule.code)


def _stated(item: dict[str, Any], column: Column | None, contract: Contract, usual: dict[str, Rule]) -> Rule:
    """A rule that a ``quality`` item states: a usual one changed, or one more."""
    check, arguments = _understood(item, column, contract)
    place = f"{contract.name}.{column.name}" if column else contract.name
    code = f"{place}.{item.get('id', check)}"
    rule = usual.get(code)
    if rule is None or arguments:
        given = {**(rule.arguments if rule else {}), **arguments}
        base = _rule(
            Implied(check=check, weight=DECLARED_WEIGHT.get(check, "reject_row"), arguments=given),
            column,
            contract,
        )
        rule = replace(rule, arguments=given) if rule else replace(base, code=code)
        rule = replace(rule, description=base.description, fix=base.fix)
    return _changed(rule, item)


def _understood(
    item: dict[str, Any], column: Column | None, contract: Contract
) -> tuple[str, dict[str, Any]]:
    for name, kind in check_kinds().items():
        arguments = kind.read(item)
        if arguments is not None:
            return name, _read_bounds(arguments, column)
    where = f"{contract.name}.{column.name}" if column else contract.name
    raise ConfigError(
        f"{where}: no such check as '{item.get('metric') or item.get('implementation')}'",
        fix=f"known are {', '.join(check_kinds())}; metrics: nullValues, invalidValues",
    )


def _changed(rule: Rule, item: dict[str, Any]) -> Rule:
    """``rule`` with the severity, words and thresholds that ``item`` gives."""
    extra = {entry["property"]: entry["value"] for entry in item.get("customProperties", [])}
    fail = extra.get("failShare")
    if item.get("unit") == "percent":
        fail = item["mustBeLessOrEqualTo"] / 100
    warn, fail_share = rule.warn_share, rule.fail_share
    if "warnShare" in extra:
        # Whoever states when to tell, and not when to stop, never wants to stop.
        warn, fail_share = extra["warnShare"], None
    return replace(
        rule,
        severity=item.get("severity", rule.severity),
        description=item.get("description", rule.description),
        fix=extra.get("fix", rule.fix),
        warn_share=warn,
        fail_share=fail if fail is not None else fail_share,
        fail_rows=extra.get("failRows", rule.fail_rows),
    )
