"""Policy files into validated policies: every fault of a file at once, each with its key."""

from __future__ import annotations

import difflib
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema

from copd_strat.config import read_yaml
from copd_strat.errors import ConfigError
from copd_strat.pathways.conditions import (
    ORDERINGS,
    REFERENCE_DATE,
    Compare,
    Condition,
    Every,
    Negation,
    Some,
    Value,
)
from copd_strat.pathways.fact_columns import Kind, patient_columns
from copd_strat.pathways.policy import (
    Action,
    Capacity,
    ClinicRule,
    DecisionEffect,
    Flag,
    Need,
    Note,
    Policy,
    Ranking,
    RouteRule,
    Rule,
    StayOn,
)
from copd_strat.pathways.sentences import placeholders, well_formed

SHIPPED = ("rules_only", "gold_abe", "ncl_like", "risk_and_rules")
_FOLDER = Path(str(files("copd_strat").joinpath("pathways", "policies")))
_NEVER = Compare(column=REFERENCE_DATE, op="missing")


def load_policy(name_or_path: str | Path, columns: Mapping[str, Kind] | None = None) -> Policy:
    """The shipped policy of that name, or a site's own file.

    ``columns`` are the columns conditions may name (default: features, risk and organisation columns).
    ConfigError lists every fault of the file with its key.
    """
    path = _locate(name_or_path)
    raw = _with_base(path)
    faults = _shape_faults(raw)
    if not faults:
        reader = _Reader(dict(columns or patient_columns()), raw.get("thresholds", {}))
        policy = _build(raw, reader)
        faults = reader.faults
    if faults:
        raise ConfigError(
            f"{path}: {len(faults)} error(s) in the policy\n" + "\n".join(f"  - {fault}" for fault in faults),
            fix="correct the keys named above; docs/policy.md describes each",
        )
    return policy


def _locate(name_or_path: str | Path) -> Path:
    name = str(name_or_path)
    if name in SHIPPED:
        return _FOLDER / f"{name}.yaml"
    path = Path(name)
    if path.suffix in (".yaml", ".yml"):
        return path
    near = difflib.get_close_matches(name, SHIPPED, n=1)
    hint = f"did you mean '{near[0]}'? " if near else ""
    raise ConfigError(
        f"pathways.policy: '{name}' is neither a shipped policy nor a .yaml file",
        fix=f"{hint}Shipped: {', '.join(SHIPPED)}; or give the path of your own file",
    )


def _with_base(path: Path) -> dict[str, Any]:
    """The file's keys over those of the file it is based on: a key given again replaces the whole section."""
    raw = read_yaml(path)
    base = raw.pop("based_on", None)
    if base is None:
        return raw
    if not isinstance(base, str):
        raise ConfigError(f"{path}: based_on: must be a name or a path")
    packaged = _FOLDER / f"{base}.yaml"
    return {**read_yaml(packaged if packaged.is_file() else path.parent / base), **raw}


def _shape_faults(raw: dict[str, Any]) -> list[str]:
    schema = json.loads((_FOLDER / "policy.schema.json").read_text(encoding="utf-8"))
    errors = jsonschema.Draft202012Validator(schema).iter_errors(raw)
    return [f"{_key(list(error.absolute_path))}: {error.message}" for error in sorted(errors, key=str)]


def _key(path: list[str | int]) -> str:
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".") or "top level"


