"""A run's configuration: one YAML file becomes frozen, validated settings.

Unknown keys are refused, and every error in the file is reported at once with its key.
Paths are relative to the configuration file. The strings below the fields are what docs/configuration.md and
an editor (through the JSON Schema) say about a key.
"""

from __future__ import annotations

import re
import stat
from collections.abc import Hashable, Iterator
from csv import DictReader
from datetime import date
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal, TextIO

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    Field,
    ValidationInfo,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

from copd_strat.errors import ConfigError
from copd_strat.model_faults import STRICT, Several, Text, fields_of, models_in, nearest, validated

SCHEMA = "copd-strat.schema.json"


def packaged_folder(name: str) -> Path:
    """A folder of the project's top level: data_contracts or pipelines.

    An installed program carries it inside its package; in a checkout it stands at the top level, where people
    look for it (setup.py maps one to the other).
    """
    package = Path(str(files("copd_strat")))
    inside = package / name
    return inside if inside.is_dir() else package.parents[1] / name


@cache
def layouts() -> tuple[str, ...]:
    """The layouts there are: each is a folder, found by being there (docs/layouts.md)."""
    folder = Path(str(files("copd_strat"))) / "extracts" / "layouts"
    return tuple(sorted(mapping.parent.name for mapping in folder.glob("*/mapping.py")))


def _a_layout(name: str) -> str:
    if name not in layouts():
        raise PydanticCustomError("layout", "no such layout {near}", {"near": nearest(name, layouts())})
    return name


@cache
def _timezones() -> frozenset[str]:
    """The zones that everybody's list has. A machine's own, such as `localtime`, means another on each."""
    return frozenset(files("tzdata").joinpath("zones").read_text(encoding="utf-8").split())


def _a_timezone(name: str) -> str:
    if name not in _timezones():
        raise PydanticCustomError("timezone", "no such time zone; write it as Europe/London")
    return name


def _a_path(value: object, info: ValidationInfo) -> object:
    """Text becomes a path relative to the configuration file; anything else is refused by the type."""
    if not isinstance(value, str):
        return value
    if not value.strip() or "\0" in value:
        raise PydanticCustomError("path", "must be a path")
    return (info.context["base"] / value).resolve() if info.context else Path(value)


def _a_policy(name: str, info: ValidationInfo) -> str:
    """The name of a shipped policy as it is; a file's path relative to the configuration, like any other."""
    if name.endswith((".yaml", ".yml")) and info.context:
        return str((info.context["base"] / name).resolve())
    return name


def _memory(text: str) -> str:
    """A size the engine understands, and more than nothing."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?) ?([KMGT]i?B)", text)
    if found is None or float(found[1]) == 0:
        raise PydanticCustomError("memory", "must be a size such as 1GB or 512MB")
    return text


def _quoted(value: object) -> object:
    """A year that is a name may be written without quotes."""
    return str(value) if type(value) is int else value


Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Ratio = Annotated[float, Field(ge=0, le=1000, allow_inf_nan=False)]
Days = Annotated[int, Field(ge=0, le=3660)]
PathBelow = Annotated[Path, BeforeValidator(_a_path, json_schema_input_type=str)]
Layout = Annotated[str, AfterValidator(_a_layout), WithJsonSchema({"enum": list(layouts())})]


class Governance(BaseModel):
    """What makes the processing lawful; printed in the manifest. The software records, people decide."""

    model_config = STRICT

    legal_basis: Text
    """What makes the processing lawful; printed, not judged."""
    approval_reference: Text
    """Reference of the approval."""
    approval_expires: date
    """After this date the run refuses (exit 19)."""
    controller: Text
    """The controller."""
    opt_out_regime: Literal["type1", "type1_and_national", "none_direct_care"]
    """Which opt-outs were removed upstream."""
    opt_out_applied_on: date
    """Date on which opt-outs were removed; with the national opt-out at most 7 days before the extract's
    last day."""


class ExtractSource(BaseModel):
    """One folder of extract files in one layout."""

    model_config = STRICT

    layout: Layout
    """The layout of the files (docs/layouts.md)."""
    path: PathBelow
    """Folder of the extract's files."""
    care: Annotated[tuple[Literal["primary", "secondary"], ...], Several, Field(min_length=1)] = (
        "primary",
        "secondary",
    )
    """What the folder supplies: `[primary]`, `[secondary]` or both."""
    gaps: Annotated[tuple[Text, ...], Several] = ()
    """Words that stand for an empty value in these files, such as `["NULL", "N/A"]`; one that is not
    named here stops the night."""
    allow_world_writable: bool = False
    """True where files that anybody on the machine may write to are accepted all the same."""


