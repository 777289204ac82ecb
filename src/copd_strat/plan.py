"""What a night would do and why, worked out from content before anything is read into the engine."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from copd_strat import __version__
from copd_strat.config import ExtractSource, Settings
from copd_strat.contracts.contract_files import packaged
from copd_strat.errors import ConfigError, InputError, RunGuardError
from copd_strat.extracts.inventory import InputFile, inventory, require_unchanged, single_file
from copd_strat.file_permissions import check_inputs
from copd_strat.pathways.policy import Policy
from copd_strat.pathways.policy_files import load_policy
from copd_strat.pathways.reference_keys import fingerprint, key_change, named_key, reference_key
from copd_strat.publish import PublishedRun, RunFolder, content_key
from copd_strat.publish.approval import check_approval, check_opt_outs
from copd_strat.publish.content import code_hash, sha256_of

# Commands of a night: the run, and its rehearsal.
NIGHTLY = ("run", "validate")


@dataclass(frozen=True, kw_only=True)
class RunStamp:
    """The run's identity, on everything it writes: the same for the same inputs, since content makes it.

    ``as_of`` is the run date; ``index_date`` the end of the look-back windows; ``policy`` and
    ``model`` are names with version; ``synthetic`` marks data of people who do not exist.
    """

    run_id: str
    as_of: date
    index_date: date
    policy: str
    model: str
    synthetic: bool
    title: str


@dataclass(frozen=True, kw_only=True)
class Night:
    """What one run is told: the settings, the run date, the index date if it is given.

    ``rotate_key_from`` names the file or environment variable that holds the reference key of the last run;
    ``command`` is what reads the extracts: ``run``, ``validate``, or one that asks something else of them.
    ``check_again`` is the command that tells whether the night would go on, once what stopped it is put right.
    Without ``store`` every file is parsed, and the store of part files is taken away.
    """

    settings: Settings
    as_of: date
    index: date | None = None
    force: bool = False
    rotate_key_from: str | None = None
    command: str = "run"
    check_again: str = ""
    store: bool = True


@dataclass(frozen=True, kw_only=True)
class SourcePlan:
    """One extract folder and the files found in it."""

    layout: str
    path: Path
    inputs: tuple[InputFile, ...]

    @property
    def files(self) -> int:
        return len(self.inputs)

    @property
    def megabytes(self) -> float:
        return sum(item.bytes for item in self.inputs) / 1e6


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The run to make: ``parts`` hash everything it depends on, ``reasons`` say what is new in them.

    ``published`` is the run that readers see now; ``previous`` the one that tonight is compared with, None on
    the first night. Both are whole: every file was held against its hash. ``last_figures`` and
    ``last_monitoring`` are the previous run's, for guard and monitoring, empty on the first night.
    ``beside`` are the files that the night reads besides the extracts, as they were before it began.
    ``key_change`` says what a new reference key means, and is empty for the same one.
    """

    night: Night
    run_id: str
    key: str
    parts: dict[str, str]
    reasons: tuple[str, ...]
    sources: tuple[SourcePlan, ...]
    beside: tuple[InputFile, ...]
    policy: Policy
    reference_key: bytes = field(repr=False)
    key_change: str
    published: PublishedRun | None
    previous: PublishedRun | None
    last_figures: Mapping[str, Any]
    last_monitoring: Mapping[str, Any]

    @property
    def settings(self) -> Settings:
        return self.night.settings

    @property
    def as_of(self) -> date:
        return self.night.as_of

    @property
    def contracts(self) -> Path:
        """The folder of the data contracts: the site's own, or those that come with the program."""
        return self.settings.contracts or packaged()

    @property
    def unchanged(self) -> bool:
        """Whether the published run has been made of all this already, and nobody asked for it again."""
        return (
            self.published is not None and self.published.manifest["key"] == self.key and not self.night.force
        )

    @property
    def previous_path(self) -> Path | None:
        return self.previous.path if self.previous else None

    @property
    def heading(self) -> dict[str, str]:
        """Whose night it is, for the verdict's page; what is no night has no run."""
        settings, night = self.night.settings, self.night
        return {
            "run_id": self.run_id if night.command in NIGHTLY else "",
            "command": night.command,
            "title": settings.title,
            "as_of": night.as_of.isoformat(),
            "then": night.check_again,
        }

    @property
    def failed(self) -> str:
        """The folder below the output that keeps the page of what stopped: a night's is the night's alone."""
        return "failed" if self.night.command in NIGHTLY else f"failed_{self.night.command}"

    def require_fresh_opt_outs(self, index_date: date) -> None:
        """ApprovalError if national opt-outs were applied too long before the extract's last day."""
        check_opt_outs(self.settings.governance, index=index_date)

    def stamp(self, index_date: date, model: str) -> RunStamp:
        return RunStamp(
            run_id=self.run_id,
            as_of=self.as_of,
            index_date=index_date,
            policy=self.policy.label,
            model=model,
            synthetic=self.settings.synthetic,
            title=self.settings.title,
        )

    def record(self, stamp: RunStamp) -> dict[str, Any]:
        """What the manifest keeps."""
        return dataclasses.asdict(stamp) | {
            "governance": self.settings.governance.model_dump(mode="json"),
            "settings": self.settings.model_dump(mode="json"),
            "key": self.key,
            "parts": self.parts,
            "reference_key": fingerprint(self.reference_key),
            "previous": self.previous.path.name if self.previous else None,
        }

    def has_extracts_of(self, run: PublishedRun) -> bool:
        """Whether ``run`` was made from tonight's extracts, read in the same way by the same program."""
        names = [_part_name(number, source) for number, source in enumerate(self.sources)]
        names += ["configuration and policy", "data contracts", "program"]
        return all(run.manifest["parts"].get(name) == self.parts[name] for name in names)

    def require_same_inputs(self) -> None:
        """After the last read: InputError unless every file is still the one that was hashed."""
        require_unchanged(item for source in self.sources for item in source.inputs)
        require_unchanged(self.beside)


