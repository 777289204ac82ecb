"""Training on one page: the extracts are read as by night, each index date is taken as it was known then."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from copd_strat import publish
from copd_strat.backtesting import read_extracts, refuse_unseen, require_outcomes
from copd_strat.evaluation.backtest import features_then
from copd_strat.evaluation.candidates import candidates, ranking_name
from copd_strat.evaluation.followed import keep_observed, next_year
from copd_strat.evaluation.training import Sample, Wanted, train
from copd_strat.night_steps import NightSteps, open_night
from copd_strat.plan import Plan
from copd_strat.progress import Narrator


def train_model(planned: Plan, indexes: Sequence[date], wanted: Wanted, narrator: Narrator) -> dict[str, Any]:
    """The content of a scorecard file; the caller holds the output folder's lock and writes it."""
    refuse_unseen(planned, indexes)
    with publish.RunFolder(planned.settings.output).staged(planned.run_id, planned.failed) as staged:
        with open_night(planned, staged, narrator) as night:
            facts = read_extracts(night)
            require_outcomes(facts, indexes)
            keep_observed(night.engine)
            samples = [_sample(night, index, wanted.outcome) for index in indexes]
            with narrator.step("train") as step:
                content = train(samples, wanted)
                step.found = {"people-years": content["training"]["people"]}
        planned.require_same_inputs()
    return content


def _sample(night: NightSteps, index: date, outcome: str) -> Sample:
    settings = night.planned.settings
    with night.narrator.step(f"features at {index}") as step:
        features = features_then(night.engine, settings.clinical, index)
        followed = next_year(night.engine, features, index).of[outcome]
        tried = candidates(features, settings.risk)
        published = next(one for one in tried if one.name == ranking_name(settings.risk))
        step.found = {"register": len(features), "events": int(followed.event.sum())}
    return Sample(index=index, features=features, followed=followed, published=published.predicted[outcome])
