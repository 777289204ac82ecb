"""A run's configuration: one YAML file becomes frozen, validated settings.

Unknown keys are refused, and every error in the file is reported at once with its key.
Paths are relative to the configuration file.
"""

from __future__ import annotations

import dataclasses
import difflib
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import yaml

from copd_strat.errors import ConfigError

LAYOUTS = ("native", "nhse", "cprd_aurum", "emis", "omop")


@dataclass(frozen=True, kw_only=True)
class Governance:
    """What makes the processing lawful; printed in the manifest. The software records, people decide."""

    legal_basis: str
    approval_reference: str
    approval_expires: date
    controller: str
    opt_out_regime: Literal["type1", "type1_and_national", "none_direct_care"]
    opt_out_applied_on: date


@dataclass(frozen=True, kw_only=True)
class ExtractSource:
    """One folder of extract files in one layout; ``gaps`` are words that stand where a value is missing."""

    layout: Literal["native", "nhse", "cprd_aurum", "emis", "omop"]
    path: Path
    care: tuple[Literal["primary", "secondary"], ...] = ("primary", "secondary")
    gaps: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class EngineSettings:
    memory_limit: str = "1GB"
    threads: int = 2


@dataclass(frozen=True, kw_only=True)
class ClinicalSettings:
    """Choices where published definitions leave room; docs/decisions.md gives the reasons."""

    episode_rule: Literal["chain", "anchor"] = "chain"
    episode_gap_days: int = 14
    spell_gap_days: int = 2
    gp_complete_to: date | None = None
    hospital_complete_to: date | None = None
    imd_edition: Literal["2019", "2025"] = "2019"
    codelists: tuple[Path, ...] = ()


@dataclass(frozen=True, kw_only=True)
class RiskSettings:
    """``care_setting`` has no default: recalibrations of primary and hospital care differ a lot."""

    care_setting: Literal["primary_care", "hospital_clinic"]
    gold_edition: Literal["2023", "2026"] = "2023"


@dataclass(frozen=True, kw_only=True)
class PathwaySettings:
    """``policy`` is the name of a shipped policy or the path of a site's own file."""

    policy: str = "risk_and_rules"
    reference_key_env: str = "COPD_STRAT_REFERENCE_KEY"
    reference_key_file: Path | None = None


@dataclass(frozen=True, kw_only=True)
class GuardSettings:
    """Thresholds of the run guard, as shares; see docs/run-guard.md."""

    max_extract_age_days: int = 45
    max_rows_change: float = 0.30
    max_patients_change: float = 0.20
    max_disposition_change: float = 0.50
    min_month_share: float = 0.50


@dataclass(frozen=True, kw_only=True)
class SummarySettings:
    suppression: Literal["hes", "opensafely"] = "hes"
    months: int = 24


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything a run is told, apart from the run date and the reference key."""

    title: str
    synthetic: bool = False
    governance: Governance
    extracts: tuple[ExtractSource, ...]
    contracts: Path
    output: Path
    risk: RiskSettings
    clinical: ClinicalSettings = field(default_factory=ClinicalSettings)
    pathways: PathwaySettings = field(default_factory=PathwaySettings)
    engine: EngineSettings = field(default_factory=EngineSettings)
    guard: GuardSettings = field(default_factory=GuardSettings)
    summary: SummarySettings = field(default_factory=SummarySettings)
    retain_runs: int = 30
    # Where a moment with a zone falls on a day.
    timezone: str = "Europe/London"


def load(path: Path) -> Settings:
    """Read ``path``; ConfigError lists every fault of the file at once."""
    raw = read_yaml(path)
    faults: list[str] = []
    settings = _build(Settings, raw, "", path.parent, faults)
    if not isinstance(settings, Settings):
        raise ConfigError(
            f"{path}: {len(faults)} error(s) in the configuration\n" + "\n".join(f"  - {f}" for f in faults),
            fix="correct the keys named above; docs/configuration.md describes each",
        )
    return settings


def keys(kind: type, prefix: str = "") -> Iterator[str]:
    """Every key a configuration may hold, in dotted form; ``[]`` marks a list's items."""
    for name, hint in get_type_hints(kind).items():
        inner = get_args(hint)[0] if get_origin(hint) is tuple else hint
        if isinstance(inner, type) and dataclasses.is_dataclass(inner):
            yield from keys(inner, f"{prefix}{name}{'[]' if inner is not hint else ''}.")
        else:
            yield f"{prefix}{name}"


class _UniqueKeys(yaml.SafeLoader):
    """A YAML loader that refuses a key given twice."""


