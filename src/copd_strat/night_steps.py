"""The steps of a night, in the order in which ``run.py`` takes them: each calls one room and has it judged."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from copd_strat import clinical, codelists, control_people, extracts, followup, lists, pathways, publish
from copd_strat.contracts.part_files import PartFiles
from copd_strat.engine import Engine, SqlEngine, facts_engine
from copd_strat.evaluation.night_monitoring import monitor
from copd_strat.extracts.part_store import FOLDER, PartStore, remove_store
from copd_strat.extracts.receipts import Ingested
from copd_strat.pathways import Placement
from copd_strat.plan import Plan
from copd_strat.progress import Narrator
from copd_strat.quality import Validation, kept_figures, share_known
from copd_strat.report import write_report
from copd_strat.risk.own_model import OwnModel
from copd_strat.risk.register_parts import ScoredRegister, score_parts
from copd_strat.summary.indicator_events import count_events
from copd_strat.summary.summarise import SNAPSHOT_COLUMNS, months_to_count, write_summary


@contextmanager
def open_night(planned: Plan, staged: Path, narrator: Narrator, spark: Any = None) -> Iterator[NightSteps]:
    """A night with its engines open; however it ends, its verdict's page is written.

    ``spark``: a session that is to work out the clinical facts, whatever the settings say.
    """
    work, last = staged / "work", kept_figures(planned.last_figures)
    with (
        Engine.open(planned.settings.engine, work / "spill") as engine,
        facts_engine(engine, planned.settings.engine, work / "spark", spark) as fact_engine,
        Validation(staged / "quality", planned.settings, planned.heading, last) as verdict,
    ):
        yield NightSteps(
            planned=planned,
            staged=staged,
            narrator=narrator,
            engine=engine,
            fact_engine=fact_engine,
            verdict=verdict,
        )


@dataclass(kw_only=True)
class NightSteps:
    """A night under way. ``record`` collects what each room gives the manifest.

    ``engine`` has the extracts and what later rooms read; ``fact_engine``, the same or Spark, the clinical facts.
    """

    planned: Plan
    staged: Path
    narrator: Narrator
    engine: Engine
    fact_engine: SqlEngine
    verdict: Validation
    record: list[Mapping[str, Any]] = field(default_factory=list)

    def controls(self) -> None:
        """Invented people with known answers, through the program that is about to be used."""
        with self.narrator.step("controls") as step:
            found = control_people.departures(self.staged / "work" / "controls")
            self.verdict.controls(found)
            step.found = {"departures": len(found)}

    def ingest(self) -> Ingested:
        """Extracts into canonical relations, each row accepted or set aside."""
        planned, store = self.planned, self._store()
        with self.narrator.step("ingest") as step:
            ingested = extracts.ingest_sources(
                self.engine,
                planned.settings.extracts,
                planned.contracts,
                inputs=[source.inputs for source in planned.sources],
                zone=planned.settings.timezone,
                work=self.staged / "work",
                quality=self.staged / "quality",
                as_of=planned.as_of,
                store=store,
            )
            reused = {"files not parsed again": store.reused} if store and store.reused else {}
            step.found = ingested.sums | reused
        self.record.append(ingested.record())
        return ingested

    def _store(self) -> PartStore | None:
        """The store of part files, whose lock the caller of the night holds; taken away if none is wanted."""
        planned = self.planned
        if not planned.night.store:
            remove_store(planned.settings.output)
            return None
        return PartStore(
            folder=planned.settings.output / FOLDER,
            key=planned.reference_key,
            program=planned.parts["program"],
            say=self.narrator.say,
        )

    def validate(self, ingested: Ingested) -> None:
        """The verdict on what came in."""
        with self.narrator.step("validate") as step:
            self.verdict.extracts(self.engine, ingested)
            step.found = {"warnings": len(self.verdict.verdict.warnings)}

    def clinical_facts(self) -> tuple[clinical.ClinicalFacts, PartFiles]:
        """Canonical relations into facts about people: the register, and one row a patient, by batch."""
        engine, planned, settings = self.engine, self.planned, self.planned.settings
        with self.narrator.step("clinical facts") as step:
            used = codelists.load(engine, settings.clinical.codelists)
            there = self.fact_engine
            there.take(engine, *clinical.NEEDED)
            facts = clinical.build(there, settings.clinical, as_of=planned.as_of, index=planned.night.index)
            planned.require_fresh_opt_outs(facts.index_date)
            matches = codelists.check_matches(there)
            there.bring(engine, *clinical.FOR_LATER_ROOMS)
            self.verdict.codes(engine, matches)
            batches = pathways.practice_batches(engine, planned.policy.capacity)
            features = clinical.features_in_parts(engine, self.staged / "work" / "features", batches)
            self.verdict.facts(engine, facts, features, planned.previous_path)
            step.found = {
                "register": facts.register_size,
                "index date": facts.index_date,
                "codes": share_known(matches),
            }
        self.record += [codelists.record(used, matches), facts.record()]
        return facts, features

    def risk(self, features: PartFiles, own: OwnModel | None = None) -> ScoredRegister:
        """One row a patient into risk, status and reasons, by the site's ``own`` model where it ranks."""
        with self.narrator.step("risk") as step:
            # reasons follow what ranks; a policy that ranks nobody by risk shows them for severe
            ranks_by = self.planned.policy.ranking.rank_by or "severe"
            settings, work = self.planned.settings.risk, self.staged / "work"
            scored = score_parts(features, settings, work, explained=ranks_by, own=own)
            self.verdict.parts("scores", scored.scores)
            step.found = dict(scored.statuses)
        self.record.append(scored.record())
        return scored

    def pathways(self, features: PartFiles, scored: ScoredRegister) -> Placement:
        """Facts, risk and the policy into one disposition a patient."""
        planned = self.planned
        with self.narrator.step("pathways") as step:
            placed = pathways.assign_register(
                self.engine,
                features,
                scored,
                policy=planned.policy,
                key=planned.reference_key,
                as_of=planned.as_of,
                previous=planned.previous_path,
                work=self.staged / "work",
            )
            self.verdict.dispositions(placed.dispositions, placed.refused_answers)
            self.verdict.parts("dispositions", placed.patients)
            before = planned.previous_path
            last = pathways.last_dispositions(before) if before else None
            self.verdict.places(self.engine, placed, planned.policy, last)
            placed.write_tables(self.engine, self.staged)
            step.found = placed.dispositions
        return placed

    def monitoring(self, facts: clinical.ClinicalFacts, placed: Placement) -> None:
        """Are these the people, and is this the risk, that the model was tried on?"""
        planned = self.planned
        with self.narrator.step("monitoring") as step:
            found = monitor(
                self.engine,
                facts,
                placed,
                planned.settings,
                policy=planned.policy,
                previous=planned.previous_path,
                last=planned.last_monitoring,
                root=self.staged,
            )
            self.verdict.monitoring(found.findings, found.sections)
            step.found = {"warnings": len(found.findings), **found.figures}
        self.record.append(found.record())

    def follow_up(self, facts: clinical.ClinicalFacts, placed: Placement) -> followup.Worklist:
        """What is due after exacerbations: nothing here changes a disposition."""
        planned = self.planned
        with self.narrator.step("follow-up") as step:
            found = followup.worklist(
                self.engine,
                placed.frame(*followup.FACTS),
                policy=planned.policy.follow_up,
                as_of=planned.as_of,
                facts=facts.unobservable,
                previous=planned.previous_path,
            )
            self.verdict.table("follow_up", found.duties)
            found.write_tables(self.staged)
            halves = followup.programme_pages(self.engine, placed, planned.as_of, facts.hospital_complete_to)
            halves.write(self.staged, planned.stamp(facts.index_date, placed.scored.model))
            step.found = {"lines": len(found.lines), "today": int(found.lines["today"].sum())}
        self.record += [found.record(), halves.record()]
        return found

    def lists(self, facts: clinical.ClinicalFacts, placed: Placement, found: followup.Worklist) -> None:
        """The practices' lists and worklists, counted back from what was written."""
        planned = self.planned
        with self.narrator.step("lists") as step:
            stamp = planned.stamp(facts.index_date, placed.scored.model)
            written = lists.write_register(
                self.engine, self.staged, placed, planned.policy, stamp, planned.settings.lists
            )
            worklists = lists.write_worklists(self.engine, self.staged, found, stamp)
            self.verdict.lists(facts.register_size, placed.dispositions, placed.listed, written.rows)
            step.found = {"files": len(written.files) + len(worklists), "practices": len(written.rows)}
        written = written.with_files(worklists)
        self.record += [planned.record(stamp), placed.record(), written.record(self.staged)]

    def summary_and_report(self, facts: clinical.ClinicalFacts, placed: Placement) -> dict[str, Any]:
        """The commissioners' release; gives the manifest, complete but for files and times."""
        planned, before = self.planned, self.planned.previous_path
        with self.narrator.step("summary and report") as step:
            stamp = planned.stamp(facts.index_date, placed.scored.model)
            months = months_to_count(before, planned.settings.summary, facts.complete_to)
            clinical.build_monthly(self.fact_engine, months)
            self.fact_engine.bring(self.engine, "monthly_register")
            self.engine.register_frame("list_decisions", placed.usable_decisions)
            count_events(self.engine, months)
            summary = write_summary(
                self.staged,
                self.engine,
                placed.frame(*SNAPSHOT_COLUMNS, *placed.sharing),
                before,
                planned.settings.summary,
                stamp,
                complete_to=facts.complete_to,
                capacity=planned.policy.capacity,
                hidden_facts=facts.unobservable,
            )
            self.verdict.published(self.engine, summary.frames)
            manifest = publish.compose(*self.record, summary.record(), self.verdict.record())
            page = self.staged / "report.html"
            if summary.carried:
                shutil.copyfile(summary.carried / page.name, page)
            else:
                write_report(page, stamp=stamp, facts=summary.frames, manifest=manifest)
            step.found = summary.counts
        return manifest | {"release": publish.release_record(self.staged, summary.order)}