class EngineSettings(BaseModel):
    """What the embedded engine may use, and where the clinical facts are worked out."""

    model_config = STRICT

    facts: Literal["duckdb", "spark"] = "duckdb"
    """Engine of the clinical facts: the embedded `duckdb`, or Apache `spark` for extracts that outgrow one
    machine (docs/engines.md). The results are the same."""
    spark: Text = "local[2]"
    """Master of Spark, where `engine.facts` is `spark`: `local[2]` is two processors of this machine,
    `sc://host:15002` a server of Spark Connect."""

    memory_limit: Annotated[Text, AfterValidator(_memory)] = "1GB"
    """Memory of the embedded engine, such as `1GB` or `512MB`."""
    threads: Annotated[int, Field(ge=1, le=1024)] = 2
    """Processors it uses."""


class ClinicalSettings(BaseModel):
    """Choices where published definitions leave room; docs/decisions.md gives the reasons."""

    model_config = STRICT

    episode_rule: Literal["chain", "anchor"] = "chain"
    """How events join one exacerbation (docs/decisions.md §8)."""
    episode_gap_days: Days = 14
    """Days after which a new exacerbation begins."""
    spell_gap_days: Days = 2
    """Days between two provider spells of one continuous stay."""
    gp_complete_to: date | None = None
    """Day to which the GP data are complete, where the site knows better than the estimate."""
    hospital_complete_to: date | None = None
    """The same for the hospital data."""
    imd_edition: Annotated[
        Literal["2019", "2025"],
        BeforeValidator(_quoted, json_schema_input_type=Literal["2019", "2025", 2019, 2025]),
    ] = "2019"
    """Edition of the deprivation deciles."""
    codelists: Annotated[tuple[PathBelow, ...], Several] = ()
    """The site's own code list files."""


class RiskSettings(BaseModel):
    """``care_setting`` has no default: recalibrations of primary and hospital care differ a lot."""

    model_config = STRICT

    care_setting: Literal["primary_care", "hospital_clinic"]
    """`primary_care` (ACCEPT 3.0-CPRD) or `hospital_clinic` (ACCEPT 3, United Kingdom specialty): they
    differ a lot, so there is no default."""
    recalibration: PathBelow | None = None
    """File of the site's own intercept and slope for the ranking model, made by `copd-strat recalibrate` and
    signed off."""
    scorecards: Annotated[tuple[PathBelow, ...], Several] = ()
    """Files of the site's own models, made by `copd-strat train`; one ranks only where the policy names it."""
    gold_edition: Annotated[
        Literal["2023", "2026"],
        BeforeValidator(_quoted, json_schema_input_type=Literal["2023", "2026", 2023, 2026]),
    ] = "2023"
    """Edition of the GOLD ABE groups."""


class PathwaySettings(BaseModel):
    """Who goes where, and the key from which the references on lists are made."""

    model_config = STRICT

    policy: Annotated[Text, AfterValidator(_a_policy)] = "risk_and_rules"
    """A shipped policy's name or the path of the site's own, relative to the configuration."""
    reference_key_env: Text = "COPD_STRAT_REFERENCE_KEY"
    """Environment variable that holds the reference key."""
    reference_key_file: PathBelow | None = None
    """File that holds the reference key; then the variable must be empty."""
    allow_world_readable_key: bool = False
    """True where a key file that anybody on the machine may read is accepted all the same."""


