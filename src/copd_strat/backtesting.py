"""The back-test on one page: the extracts are read as by night, then each index date is tried on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from copd_strat import clinical, publish
from copd_strat.errors import InputError
from copd_strat.evaluation import backtest_files
from copd_strat.evaluation.backtest import Asked, BackTest, back_test
from copd_strat.evaluation.candidates import ranking_name
from copd_strat.evaluation.followed import keep_observed, require_observed_year
from copd_strat.night_steps import NightSteps, open_night
from copd_strat.pathways import SHIPPED, load_policy
from copd_strat.plan import Plan
from copd_strat.progress import Narrator
from copd_strat.publish.result_folder import replace_folder
from copd_strat.risk.own_model import load_all
from copd_strat.risk.register import recalibration_of

READING = ("controls", "ingest", "validate", "clinical facts")


@dataclass(frozen=True, kw_only=True)
class Tested:
    """An index date that was tried, and the folder of its results."""

    test: BackTest
    folder: Path


def backtest(planned: Plan, indexes: Sequence[date], narrator: Narrator) -> list[Tested]:
    """Try every index date; results replace those of an earlier back-test of the same date.

    The caller holds the output folder's lock. RequestError where the extracts cannot show the next year.
    """
    refuse_unseen(planned, indexes)
    folder = publish.RunFolder(planned.settings.output)
    with folder.staged(planned.run_id, planned.failed) as staged:
        with open_night(planned, staged, narrator) as night:
            facts = read_extracts(night)
            require_outcomes(facts, indexes)
            keep_observed(night.engine)
            tests = [_try(night, index, staged) for index in indexes]
        planned.require_same_inputs()
        done = []
        for test in tests:
            place = Path(backtest_files.FOLDER) / test.index.isoformat()
            replace_folder(staged / place, folder.root / place, folder.root)
            done.append(Tested(test=test, folder=folder.root / place))
        return done


def read_extracts(night: NightSteps) -> clinical.ClinicalFacts:
    """The steps of ``READING``: what a run does before it scores anybody, with the same refusals."""
    night.controls()
    night.validate(night.ingest())
    facts, _ = night.clinical_facts()
    return facts


def require_outcomes(facts: clinical.ClinicalFacts, indexes: Sequence[date]) -> None:
    """InputError unless severe exacerbations can be seen, RequestError unless each index date's next year is over."""
    if reason := facts.unobservable.get("severe_exacerbations"):
        raise InputError(
            f"severe exacerbations cannot be seen in these extracts: {reason}",
            fix="add hospital episodes that cover the year after the index",
        )
    for index in indexes:
        require_observed_year(index, facts.complete_to)


def refuse_unseen(planned: Plan, indexes: Sequence[date]) -> None:
    """RequestError, before anything is read, for an index whose next year cannot be over.

    Extracts are complete to the run date at most, to the days that the configuration gives, and, where they are those
    of the published run, to the day that it found.
    """
    given, published = planned.settings.clinical, planned.published
    days = [planned.as_of, given.gp_complete_to, given.hospital_complete_to]
    if published and planned.has_extracts_of(published):
        told = [published.manifest[name] for name in ("gp_complete_to", "hospital_complete_to")]
        days += [date.fromisoformat(day) for day in told if day]
    for index in indexes:
        require_observed_year(index, min(day for day in days if day))


def asked_of(planned: Plan) -> Asked:
    """What the configuration asks a back-test to try: the site's policy first, then those that are shipped."""
    others = [load_policy(name) for name in SHIPPED]
    return Asked(
        clinical=planned.settings.clinical,
        risk=planned.settings.risk,
        policies=(planned.policy, *(one for one in others if one.label != planned.policy.label)),
        key=planned.reference_key,
        own=load_all(planned.settings.risk.scorecards),
    )


def _try(night: NightSteps, index: date, staged: Path) -> BackTest:
    planned = night.planned
    with night.narrator.step(f"back-test at {index}") as step:
        test = back_test(night.engine, asked_of(planned), index)
        place = staged / backtest_files.FOLDER / index.isoformat()
        backtest_files.write_backtest(test, place, about(planned))
        step.found = {"register": test.record["register"], "models": len(test.record["models"])}
    return test


def own_in_use(planned: Plan) -> dict[str, Any] | None:
    """Where the site's own model comes from, if the policy ranks by one."""
    for one in load_all(planned.settings.risk.scorecards):
        if one.card.name == planned.policy.ranking.model:
            return {"title": one.card.title, "outcome": one.card.outcome, "seal": one.seal} | {
                name: one.raw["training"].get(name) for name in ("indexes", "people", "events", "held_out")
            }
    return None


def about(planned: Plan) -> dict[str, Any]:
    """What a result was made of: the same parts as a run's."""
    settings = planned.settings
    return {
        "title": settings.title,
        "synthetic": settings.synthetic,
        "published_model": ranking_name(settings.risk),
        "recalibration": level.record() if (level := recalibration_of(settings.risk)) else None,
        "own_in_use": own_in_use(planned),
        "care_setting": settings.risk.care_setting,
        "own_models": {one.card.name: one.seal for one in load_all(settings.risk.scorecards)},
        "parts": planned.parts,
    }
