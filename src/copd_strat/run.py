"""The whole night on one page: each step's tables enter the next, and nothing is published before the end."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from copd_strat import clinical, codelists, pathways, reconciliation
from copd_strat.engine import Engine
from copd_strat.errors import CopdStratError
from copd_strat.extracts.inventory import require_unchanged
from copd_strat.lists import write_lists
from copd_strat.plan import Night, Plan, plan
from copd_strat.progress import Narrator
from copd_strat.publish import RunFolder
from copd_strat.publish.approval import check_approval
from copd_strat.publish.folder import write_errors
from copd_strat.publish.keep import keep, last_dispositions
from copd_strat.quality import guard
from copd_strat.quality.inspect_night import inspect_extracts, judge_results
from copd_strat.report import write_report
from copd_strat.risk import register as risk
from copd_strat.summary.stamp import RunStamp
from copd_strat.summary.summarise import months_to_count, write_summary

STEPS = (
    "extracts and contracts",
    "run guard",
    "clinical facts",
    "risk",
    "pathways",
    "lists",
    "summary and report",
    "go or no-go",
    "publish",
)


def nightly(night: Night, narrator: Narrator) -> reconciliation.Outcome:
    """Run the night and publish it; any error leaves the last published run in place."""
    folder = RunFolder(night.settings.output)
    with folder.lock():
        planned = plan(night)
        if planned.unchanged and not night.force:
            return reconciliation.unchanged(planned)
        partial = folder.start(planned.run_id)
        try:
            with write_errors(partial):
                manifest = _work(night, planned, partial, narrator)
            for source in planned.sources:
                require_unchanged(source.inputs)
            with narrator.step("publish") as step:
                outcome = reconciliation.publish(folder, partial, planned, manifest, narrator)
                step.found = f"run {planned.run_id}"
            folder.purge(night.settings.retain_runs)
        except CopdStratError:
            folder.keep_quality(partial)
            raise
        finally:
            folder.discard(partial)
    return outcome


def _work(night: Night, planned: Plan, partial: Path, narrator: Narrator) -> dict[str, Any]:
    """Everything between the extracts and the finished run folder; gives the manifest's content."""
    settings, as_of = night.settings, night.as_of
    policy = pathways.load_policy(settings.pathways.policy)
    before = planned.previous.path if planned.previous else None
    last = planned.previous.manifest["guard"] if planned.previous else None
    engine = Engine.open(settings.engine, partial / "work" / "spill")

    inspected = inspect_extracts(engine, night, planned, partial, last, narrator)

    with narrator.step("clinical facts") as step:
        lists = codelists.load(engine, settings.clinical.codelists)
        facts = clinical.build(engine, settings.clinical, as_of=as_of, index=night.index)
        check_approval(settings.governance, as_of=as_of, index=facts.index_date)
        matches = codelists.check_matches(engine)
        codelists.require_intact_ids(matches)
        guarded = guard.check_concepts(engine, inspected.guarded, last, settings.guard)
        features = engine.frame("SELECT * FROM features ORDER BY patient_id")
        step.found = f"{facts.register_size:,} people on the register, index date {facts.index_date}"

    with narrator.step("risk") as step:
        scored = risk.score_register(features, settings.risk)
        step.found = reconciliation.statuses_in_words(scored.scores)

    with narrator.step("pathways") as step:
        patients = features.merge(scored.scores, on="patient_id", validate="one_to_one")
        patients = patients.merge(engine.frame(reconciliation.NETWORKS), on="practice_id", how="left")
        key = pathways.reference_key(settings.pathways)
        patients["patient_ref"] = pathways.make_references(patients, key)
        engine.materialise("clinical", "departures")
        decisions = engine.frame("SELECT * FROM decisions")
        assigned = pathways.assign(
            patients,
            policy,
            as_of=as_of,
            previous=last_dispositions(planned),
            decisions=decisions,
            reasons=scored.reasons,
            left=engine.frame("SELECT * FROM departures"),
        )
        dispositions = reconciliation.dispositions(assigned.patients)
        guarded = guard.check_dispositions(dispositions, guarded, last, settings.guard)
        step.found = reconciliation.in_words(dispositions)

    stamp = RunStamp(
        run_id=planned.run_id,
        as_of=as_of,
        index_date=facts.index_date,
        policy=policy.label,
        model=risk.ranking(settings.risk).model.name,
        synthetic=settings.synthetic,
        title=settings.title,
    )
    with narrator.step("lists") as step:
        practices = engine.frame(reconciliation.PRACTICES)
        written = write_lists(partial, assigned.patients, assigned.changes, practices, stamp)
        keep(engine, partial, assigned, scored.reasons)
        step.found = f"{len(written)} files for {len({item.practice_id for item in written})} practices"

    with narrator.step("summary and report") as step:
        complete_to = min(facts.gp_complete_to, facts.hospital_complete_to or facts.gp_complete_to)
        clinical.build_monthly(engine, months_to_count(before, settings.summary, complete_to))
        summary = write_summary(
            partial, engine, assigned.patients, before, settings.summary, stamp, complete_to=complete_to
        )
        results = reconciliation.Results(
            landing=inspected.landing,
            guarded=guarded,
            facts=facts,
            lists=lists,
            matches=matches,
            answers=pathways.validate_decisions(decisions, as_of),
            patients=assigned.patients,
            written=written,
            summary=summary,
        )
        manifest = reconciliation.manifest(night, planned, stamp, results, partial)
        published = {name: table.to_pandas(date_as_object=True) for name, table in summary.tables.items()}
        write_report(partial / "report.html", stamp=stamp, facts=published, manifest=manifest)
        step.found = reconciliation.months_in_words(summary)

    with narrator.step("go or no-go") as step:
        own = {"features": features, "scores": scored.scores, "dispositions": assigned.patients}
        judged = judge_results(settings.contracts, own, published, inspected, partial / "quality")
        step.found = f"go: {judged:,} rules judged"

    engine.close()
    shutil.rmtree(partial / "work")
    return manifest