@dataclass
class _Reader:
    """Reads the parts of a policy, noting what makes no sense under the key where it stands."""

    kinds: dict[str, Kind]
    thresholds: dict[str, float]
    faults: list[str] = field(default_factory=list)

    def condition(self, raw: dict[str, Any], where: str) -> Condition:
        forms = [key for key in ("all", "any", "not", "column") if key in raw]
        if len(forms) != 1:
            self.faults.append(f"{where}: give exactly one of all, any, not, column")
            return _NEVER
        if forms[0] == "column":
            return self._compare(raw, where)
        if len(raw) > 1:
            self.faults.append(f"{where}: '{forms[0]}' stands alone, without op or value")
        if forms[0] == "not":
            return Negation(self.condition(raw["not"], f"{where}.not"))
        parts = tuple(
            self.condition(part, f"{where}.{forms[0]}[{n}]") for n, part in enumerate(raw[forms[0]])
        )
        return Every(parts) if forms[0] == "all" else Some(parts)

    def _compare(self, raw: dict[str, Any], where: str) -> Condition:
        column, op = self.column(raw["column"], where), raw.get("op")
        if op is None:
            self.faults.append(f"{where}: op is missing")
            return _NEVER
        value = self._value(raw, where)
        kind = self.kinds.get(column)
        if kind is not None and not _fits(kind, op, value):
            self.faults.append(f"{where}: a {kind} column cannot be compared by '{op}' with this value")
            return _NEVER
        return Compare(column=column, op=op, value=value)

    def _value(self, raw: dict[str, Any], where: str) -> Value:
        if "threshold" not in raw:
            value: Value = raw.get("value")
            return tuple(value) if isinstance(value, list) else value
        if "value" in raw:
            self.faults.append(f"{where}: give value or threshold, not both")
        if raw["threshold"] not in self.thresholds:
            self.faults.append(f"{where}.threshold: '{raw['threshold']}' is not under thresholds")
            return 0.0
        return float(self.thresholds[raw["threshold"]] * raw.get("times", 1))

    def column(self, name: str, where: str) -> str:
        if name not in self.kinds:
            near = difflib.get_close_matches(name, self.kinds, n=1)
            hint = f" (did you mean '{near[0]}'?)" if near else ""
            self.faults.append(f"{where}: unknown column '{name}'{hint}")
        return name

    def sentence(self, text: str, where: str) -> str:
        if not well_formed(text):
            self.faults.append(f"{where}: braces or brackets do not match")
        for name in placeholders(text):
            self.column(name, where)
        return text

    def optional(self, raw: dict[str, Any], key: str, where: str) -> Condition | None:
        return self.condition(raw[key], f"{where}.{key}") if key in raw else None

    def note(self, raw: dict[str, Any], where: str) -> Note:
        return Note(
            when=self.condition(raw["when"], f"{where}.when"),
            says=self.sentence(raw["says"], f"{where}.says"),
        )

    def rule_parts(self, raw: dict[str, Any], where: str) -> dict[str, Any]:
        """What every rule has, checked."""
        note = self.note(raw, where)
        texts: dict[str, Any] = {key: raw[key] for key in ("id", "means", "source", "sign_off") if key in raw}
        return {**texts, "when": note.when, "says": note.says}


def _fits(kind: Kind, op: str, value: Value) -> bool:
    if op in ("missing", "present"):
        return value is None
    if op in ("older_than_days", "older_than_months"):
        return kind == "date" and isinstance(value, int) and not isinstance(value, bool)
    if op == "in":
        return kind == "text" and isinstance(value, tuple)
    if op in ORDERINGS:
        return kind == "number" and _is_number(value)
    wanted = {"text": isinstance(value, str), "flag": isinstance(value, bool), "number": _is_number(value)}
    return wanted.get(kind, False)


def _is_number(value: Value) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _each(raw: dict[str, Any], key: str) -> Iterator[tuple[dict[str, Any], str]]:
    for n, item in enumerate(raw[key]):
        yield item, f"{key}[{n}]"


def _build(raw: dict[str, Any], reader: _Reader) -> Policy:
    lower = raw["self_management"]
    lower_when = reader.condition(lower["when"], "self_management.when")
    policy = Policy(
        id=raw["id"],
        version=raw["version"],
        title=raw["title"],
        purpose=raw["purpose"],
        sources=tuple(raw["sources"]),
        sign_off=raw.get("sign_off", ""),
        thresholds=tuple(raw.get("thresholds", {}).items()),
        exclusions=_rules(raw, "exclusions", reader),
        clinic=tuple(_clinic_rule(item, where, reader) for item, where in _each(raw, "clinic")),
        self_management_when=lower_when,
        self_management_means=lower["means"],
        self_management_why=_notes(lower["why"], "self_management.why", reader),
        needs=_needs(raw["clinical_review"]["needs"], reader),
        otherwise=reader.sentence(raw["clinical_review"]["otherwise"], "clinical_review.otherwise"),
        warnings=_notes(raw["warnings"], "warnings", reader),
        routes=tuple(_route(item, where, reader) for item, where in _each(raw, "routes")),
        default_routes=tuple(raw["default_routes"].items()),
        in_hand=_rules(raw, "in_hand", reader),
        actions=tuple(_action(item, where, reader) for item, where in _each(raw, "actions")),
        stay_on=_stay_on(raw["stay_on"], lower_when, reader),
        capacity=_capacity(raw["capacity"], reader),
        ranking=_ranking(raw["ranking"], reader),
        decisions=_decisions(raw["decisions"], reader),
        flags=tuple(Flag(column=c, notes=_notes(n, f"flags.{c}", reader)) for c, n in raw["flags"].items()),
    )
    _check_ids(policy, reader)
    return policy


