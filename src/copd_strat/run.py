"""The whole night on one page: each step's tables enter the next, and nothing is published before the end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from copd_strat import clinical, codelists, extracts, lists, pathways, publish
from copd_strat.engine import Engine
from copd_strat.plan import Plan
from copd_strat.progress import Narrator
from copd_strat.quality import Validation, Verdict, share_known
from copd_strat.report import write_report
from copd_strat.risk import register as risk
from copd_strat.summary.indicator_events import count_events
from copd_strat.summary.summarise import months_to_count, write_summary

READING = ("ingest", "validate", "clinical facts")
STEPS = (*READING, "risk", "pathways", "lists", "summary and report", "publish")


def nightly(planned: Plan, narrator: Narrator) -> publish.Outcome:
    """Run the planned night and publish it; any error leaves the last published run in place.

    The caller holds the output folder's lock since before the plan was made.
    """
    if planned.unchanged and planned.published:
        return publish.standing(planned.published, "unchanged")
    folder = publish.RunFolder(planned.settings.output)
    with folder.staged(planned.run_id) as staged:
        with _night(planned, staged, narrator) as night:
            facts, features = night.read()
            placed = night.place(facts, features)
            manifest = night.write(facts, placed)
        with narrator.step("publish") as step:
            planned.require_same_inputs()
            step.found = {"run": planned.run_id}
            runs = publish.Runs(published=planned.published, previous=planned.previous)
            return publish.publish_run(folder, staged, manifest, narrator.timings, runs)


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
        with _night(planned, staged, narrator) as night:
            night.read()
        tables = publish.compose(*night.record)["tables"]
        kept = folder.keep_quality(staged, "validation")
        return Validated(tables=tables, verdict=night.verdict.verdict, folder=kept)


@contextmanager
def _night(planned: Plan, staged: Path, narrator: Narrator) -> Iterator[_Night]:
    """A night with an open engine; however it ends, its verdict's page is written."""
    with (
        Engine.open(planned.settings.engine, staged / "work" / "spill") as engine,
        Validation(staged / "quality", planned.settings, planned.heading, planned.last_figures) as verdict,
    ):
        yield _Night(planned=planned, staged=staged, narrator=narrator, engine=engine, verdict=verdict)


@dataclass(kw_only=True)
class _Night:
    """A night under way. ``record`` collects what each room gives the manifest."""

    planned: Plan
    staged: Path
    narrator: Narrator
    engine: Engine
    verdict: Validation
    record: list[Mapping[str, Any]] = field(default_factory=list)

    def read(self) -> tuple[clinical.ClinicalFacts, pd.DataFrame]:
        """Extracts into facts about people: the register, and one row a patient."""
        engine, verdict, planned = self.engine, self.verdict, self.planned
        settings, as_of = planned.settings, planned.as_of
        with self.narrator.step("ingest") as step:
            landing = extracts.ingest_sources(
                engine,
                settings.extracts,
                planned.contracts,
                inputs=[source.inputs for source in planned.sources],
                zone=settings.timezone,
                work=self.staged / "work",
                quality=self.staged / "quality",
                as_of=as_of,
            )
            step.found = landing.sums
        with self.narrator.step("validate") as step:
            verdict.extracts(engine, landing)
            step.found = {"warnings": len(verdict.verdict.warnings)}
        with self.narrator.step("clinical facts") as step:
            used = codelists.load(engine, settings.clinical.codelists)
            facts = clinical.build(engine, settings.clinical, as_of=as_of, index=planned.night.index)
            planned.require_fresh_opt_outs(facts.index_date)
            matches = codelists.check_matches(engine)
            features = clinical.feature_table(engine)
            verdict.codes(engine, matches)
            verdict.facts(facts, features)
            step.found = {
                "register": facts.register_size,
                "index date": facts.index_date,
                "codes": share_known(matches),
            }
        self.record += [landing.record(), codelists.record(used, matches), facts.record()]
        return facts, features

    def place(self, facts: clinical.ClinicalFacts, features: pd.DataFrame) -> pathways.Placement:
        """Risk, then one disposition a patient, written to the practices' lists."""
        planned, verdict = self.planned, self.verdict
        with self.narrator.step("risk") as step:
            scored = risk.score_register(features, planned.settings.risk)
            verdict.table("scores", scored.scores)
            step.found = scored.statuses
        with self.narrator.step("pathways") as step:
            placed = pathways.assign_register(
                self.engine,
                features,
                scored,
                policy=planned.policy,
                key=planned.reference_key,
                as_of=planned.as_of,
                previous=planned.previous_path,
            )
            verdict.dispositions(placed.dispositions, placed.refused_answers)
            verdict.table("dispositions", placed.patients)
            placed.write_tables(self.engine, self.staged)
            step.found = placed.dispositions
        with self.narrator.step("lists") as step:
            stamp = planned.stamp(facts.index_date, scored.model)
            written = lists.write_register(self.engine, self.staged, placed, stamp, planned.settings.lists)
            verdict.lists(facts.register_size, placed.dispositions, placed.listed, written.rows)
            step.found = {"files": len(written.files), "practices": len(written.rows)}
        self.record += [planned.record(stamp), placed.record(), written.record(self.staged)]
        return placed

    def write(self, facts: clinical.ClinicalFacts, placed: pathways.Placement) -> dict[str, Any]:
        """The commissioners' tables and report; gives the manifest, complete but for files and times."""
        planned = self.planned
        with self.narrator.step("summary and report") as step:
            stamp = planned.stamp(facts.index_date, placed.scored.model)
            before, settings = planned.previous_path, planned.settings.summary
            months = months_to_count(before, settings, facts.complete_to)
            clinical.build_monthly(self.engine, months)
            count_events(self.engine, months)
            summary = write_summary(
                self.staged,
                self.engine,
                placed.patients,
                before,
                settings,
                stamp,
                complete_to=facts.complete_to,
            )
            self.verdict.published(summary.frames)
            manifest = publish.compose(*self.record, summary.record(), self.verdict.record())
            write_report(self.staged / "report.html", stamp=stamp, facts=summary.frames, manifest=manifest)
            step.found = summary.counts
        return manifest
