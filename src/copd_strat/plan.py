"""What a night would do and why, worked out from content before anything is read into the engine."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from copd_strat import __version__
from copd_strat.config import ExtractSource, Settings
from copd_strat.errors import RunGuardError
from copd_strat.pathways import fingerprint, load_policy, reference_key
from copd_strat.publish import Current, InputFile, RunFolder, content_key, inventory
from copd_strat.publish.approval import check_approval
from copd_strat.publish.content import code_hash, sha256_of


@dataclass(frozen=True, kw_only=True)
class Night:
    """What one run is told: the settings, the run date, the index date if it is given."""

    settings: Settings
    as_of: date
    index: date | None = None
    force: bool = False


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

    ``previous`` is the run that tonight is compared with, None on the first night.
    """

    run_id: str
    key: str
    parts: dict[str, str]
    reasons: tuple[str, ...]
    sources: tuple[SourcePlan, ...]
    output: Path
    published: Current | None
    previous: Current | None

    @property
    def unchanged(self) -> bool:
        return self.published is not None and self.published.manifest["key"] == self.key


def plan(night: Night) -> Plan:
    """The night's plan; errors of approval, configuration, policy and inputs come out here, first of all."""
    settings = night.settings
    check_approval(settings.governance, as_of=night.as_of, index=night.index)
    sources = tuple(_source(source) for source in settings.extracts)
    parts = _parts(night, sources)
    key = content_key(parts)
    folder = RunFolder(settings.output)
    published = folder.current()
    _refuse_going_back(night, published)
    return Plan(
        run_id=f"{night.as_of:%Y%m%d}-{key[:8]}",
        key=key,
        parts=parts,
        reasons=_reasons(parts, published, night.force),
        sources=sources,
        output=settings.output,
        published=published,
        previous=_previous(folder, published, key),
    )


def _source(source: ExtractSource) -> SourcePlan:
    return SourcePlan(layout=source.layout, path=source.path, inputs=inventory(source.path))


def _parts(night: Night, sources: tuple[SourcePlan, ...]) -> dict[str, str]:
    """Every input of a run by name, each as a hash: what differs is the reason to run."""
    settings = night.settings
    # Where things lie and how much memory they may use does not change a result.
    without_places = dataclasses.asdict(
        dataclasses.replace(
            settings, output=Path(), contracts=Path(), extracts=(), engine=type(settings.engine)()
        )
    )
    without_places["pathways"] = {"policy": repr(load_policy(settings.pathways.policy))}
    without_places["clinical"]["codelists"] = [sha256_of(path) for path in settings.clinical.codelists]
    parts: dict[str, Any] = {
        f"extracts of {source.layout} ({number})": [
            source.layout,
            settings.extracts[number].care,
            source.inputs,
        ]
        for number, source in enumerate(sources)
    }
    parts |= {
        "configuration and policy": without_places,
        "data contracts": inventory(settings.contracts),
        "reference key": fingerprint(reference_key(settings.pathways)),
        "run date": night.as_of,
        "index date given": night.index,
        "program": [__version__, code_hash()],
    }
    return {name: content_key({name: part}) for name, part in parts.items()}


def _reasons(parts: dict[str, str], published: Current | None, force: bool) -> tuple[str, ...]:
    if published is None:
        return ("nothing has been published here yet",)
    before = published.manifest["parts"]
    changed = [name for name in parts if before.get(name) != parts[name]]
    gone = [name for name in before if name not in parts]
    reasons = [f"changed since run {published.run_id}: {name}" for name in changed + gone]
    if not reasons:
        reasons = [
            "you asked for it (--force); nothing has changed" if force else "nothing: nothing has changed"
        ]
    return tuple(reasons)


def _previous(folder: RunFolder, published: Current | None, key: str) -> Current | None:
    """The run to compare with: the published one, or, when that one is repeated, its own predecessor."""
    if published is None or published.manifest["key"] != key:
        return published
    name = published.manifest["previous"]
    kept = {run.path.name: run for run in folder.runs()}
    return kept.get(name) if name else None


def _refuse_going_back(night: Night, published: Current | None) -> None:
    if published is None or night.force or night.as_of >= date.fromisoformat(published.manifest["as_of"]):
        return
    raise RunGuardError(
        f"--as-of {night.as_of} lies before the published run's date {published.manifest['as_of']}",
        fix="use another output folder for a past date, or --force to publish it all the same",
    )