def plan(night: Night) -> Plan:
    """The night's plan; errors of approval, configuration, policy and inputs come out here, first of all."""
    settings = night.settings
    check_approval(settings.governance, as_of=night.as_of)
    check_inputs(settings)
    beside = _beside(settings)  # before the first of them is read
    policy, secret = load_policy(settings.pathways.policy), reference_key(settings.pathways)
    folder = RunFolder(settings.output)
    published = folder.intact_current()
    refuse_going_back(night, published)
    old = named_key(night.rotate_key_from) if night.rotate_key_from else None
    last_key = published.manifest["reference_key"] if published else None
    changed = key_change(last_key, secret, old)
    sources = tuple(_source(source) for source in settings.extracts)
    parts = _parts(night, sources, policy, secret)
    key = content_key(parts)
    previous = _previous(folder, published, key)
    return Plan(
        night=night,
        run_id=f"{night.as_of:%Y%m%d}-{key[:8]}",
        key=key,
        parts=parts,
        reasons=_reasons(parts, sources, published, night.force),
        sources=sources,
        beside=beside,
        policy=policy,
        reference_key=secret,
        key_change=changed,
        published=published,
        previous=previous,
        last_figures=previous.manifest["guard"] if previous else {},
        last_monitoring=previous.manifest["monitoring"]["reference"] if previous else {},
    )


def _beside(settings: Settings) -> tuple[InputFile, ...]:
    """Contracts, code lists, policy and models; one that is not there is told by the room that reads it."""
    for path in settings.clinical.codelists:
        if not path.is_file():
            raise ConfigError(
                f"{path}: no such code list", fix="check clinical.codelists in the configuration"
            )
    own = [*settings.clinical.codelists, *settings.risk.scorecards, settings.risk.recalibration]
    own += [Path(settings.pathways.policy)] if Path(settings.pathways.policy).suffix else []
    contracts = inventory(settings.contracts or packaged())
    return (*contracts, *(single_file(path) for path in own if path is not None and path.is_file()))


