"""The night's register placed: what ``assign`` needs, out of the engine and the rooms before."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pandas as pd

from copd_strat.engine import Engine, packaged_sql
from copd_strat.pathways.analyst_tables import read_dispositions, write_tables
from copd_strat.pathways.assign import Assignment, assign
from copd_strat.pathways.feedback import Feedback, validate_decisions
from copd_strat.pathways.policy import DISPOSITIONS, LISTED, Policy
from copd_strat.pathways.references import make_references
from copd_strat.risk.register import RiskResult


@dataclass(frozen=True, kw_only=True)
class Placement:
    """Where everybody goes tonight, and which of the clinicians' answers could be used."""

    assigned: Assignment
    answers: Feedback
    scored: RiskResult

    @property
    def patients(self) -> pd.DataFrame:
        """One row a patient with facts, risk and disposition."""
        return self.assigned.patients

    @property
    def dispositions(self) -> dict[str, int]:
        """Patients by disposition, every disposition named."""
        counts = self.patients["disposition"].value_counts()
        return {name: int(counts.get(name, 0)) for name in DISPOSITIONS}

    @property
    def by_practice(self) -> dict[str, dict[str, int]]:
        """Practice → disposition → patients."""
        patients = self.patients
        pairs = zip(patients["practice_id"].astype(str), patients["disposition"].astype(str), strict=True)
        found: dict[str, dict[str, int]] = {}
        for (practice, disposition), count in sorted(Counter(pairs).items()):
            found.setdefault(practice, {})[disposition] = count
        return found

    @property
    def listed(self) -> dict[str, dict[str, int]]:
        """As ``by_practice``, of the dispositions that have a list."""
        return {
            practice: {name: count for name, count in counts.items() if name in LISTED}
            for practice, counts in self.by_practice.items()
        }

    @property
    def refused_answers(self) -> dict[str, int]:
        """Answers that have no effect, counted by their problem."""
        counts = self.answers.refused["problem"].value_counts()
        return {str(problem): int(number) for problem, number in counts.sort_index().items()}

    def write_tables(self, engine: Engine, root: Path) -> None:
        """The analysts' tables and tomorrow's starting point, below the run's folder ``root``."""
        write_tables(engine, root, self.assigned, self.scored.reasons)

    def record(self) -> dict[str, object]:
        """What the manifest keeps."""
        patients = self.patients
        return {
            "register": len(patients),
            "people_without_recent_gp_data": int(patients["no_recent_data"].sum()),
            "decisions": {"usable": len(self.answers.accepted), "refused": self.refused_answers},
            "dispositions": self.dispositions,
            "practices": {
                practice: {"register": sum(counts.values()), "dispositions": counts}
                for practice, counts in self.by_practice.items()
            },
        }


def assign_register(
    engine: Engine,
    features: pd.DataFrame,
    scored: RiskResult,
    *,
    policy: Policy,
    key: bytes,
    as_of: date,
    previous: Path | None,
) -> Placement:
    """Place everybody in ``features`` (one row a patient) under ``policy``.

    The engine holds organisations, decisions and what the register was made from; ``key`` makes references;
    ``previous`` is the last run's folder, whose dispositions are read.
    """
    patients = features.merge(scored.scores, on="patient_id", validate="one_to_one")
    networks = engine.frame(packaged_sql("pathways", "networks"))
    patients = patients.merge(networks, on="practice_id", how="left", validate="many_to_one")
    patients["patient_ref"] = make_references(patients, key)
    engine.materialise("clinical", "departures")
    decisions = engine.frame("SELECT * FROM decisions")
    assigned = assign(
        patients,
        policy,
        as_of=as_of,
        previous=read_dispositions(previous),
        decisions=decisions,
        reasons=scored.reasons,
        left=engine.frame("SELECT * FROM departures"),
    )
    return Placement(assigned=assigned, answers=validate_decisions(decisions, as_of), scored=scored)
