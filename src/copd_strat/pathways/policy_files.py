"""Policy files into validated policies: every fault of a file at once, each with its key."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from copd_strat.config import read_yaml
from copd_strat.errors import ConfigError
from copd_strat.model_faults import nearest, validated
from copd_strat.pathways.fact_columns import Kind, patient_columns
from copd_strat.pathways.policy import Policy

SHIPPED = ("rules_only", "gold_abe", "ncl_like", "risk_and_rules")
SCHEMA = "policy.schema.json"
FOLDER = Path(str(files("copd_strat").joinpath("pathways", "policies")))


def load_policy(name_or_path: str | Path, columns: Mapping[str, Kind] | None = None) -> Policy:
    """The shipped policy of that name, or a site's own file.

    ``columns`` are the columns conditions may name (default: features, risk and organisation columns).
    ConfigError lists every fault of the file with its key.
    """
    path = _locate(name_or_path)
    raw = _with_base(path)
    kinds = dict(columns or patient_columns())
    return validated(
        Policy, raw, file=path, what="policy", page="policy", kinds=kinds, thresholds=_thresholds(raw)
    )


def json_schema() -> dict[str, Any]:
    """The shape of a policy file as JSON Schema, for editors. A file ``based_on`` another may leave out any
    section; so may a base, which nobody's clinic is in."""
    schema = Policy.model_json_schema()
    schema["properties"]["based_on"] = {
        "description": "A shipped policy, copd_common, or a file beside this one: its sections hold.",
        "type": "string",
    }
    needed = schema.pop("required")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "if": {"required": ["clinic"], "not": {"required": ["based_on"]}},
        "then": {"required": needed},
    }


def _locate(name_or_path: str | Path) -> Path:
    name = str(name_or_path)
    if name in SHIPPED:
        return FOLDER / f"{name}.yaml"
    path = Path(name)
    if path.suffix in (".yaml", ".yml"):
        return path
    raise ConfigError(
        f"pathways.policy: '{name}' is neither a shipped policy nor a .yaml file {nearest(name, SHIPPED)}",
        fix="name a shipped policy, or give the path of your own file",
    )


def _with_base(path: Path) -> dict[str, Any]:
    """The file's keys over those of the file it is based on: a key given again replaces the whole section."""
    raw = read_yaml(path)
    base = raw.pop("based_on", None)
    if base is None:
        return raw
    if not isinstance(base, str) or "\0" in base:
        raise ConfigError(f"{path}: based_on: must be a name or a path", fix="for example copd_common")
    packaged = FOLDER / f"{base}.yaml"
    return {**read_yaml(packaged if packaged.is_file() else path.parent / base), **raw}


def _thresholds(raw: Mapping[str, Any]) -> dict[str, float]:
    """The named numbers that conditions may use; what is no number is refused under its own key."""
    given = raw.get("thresholds", {})
    numbers = given.items() if isinstance(given, dict) else ()
    return {name: n for name, n in numbers if isinstance(n, (int, float)) and not isinstance(n, bool)}
