"""Monitoring as a step of the night: compare with the reference, keep the month's snapshot, hold old ones
against what came."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from copd_strat.clinical import ClinicalFacts
from copd_strat.config import Settings
from copd_strat.engine import Engine
from copd_strat.evaluation import maturing, monitoring, snapshots
from copd_strat.evaluation.monitoring import Drift, Monitored, Reference
from copd_strat.pathways import Placement, Policy
from copd_strat.risk.register import ranking


def monitor(
    engine: Engine,
    facts: ClinicalFacts,
    placed: Placement,
    settings: Settings,
    *,
    policy: Policy,
    previous: Path | None,
    last: Mapping[str, Any],
    root: Path,
) -> Monitored:
    """Everything that monitoring looks at; writes the snapshots below ``root``, judges nothing.

    ``last`` is the reference of the run in the folder ``previous``.
    """
    model = placed.scored.model
    reference = monitoring.fitting(last, model, policy.label, settings.monitoring)
    ranking_model = ranking(settings.risk).model
    tonight = monitoring.take_figures(
        placed.frame(*monitoring.watched(ranking_model), "disposition"),
        ranking_model,
        as_of=facts.as_of,
        model=model,
        policy=policy.label,
        like=reference,
    )
    moved = list(monitoring.drifts(reference or tonight, tonight, settings.monitoring))
    kept = _snapshots(facts, placed, policy, previous, root, settings.programme.question)
    came = maturing.matured(engine, kept, facts.complete_to) if _severe_seen(facts) else []
    return _told(reference, tonight, moved, came, settings)


def _severe_seen(facts: ClinicalFacts) -> bool:
    """Without hospital data no month's risk can be held against anything."""
    return "severe_exacerbations" not in facts.unobservable


def _snapshots(
    facts: ClinicalFacts,
    placed: Placement,
    policy: Policy,
    previous: Path | None,
    root: Path,
    asked: str | None,
) -> Any:
    given_on = placed.history.frame("patient_id", "place_given_on").set_index("patient_id")["place_given_on"]
    kept = snapshots.add_snapshot(
        snapshots.read_snapshots(previous),
        placed.frame(*snapshots.COLUMNS, *placed.sharing),
        policy,
        as_of=facts.as_of,
        index=facts.index_date,
        model=placed.scored.model,
        given_on=given_on,
        asked=asked,
    )
    snapshots.write_snapshots(kept, root)
    return kept


def _told(
    reference: Reference | None,
    tonight: Reference,
    moved: list[Drift],
    came: list[maturing.Matured],
    settings: Settings,
) -> Monitored:
    since = (reference or tonight).since
    findings = [monitoring.as_finding(one, since) for one in moved if one.weight]
    findings += maturing.calibration_findings(came, settings.monitoring)
    scores = {
        d.subject: round(d.now, 4) for d in moved if d.subject in monitoring.SCORES and d.before is None
    }
    return Monitored(
        findings=tuple(findings),
        sections=(
            monitoring.drift_section(moved, since, fresh=reference is None),
            maturing.calibration_section(came),
        ),
        figures={"reference of": since.isoformat()},
        kept={
            "reference": (reference or tonight).to_json(),
            "stability": scores,
            "calibration": [one.to_json() for one in came],
            "findings": len(findings),
        },
    )