def _rules(raw: dict[str, Any], key: str, reader: _Reader) -> tuple[Rule, ...]:
    return tuple(Rule(**reader.rule_parts(item, where)) for item, where in _each(raw, key))


def _clinic_rule(raw: dict[str, Any], where: str, reader: _Reader) -> ClinicRule:
    extra = {key: raw[key] for key in ("sentinel", "covers") if key in raw}
    return ClinicRule(**reader.rule_parts(raw, where), **extra)


def _route(raw: dict[str, Any], where: str, reader: _Reader) -> RouteRule:
    parts = reader.rule_parts(raw, where)
    return RouteRule(**parts, dispositions=tuple(raw["for"]), route=raw.get("route"))


def _action(raw: dict[str, Any], where: str, reader: _Reader) -> Action:
    says = reader.sentence(raw["says"], f"{where}.says")
    return Action(disposition=raw["for"], says=says, when=reader.optional(raw, "when", where))


def _notes(raw: list[dict[str, Any]], key: str, reader: _Reader) -> tuple[Note, ...]:
    return tuple(reader.note(item, f"{key}[{n}]") for n, item in enumerate(raw))


def _needs(raw: list[dict[str, Any]], reader: _Reader) -> tuple[Need, ...]:
    notes = _notes(raw, "clinical_review.needs", reader)
    return tuple(
        Need(id=item["id"], when=note.when, says=note.says, settle=item["settle"])
        for item, note in zip(raw, notes, strict=True)
    )


def _stay_on(raw: dict[str, Any], lower_when: Condition, reader: _Reader) -> StayOn:
    """Without its own ``leave_when``, a patient leaves once known to belong to self-management."""
    leave_when = reader.optional(raw, "leave_when", "stay_on") or lower_when
    return StayOn(
        for_days=raw["for_days"], leave_when=leave_when, means=raw["means"], source=raw.get("source", "")
    )


def _capacity(raw: dict[str, Any], reader: _Reader) -> Capacity:
    if ("places" in raw) == ("places_per_1000" in raw):
        reader.faults.append("capacity: give exactly one of places, places_per_1000")
    return Capacity(
        places=raw.get("places", 0),
        places_per_1000=raw.get("places_per_1000"),
        at_least=raw.get("at_least", 0),
        per=raw.get("per", "practice_id"),
        exceptions=tuple(raw.get("exceptions", {}).items()),
        source=raw.get("source", ""),
    )


def _ranking(raw: dict[str, Any], reader: _Reader) -> Ranking:
    by, then_by = raw.get("by"), tuple(raw["then_by"])
    for name in (*then_by, *([by] if by else [])):
        if reader.kinds.get(reader.column(name, "ranking"), "number") not in ("number", "flag"):
            reader.faults.append(f"ranking: '{name}' is not a number")
    return Ranking(by=by, like=reader.optional(raw, "like", "ranking"), then_by=then_by, means=raw["means"])


def _decisions(raw: dict[str, Any], reader: _Reader) -> tuple[DecisionEffect, ...]:
    effects = []
    for decision, item in raw.items():
        where = f"decisions.{decision}"
        lifted_by = tuple(reader.column(name, f"{where}.lifted_by") for name in item.get("lifted_by", []))
        if any(reader.kinds.get(name, "date") != "date" for name in lifted_by):
            reader.faults.append(f"{where}.lifted_by: names a column that is not a date")
        effects.append(
            DecisionEffect(
                decision=decision,
                effect=item["effect"],
                for_days=item.get("for_days", 0),
                lifted_by=lifted_by,
                says=reader.sentence(item["says"], f"{where}.says"),
            )
        )
    return tuple(effects)


def _check_ids(policy: Policy, reader: _Reader) -> None:
    rules: tuple[Rule, ...] = (*policy.exclusions, *policy.clinic, *policy.in_hand, *policy.routes)
    counts = Counter([*(rule.id for rule in rules), *(need.id for need in policy.needs)])
    reader.faults.extend(f"'{name}': the id is used twice" for name, count in counts.items() if count > 1)
