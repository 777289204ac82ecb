"""The whole night on one page: each step's tables enter the next, and nothing is published before the end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from copd_strat import publish
from copd_strat.evaluation.own_ranking import own_ranking
from copd_strat.night_steps import open_night
from copd_strat.plan import Plan
from copd_strat.progress import Narrator
from copd_strat.quality import Verdict

READING = ("controls", "ingest", "validate", "clinical facts")
STEPS = (*READING, "risk", "pathways", "monitoring", "follow-up", "lists", "summary and report", "publish")


def nightly(planned: Plan, narrator: Narrator, spark: Any = None) -> publish.Outcome:
    """Run the planned night and publish it; any error leaves the last published run in place.

    The caller holds the output folder's lock since before the plan was made. ``spark``: a session to work out the
    clinical facts.
    """
    folder, root = publish.RunFolder(planned.settings.output), planned.settings.publish.commissioners
    if planned.unchanged and planned.published:
        folder.make_up(planned.settings.retain_runs)
        publish.release(root, planned.published.path, planned.published.manifest["release"])
        return publish.standing(planned.published, "unchanged")
    own = own_ranking(planned.policy, planned.settings)
    with folder.staged(planned.run_id) as staged:
        with open_night(planned, staged, narrator, spark) as night:
            night.controls()
            night.validate(night.ingest())
            facts, features = night.clinical_facts()
            scored = night.risk(features, own)
            placed = night.pathways(features, scored)
            night.monitoring(facts, placed)
            due = night.follow_up(facts, placed)
            night.lists(facts, placed, due)
            manifest = night.summary_and_report(facts, placed)
        with narrator.step("publish") as step:
            planned.require_same_inputs()
            step.found = {"run": planned.run_id, "warnings": len(night.verdict.verdict.warnings)}
            runs = publish.Runs(published=planned.published, previous=planned.previous)
            outcome = publish.publish_run(folder, staged, manifest, narrator.timings, runs)
        publish.release(root, outcome.path, manifest["release"])
        return outcome


@dataclass(frozen=True, kw_only=True)
class Validated:
    """Extracts that a night would go on from: rows by table, the verdict, and the folder of its page."""

    tables: Mapping[str, Mapping[str, int]]
    verdict: Verdict
    folder: Path


def validate(planned: Plan, narrator: Narrator) -> Validated:
    """What a night does before it scores anybody, by the same steps; nothing is published."""
    folder = publish.RunFolder(planned.settings.output)
    with folder.staged(planned.run_id) as staged:
        with open_night(planned, staged, narrator) as night:
            night.controls()
            night.validate(night.ingest())
            night.clinical_facts()
        tables = publish.compose(*night.record)["tables"]
        kept = folder.keep_quality(staged, "validation")
        return Validated(tables=tables, verdict=night.verdict.verdict, folder=kept)