def _mapping_of_unique_keys(loader: yaml.SafeLoader, node: yaml.MappingNode) -> dict[Any, Any]:
    seen: set[Any] = set()
    for key_node, _ in node.value:
        key = loader.construct_object(key_node)
        if key in seen:
            line = key_node.start_mark.line + 1
            raise ConfigError(f"line {line}: the key '{key}' is given twice", fix="keep one of them")
        seen.add(key)
    return loader.construct_mapping(node, deep=True)


_UniqueKeys.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping_of_unique_keys)


def read_yaml(path: Path) -> dict[str, Any]:
    """A YAML file as a mapping; ConfigError names the file (and line) if it is not one."""
    try:
        with path.open(encoding="utf-8") as stream:
            raw = yaml.load(stream, Loader=_UniqueKeys)  # noqa: S506 - derived from SafeLoader
    except FileNotFoundError:
        raise ConfigError(
            f"{path}: no such file", fix="check the path, or make one with 'copd-strat init'"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read ({type(error).__name__})") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}" if mark else "unknown line"
        raise ConfigError(f"{path}: not valid YAML at {where}", fix="check indentation and quotes") from None
    except ConfigError as error:
        raise ConfigError(f"{path}: {error.problem}", fix=error.fix) from None
    if not isinstance(raw, dict):
        raise ConfigError(f"{path}: expected 'key: value' lines at the top level")
    return raw


def _build(kind: type, raw: dict[str, Any], where: str, base: Path, faults: list[str]) -> object | None:
    hints = get_type_hints(kind)
    fields = {f.name: f for f in dataclasses.fields(kind)}
    before = len(faults)
    unknown = [str(key) for key in raw if key not in fields]
    faults.extend(f"{where}{key}: unknown key{_suggestion(key, list(fields))}" for key in unknown)
    values: dict[str, Any] = {}
    for name, spec in fields.items():
        if name in raw:
            values[name] = _convert(hints[name], raw[name], f"{where}{name}", base, faults)
        elif spec.default is dataclasses.MISSING and spec.default_factory is dataclasses.MISSING:
            faults.append(f"{where}{name}: required, but missing")
    return kind(**values) if len(faults) == before else None


def _suggestion(key: str, known: list[str]) -> str:
    near = difflib.get_close_matches(key, known, n=1)
    return f" (did you mean '{near[0]}'?)" if near else f" (known: {', '.join(known)})"


def _convert(hint: Any, value: Any, where: str, base: Path, faults: list[str]) -> Any:
    """``value`` as ``hint`` wants it; a fault is noted under ``where`` if it cannot be."""
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        return None if value is None else _convert(get_args(hint)[0], value, where, base, faults)
    if origin is Literal:
        return _one_of(get_args(hint), value, where, faults)
    if origin is tuple:
        return _each_of(get_args(hint)[0], value, where, base, faults)
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        if not isinstance(value, dict):
            faults.append(f"{where}: expected 'key: value' lines below it")
            return None
        return _build(hint, value, f"{where}.", base, faults)
    return _scalar(hint, value, where, base, faults)


def _one_of(choices: tuple[Any, ...], value: Any, where: str, faults: list[str]) -> Any:
    text = str(value)
    if text not in choices:
        faults.append(f"{where}: must be one of {', '.join(choices)}")
    return text


def _each_of(hint: Any, value: Any, where: str, base: Path, faults: list[str]) -> tuple[Any, ...]:
    if not isinstance(value, list):
        faults.append(f"{where}: expected a list ('- item' lines)")
        return ()
    return tuple(_convert(hint, item, f"{where}[{n}]", base, faults) for n, item in enumerate(value))


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


_SCALARS: dict[type, tuple[Callable[[Any], bool], str]] = {
    bool: (lambda v: isinstance(v, bool), "true or false"),
    int: (lambda v: isinstance(v, int) and not isinstance(v, bool) and v >= 0, "a whole number, 0 or more"),
    float: (lambda v: _is_number(v) and v >= 0, "a number, 0 or more"),
    date: (lambda v: type(v) is date, "a date such as 2026-03-31"),
    str: (lambda v: isinstance(v, str) and bool(v.strip()), "text (put it in quotes)"),
    Path: (lambda v: isinstance(v, str) and bool(v.strip()), "a path"),
}


def _scalar(hint: type, value: Any, where: str, base: Path, faults: list[str]) -> Any:
    fits, wanted = _SCALARS[hint]
    if not fits(value):
        faults.append(f"{where}: must be {wanted}")
        return None
    return (base / value).resolve() if hint is Path else value