def sources_of_run(settings: Settings, run: PublishedRun) -> tuple[SourcePlan, ...]:
    """The extracts that ``run`` was made from; InputError unless they lie there as they were then."""
    sources = tuple(_source(source) for source in settings.extracts)
    before = run.manifest["parts"]
    for number, source in enumerate(sources):
        name = _part_name(number, source)
        if before.get(name) != content_key({name: _extract_part(settings, number, source)}):
            raise InputError(
                f"{source.path}: these are not the extracts of run {run.run_id}",
                fix="put the extracts of that run there, or run the night on these first",
            )
    return sources


def _extract_part(settings: Settings, number: int, source: SourcePlan) -> list[Any]:
    """What a run knows of one source: how it is read, and what is in its files."""
    return [settings.extracts[number].model_dump(exclude={"path"}), [item.content for item in source.inputs]]


def _source(source: ExtractSource) -> SourcePlan:
    return SourcePlan(layout=source.layout, path=source.path, inputs=inventory(source.path))


def _parts(night: Night, sources: tuple[SourcePlan, ...], policy: Policy, secret: bytes) -> dict[str, str]:
    """Every input of a run by name, each as a hash: what differs is the reason to run."""
    settings = night.settings
    # Where things lie, how much memory they may use and who is told does not change a result.
    beside = {"output", "publish", "contracts", "extracts", "engine", "pathways", "hooks"}
    without_places = settings.model_dump(exclude=beside)
    without_places["policy"] = policy.model_dump()
    without_places["clinical"]["codelists"] = [sha256_of(path) for path in settings.clinical.codelists]
    without_places["risk"] |= _contents_of_models(settings)
    parts: dict[str, Any] = {
        _part_name(number, source): _extract_part(settings, number, source)
        for number, source in enumerate(sources)
    }
    parts |= {
        "configuration and policy": without_places,
        "data contracts": [item.content for item in inventory(settings.contracts or packaged())],
        "reference key": fingerprint(secret),
        "run date": night.as_of,
        "index date given": night.index,
        "program": [__version__, code_hash()],
    }
    return {name: content_key({name: part}) for name, part in parts.items()}


def _contents_of_models(settings: Settings) -> dict[str, Any]:
    """The site's own figures by content; one that is not there is told by the room that reads it."""
    level = settings.risk.recalibration
    return {
        "recalibration": sha256_of(level) if level and level.is_file() else None,
        "scorecards": [sha256_of(path) for path in settings.risk.scorecards if path.is_file()],
    }


def _part_name(number: int, source: SourcePlan) -> str:
    """Numbered, not named by its path: a moved folder with the same files is no reason to run."""
    return f"extracts of {source.layout} ({number})"


def _reasons(
    parts: dict[str, str], sources: tuple[SourcePlan, ...], published: PublishedRun | None, force: bool
) -> tuple[str, ...]:
    if published is None:
        return ("nothing has been published here yet",)
    before = published.manifest["parts"]
    paths = {_part_name(number, source): f" in {source.path}" for number, source in enumerate(sources)}
    changed = [name for name in parts if before.get(name) != parts[name]]
    gone = [name for name in before if name not in parts]
    reasons = [
        f"changed since run {published.run_id}: {name}{paths.get(name, '')}" for name in changed + gone
    ]
    if not reasons:
        reasons = [
            "you asked for it (--force); nothing has changed"
            if force
            else f"nothing has changed since run {published.run_id}"
        ]
    return tuple(reasons)


def _previous(folder: RunFolder, published: PublishedRun | None, key: str) -> PublishedRun | None:
    """The run to compare with: the published one, or, when that one is repeated, its own predecessor."""
    if published is None or published.manifest["key"] != key:
        return published
    name = published.manifest["previous"]
    return folder.intact_run(name) if name else None


def refuse_going_back(night: Night, published: PublishedRun | None) -> None:
    """RunGuardError for a run date before the published run's, unless it is forced."""
    if published is None or night.force or night.as_of >= date.fromisoformat(published.manifest["as_of"]):
        return
    last = published.manifest["as_of"]
    other = (
        "--force to publish it all the same" if night.command == "run" else f"give --as-of {last} or later"
    )
    raise RunGuardError(
        f"--as-of {night.as_of} lies before the published run's date {last}",
        fix=f"use another output folder for a past date, or {other}",
    )