class ListSettings(BaseModel):
    """What practices' lists show."""

    model_config = STRICT

    identity_check: Literal["age_sex", "none"] = "none"
    """`age_sex` shows age and sex, to check a person's identity with the practice's key sheet; only once the
    information governance lead agrees."""


# Comparisons of the run guard whose limits are no keys of the configuration (docs/decisions.md §61), and those with
# a count that may more than double, which no share of 1 allows.
LetThrough = Literal[
    "GRD02", "GRD03", "GRD08", "GRD09", "GRD11", "GRD12", "GRD13", "GRD14", "GRD15", "GRD16", "GRD19"
]


class GuardSettings(BaseModel):
    """Thresholds of the run guard, as shares; see docs/run-guard.md."""

    model_config = STRICT

    max_extract_age_days: Days = 45
    """GP data older than this stop the run."""
    max_rows_change: Share = 0.30
    """Change in a table's rows against the last run that stops the run, as a share."""
    max_patients_change: Share = 0.20
    """The same for patients."""
    max_disposition_change: Share = 0.50
    """Change in a disposition's size that stops the run."""
    min_month_share: Share = 0.50
    """A month with fewer events than this share of its usual volume stops the run."""
    let_through: Annotated[tuple[LetThrough, ...], Several] = ()
    """Comparisons that only warn tonight, such as `[GRD13]`; for a change that is meant."""


class HookSettings(BaseModel):
    """Commands of the site's that hear how a night ended. Each is a list of words, run without a shell; the
    night's folder is its last argument (docs/alerts.md)."""

    model_config = STRICT

    on_success: Annotated[tuple[Text, ...], Several] = ()
    """Given the published run's folder, such as `["/usr/local/bin/tell", "--quiet"]`."""
    on_failure: Annotated[tuple[Text, ...], Several] = ()
    """Given the folder with the verdict's page, or the output folder where there is none."""


class MonitoringSettings(BaseModel):
    """How far tonight's people and risks may be from the reference; chance alone never counts."""

    model_config = STRICT

    psi_warn: Ratio = 0.1
    """Stability index (PSI) of a feature or score, less what chance makes of it, above which a run warns."""
    psi_stop: Ratio = 0.5
    """The same, above which it stops."""
    missing_warn: Share = 0.1
    """Change in a feature's missing share that warns."""
    missing_stop: Share = 0.4
    """The same, above which the run stops."""
    tier_warn: Share = 0.1
    """Change in a disposition's share of the register that warns."""
    tier_stop: Share = 0.4
    """The same, above which the run stops."""
    oe_warn: Ratio = 1.25
    """Observed over expected (or its inverse) beyond which, with the whole interval, a run warns."""
    oe_stop: Ratio = 3.0
    """The same, beyond which it stops."""
    reference_since: date | None = None
    """A reference made before this day is made anew: for a change that was meant."""


class ProgrammeSettings(BaseModel):
    """What is asked of the clinic, fixed before anybody looks; the month's snapshot keeps what was asked then."""

    model_config = STRICT

    starts_on: date | None = None
    """The month of this day is the first whose places count; without it there is no evaluation."""
    outcome: Literal["any", "severe"] = "any"
    """Exacerbations that the clinic is meant to prevent."""
    bandwidth: Annotated[int, Field(ge=3, le=200)] = 12
    """Ranks on either side of a practice's last place that are compared."""
    smallest_effect: Annotated[float, Field(ge=0.01, le=0.99, allow_inf_nan=False)] = 0.3
    """Relative fall in a year that would matter; where only a larger one could be found, nothing is
    concluded."""

    @property
    def question(self) -> str | None:
        """All of it on one line, to be held against later; None where nothing is asked."""
        if self.starts_on is None:
            return None
        return (
            f"{self.outcome} exacerbations, places from {self.starts_on:%Y-%m}, {self.bandwidth} ranks, "
            f"a fall of {self.smallest_effect:g}"
        )


