"""The evaluation of the clinic on one page: the extracts are read as by night, the runs' snapshots beside them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from copd_strat import publish
from copd_strat.backtesting import read_extracts
from copd_strat.config import ProgrammeSettings
from copd_strat.errors import ConfigError, InputError
from copd_strat.evaluation import backtest_files
from copd_strat.evaluation.clinic_effect import Evaluation, evaluate
from copd_strat.evaluation.programme_files import write_evaluation
from copd_strat.evaluation.snapshots import read_snapshots
from copd_strat.night_steps import open_night
from copd_strat.plan import Plan
from copd_strat.progress import Narrator
from copd_strat.publish.result_folder import replace_folder

_FOLDER = "evaluation"


@dataclass(frozen=True, kw_only=True)
class Judged:
    """An evaluation and the folder of its page."""

    evaluation: Evaluation
    folder: Path


def evaluate_programme(planned: Plan, narrator: Narrator) -> Judged:
    """Evaluate what the configuration asks; the caller holds the output folder's lock."""
    asked, published = planned.settings.programme, planned.published
    starts_on = _starts_on(asked)
    if published is None:
        raise InputError("nothing has been published here yet", fix="run 'copd-strat run' every night first")
    folder = publish.RunFolder(planned.settings.output)
    with folder.staged(planned.run_id, planned.failed) as staged:
        with open_night(planned, staged, narrator) as night:
            facts = read_extracts(night)
            with narrator.step("evaluate") as step:
                found = evaluate(
                    night.engine,
                    read_snapshots(published.path),
                    asked,
                    starts_on=starts_on,
                    complete_to=facts.complete_to,
                    backtests=folder.root / backtest_files.FOLDER,
                    policy=planned.policy.label,
                )
                step.found = {"people": found.design.people, "practices": found.design.practices}
        planned.require_same_inputs()
        place = Path(_FOLDER) / found.month.isoformat()
        write_evaluation(found, staged / place, planned.settings)
        replace_folder(staged / place, folder.root / place, folder.root)
    return Judged(evaluation=found, folder=folder.root / place)


def _starts_on(asked: ProgrammeSettings) -> date:
    if asked.starts_on is None:
        raise ConfigError(
            "programme: the configuration asks nothing of the clinic",
            fix="write programme: {starts_on: DATE} before the first places are given (docs/evaluation.md)",
        )
    return asked.starts_on
