"""May the site's own model rank tonight? Only where the policy names it and its back-test is on record."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from copd_strat.config import Settings
from copd_strat.errors import ModelError
from copd_strat.evaluation.backtest_files import FOLDER, RECORD
from copd_strat.evaluation.followed import HORIZON_MONTHS, months_after
from copd_strat.pathways.policy import Policy
from copd_strat.risk.own_model import OwnModel, load_all
from copd_strat.risk.register import recalibration_of


def own_ranking(policy: Policy, settings: Settings) -> OwnModel | None:
    """The own model that the policy ranks by; None where it ranks by a published one.

    ModelError where the recalibration or any own model of the configuration does not fit, or the one that the
    policy names is not there, speaks of another outcome, or was never tried on a year that it had not seen.
    """
    recalibration_of(settings.risk)  # like an own model, refused before anything is read
    models = {one.card.name: one for one in load_all(settings.risk.scorecards)}
    name = policy.ranking.model
    if name is None:
        return None
    if name not in models:
        raise ModelError(
            f"policy {policy.label} ranks by '{name}', which no file of risk.scorecards holds",
            fix="name the file in the configuration, or take ranking.model out of the policy",
        )
    own = models[name]
    if own.card.outcome != f"{policy.ranking.rank_by}_exacerbation":
        raise ModelError(
            f"policy {policy.label} ranks by {policy.ranking.rank_by} exacerbations, '{name}' speaks of others",
            fix="train a model of that outcome, or change ranking.rank_by",
        )
    _require_back_test(own, settings.output / FOLDER)
    return own


def _require_back_test(own: OwnModel, folder: Path) -> None:
    """A back-test of exactly this file, at an index after all that it was trained on."""
    from_day = months_after(own.last_index, HORIZON_MONTHS)
    for index, record in _records(folder):
        if index >= from_day and record.get("own_models", {}).get(own.card.name) == own.seal:
            return
    raise ModelError(
        f"'{own.card.name}' ({own.seal[:8]}) has no back-test at {from_day} or later: it may not rank",
        fix=f"run 'copd-strat backtest --index {from_day}' (or later) with it in risk.scorecards",
    )


def _records(folder: Path) -> Iterator[tuple[date, dict[str, Any]]]:
    for path in sorted(folder.glob(f"*/{RECORD}")):
        try:
            record = json.loads(path.read_text(encoding="utf-8"))
            yield date.fromisoformat(record["index"]), record
        except (OSError, ValueError, KeyError, TypeError):
            continue
