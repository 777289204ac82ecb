"""The night's risk, a batch of practices at a time: one patient's risk does not depend on another's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from copd_strat.config import RiskSettings
from copd_strat.contracts.own_tables import arrow_schema, own_table
from copd_strat.contracts.part_files import PartFiles
from copd_strat.risk.own_model import OwnModel
from copd_strat.risk.register import score_register
from copd_strat.risk.shapley import Outcome


@dataclass(frozen=True, kw_only=True)
class ScoredRegister:
    """``scores`` and ``reasons`` as of a RiskResult, by batch; ``statuses``: patients by risk status, most
    frequent first; ``model`` and ``made_of`` as there."""

    scores: PartFiles
    reasons: PartFiles
    statuses: Mapping[str, int]
    model: str
    made_of: Mapping[str, object]

    def record(self) -> dict[str, object]:
        """What the manifest keeps."""
        return {"risk": {"model": self.model, **self.made_of}}


def score_parts(
    features: PartFiles,
    settings: RiskSettings,
    work: Path,
    *,
    explained: Outcome = "severe",
    own: OwnModel | None = None,
) -> ScoredRegister:
    """``score_register`` on each batch of ``features``; what it gives is kept below ``work``."""
    scores, reasons = PartFiles(work / "scores"), PartFiles(work / "reasons")
    statuses: Counter[str] = Counter()
    for number in features.numbers:
        scored = score_register(features.part(number), settings, explained=explained, own=own)
        scores.add(number, scored.scores, arrow_schema(own_table("internal", "scores")))
        reasons.add(number, scored.reasons, arrow_schema(own_table("internal", "reasons")))
        statuses.update(str(status).split(":")[0] for status in scored.scores["risk_status"])
    return ScoredRegister(
        scores=scores,
        reasons=reasons,
        statuses=dict(statuses.most_common()),
        model=scored.model,
        made_of=scored.made_of,
    )