@cache
def charted_indicators() -> tuple[str, ...]:
    """Indicators whose control charts may have a target or an annotated change (docs/summary.md)."""
    table = files("copd_strat").joinpath("summary", "data", "indicators.csv")
    with table.open(encoding="utf-8") as stream:
        return tuple(row["indicator_id"] for row in DictReader(stream) if row["chart"] in ("season", "xmr"))


def _a_charted_indicator(name: str) -> str:
    if name not in charted_indicators():
        near = nearest(name, charted_indicators())
        raise PydanticCustomError("indicator", "no control chart of that indicator {near}", {"near": near})
    return name


Charted = Annotated[
    str, AfterValidator(_a_charted_indicator), WithJsonSchema({"enum": list(charted_indicators())})
]


class Target(BaseModel):
    """What the site wants an indicator to be; the control charts say whether the process as it is meets it."""

    model_config = STRICT

    indicator: Charted
    """Indicator with a control chart, such as `copd_reviews`."""
    value: Annotated[float, Field(ge=0, le=1_000_000_000, allow_inf_nan=False)]
    """The wanted value, in the indicator's unit and for one period."""
    period: Literal["month", "quarter", "year"] = "month"
    """The periods it holds for: networks show rare events by quarter or year, boards by month."""


class Rebase(BaseModel):
    """A change that people know of, from which a control chart begins anew. Nothing else ever moves its limits."""

    model_config = STRICT

    indicator: Charted
    """Indicator with a control chart."""
    since: date
    """First day of the change; the chart begins anew with the first period that starts then or later."""
    because: Text
    """What changed, in words that may be published; they stand under the chart."""
    organisation: Text | None = None
    """Code of the network, sub-ICB location or board whose chart it is; all without it."""


class SummarySettings(BaseModel):
    """What is published for commissioners."""

    model_config = STRICT

    suppression: Literal["hes", "opensafely"] = "hes"
    """Small-number rule."""
    months: Annotated[int, Field(ge=1, le=120)] = 48
    """Closed months of event history to publish, where the extracts hold them: an indicator with a season is
    judged from its third year on."""
    targets: Annotated[tuple[Target, ...], Several] = ()
    """Targets of control charts."""
    rebase: Annotated[tuple[Rebase, ...], Several] = ()
    """Known changes from which control charts begin anew."""


def _apart_from_output(publish: PublishSettings, info: ValidationInfo) -> PublishSettings:
    """Two audiences never share a folder: neither root lies in the other."""
    root, output = publish.commissioners, info.data.get("output")
    if root and output and (root.is_relative_to(output) or output.is_relative_to(root)):
        raise PydanticCustomError("roots", "commissioners and output must not lie in each other")
    return publish


class PublishSettings(BaseModel):
    """Where others than the site read."""

    model_config = STRICT

    commissioners: PathBelow | None = None
    """Folder of the commissioners' releases, outside `output`; readers follow its `current/`. Without it
    the release stands in the run's folder only."""


class Settings(BaseModel):
    """Everything a run is told, apart from the run date and the reference key."""

    model_config = STRICT

    title: Text
    """Name shown on the terminal, the report and the manifest."""
    synthetic: bool = False
    """True for people who do not exist: every output is labelled."""
    governance: Governance
    extracts: Annotated[tuple[ExtractSource, ...], Several, Field(min_length=1)]
    contracts: PathBelow | None = None
    """Folder of the data contracts, only for a site that keeps its own: the program brings them."""
    output: PathBelow
    """Folder of runs; readers follow its `CURRENT.json`."""
    publish: Annotated[PublishSettings, AfterValidator(_apart_from_output)] = PublishSettings()
    timezone: Annotated[Text, AfterValidator(_a_timezone)] = "Europe/London"
    """Moments with a zone become the local day of this time zone."""
    risk: RiskSettings
    clinical: ClinicalSettings = ClinicalSettings()
    pathways: PathwaySettings = PathwaySettings()
    lists: ListSettings = ListSettings()
    engine: EngineSettings = EngineSettings()
    guard: GuardSettings = GuardSettings()
    monitoring: MonitoringSettings = MonitoringSettings()
    programme: ProgrammeSettings = ProgrammeSettings()
    summary: SummarySettings = SummarySettings()
    hooks: HookSettings = HookSettings()
    retain_runs: Annotated[int, Field(ge=1, le=10_000)] = 30
    """Runs to keep; older ones are removed after publication."""


