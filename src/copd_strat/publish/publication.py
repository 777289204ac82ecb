"""A finished run folder becomes the published run, or the one that stands is confirmed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from copd_strat.errors import OutputError
from copd_strat.publish.folder import PublishedRun, RunFolder, write_errors
from copd_strat.publish.manifest import MANIFEST, SUMMARY, write_json, written_files
from copd_strat.publish.uninterrupted import uninterrupted

# What the terminal shows of a manifest.
_SHOWN = (
    "run_id",
    "title",
    "synthetic",
    "as_of",
    "index_date",
    "tables",
    "register",
    "dispositions",
    "warnings",
)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a night came to; ``summary`` is what the terminal shows, also kept as run_summary.json.

    ``unchanged``: nothing to do. ``repeated``: done again, and every file came out as it was published.
    """

    status: Literal["published", "unchanged", "repeated"]
    run_id: str
    path: Path
    summary: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Runs:
    """The run that is published now, and the one that tonight was compared with; None before the first."""

    published: PublishedRun | None
    previous: PublishedRun | None


def standing(run: PublishedRun, status: Literal["unchanged", "repeated"]) -> Outcome:
    """The published run stands."""
    summary = {"status": status, "run_id": run.run_id, "path": str(run.path)}
    return Outcome(status=status, run_id=run.run_id, path=run.path, summary=summary)


def publish_run(
    folder: RunFolder,
    partial: Path,
    manifest: Mapping[str, Any],
    timings: Mapping[str, Any],
    runs: Runs,
) -> Outcome:
    """Write summary and manifest, then make the run the current one, and drop what is no longer retained.

    A repeated run whose files came out the same is not published twice. OutputError if the run holds no
    verdict that says go.
    """
    if (partial / "work").exists():
        with write_errors(partial):  # what cannot be removed would be published: every row of the extracts
            shutil.rmtree(partial / "work")
    _require_verdict(partial)
    files, _ = written_files(partial)
    published = runs.published
    if published and published.manifest["key"] == manifest["key"] and published.manifest["files"] == files:
        return standing(published, "repeated")
    before = runs.previous.manifest if runs.previous else {}
    summary = {
        "status": "published",
        **{name: manifest[name] for name in _SHOWN},
        "register_before": before.get("register"),
        "dispositions_before": before.get("dispositions", {}),
        **timings,
    }
    write_json(partial / SUMMARY, summary)
    files, timed = written_files(partial)
    content = dict(manifest) | {"files": files, "timed_files": timed} | dict(timings)
    digest = write_json(partial / MANIFEST, content)
    with uninterrupted():
        path = folder.publish(partial, manifest["run_id"], digest)
        folder.purge(manifest["settings"]["retain_runs"])
    places = {"run": path, "lists": path / "direct_care", "summary": path / "summary"}
    places |= {"report": path / "report.html", "verdict": path / "quality" / "validation.html"}
    shown = {name: str(place) for name, place in places.items() if place.exists()}
    return Outcome(
        status="published", run_id=manifest["run_id"], path=path, summary=summary | {"places": shown}
    )


def _require_verdict(partial: Path) -> None:
    """No run without its verdict: a page that was never written must not pass for one without faults."""
    record = partial / "quality" / "validation.json"
    try:
        success = json.loads(record.read_text(encoding="utf-8"))["success"]
    except (OSError, ValueError, KeyError):
        success = None
    if success is not True:
        found = "holds no verdict" if success is None else "holds a verdict that says stop"
        raise OutputError(
            f"the run {found} (quality/{record.name})",
            fix="this is a fault of the program: nothing was published; please report it",
        )