def load(path: Path) -> Settings:
    """Read ``path``; ConfigError lists every fault of the file at once, or says that anybody may write to it."""
    if path.is_file() and path.stat().st_mode & stat.S_IWOTH:
        raise ConfigError(
            f"{path}: anybody on this machine may write to the configuration, which says what is read and run",
            fix="take the right away with 'chmod o-w'",
        )
    return validated(
        Settings, read_yaml(path), file=path, what="configuration", page="configuration", base=path.parent
    )


def json_schema() -> dict[str, Any]:
    """The shape of a configuration as JSON Schema: editors complete and check keys by it."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **Settings.model_json_schema()}


def keys(kind: type[BaseModel] = Settings, prefix: str = "") -> Iterator[str]:
    """Every key a configuration may hold, in dotted form; ``[]`` marks a list's items."""
    for name, annotation in fields_of(kind).items():
        inner = next(models_in(annotation), None)
        if inner is None:
            yield f"{prefix}{name}"
        else:
            yield from keys(inner, f"{prefix}{name}{'' if inner is annotation else '[]'}.")


_DEEPEST = 100  # collections within collections; nothing here needs ten


class _PlainLoader(yaml.CSafeLoader):
    """A YAML loader that refuses a key given twice, and leaves as text what no type can hold."""

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        """Any value; one that YAML calls a date, a number or bytes without its being one stays text.

        The thirtieth of February, or a number of 5,000 digits, is then refused under its key.
        """
        try:
            return super().construct_object(node, deep=deep)
        except (ValueError, OverflowError):
            return str(node.value)


def _mapping_of_unique_keys(loader: yaml.CSafeLoader, node: yaml.MappingNode) -> dict[Any, Any]:
    seen: set[Any] = set()
    for key_node, _ in node.value:
        key = loader.construct_object(key_node)
        line = key_node.start_mark.line + 1
        if not isinstance(key, Hashable):
            raise ConfigError(f"line {line}: a key must be a word", fix="put brackets and braces in quotes")
        if key in seen:
            raise ConfigError(f"line {line}: the key '{key}' is given twice", fix="keep one of them")
        seen.add(key)
    return loader.construct_mapping(node, deep=True)


_PlainLoader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping_of_unique_keys)


def plain_yaml(text: str | TextIO) -> Any:
    """The content of a YAML text, dates that are none left as text; ConfigError for a key given twice.

    RecursionError for brackets within brackets without end, which the loader could not survive.
    """
    content = text if isinstance(text, str) else text.read()
    depth = 0
    for event in yaml.parse(content, Loader=yaml.CSafeLoader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST:
            raise RecursionError
    return yaml.load(content, Loader=_PlainLoader)  # noqa: S506 - derived from CSafeLoader


def read_yaml(path: Path) -> dict[str, Any]:
    """A YAML file as a mapping; ConfigError names the file (and line) if it is not one."""
    try:
        with path.open(encoding="utf-8") as stream:
            raw = plain_yaml(stream)
    except FileNotFoundError:
        raise ConfigError(
            f"{path}: no such file", fix="check the path, or make one with 'copd-strat init'"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"{path}: cannot be read ({type(error).__name__})", fix="check its permissions; it must be UTF-8"
        ) from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}" if mark else "unknown line"
        raise ConfigError(f"{path}: not valid YAML at {where}", fix="check indentation and quotes") from None
    except RecursionError:
        raise ConfigError(f"{path}: nested too deeply", fix="check brackets and braces") from None
    except ConfigError as error:
        raise ConfigError(f"{path}: {error.problem}", fix=error.fix) from None
    if not isinstance(raw, dict):
        raise ConfigError(f"{path}: expected 'key: value' lines at the top level")
    return raw
