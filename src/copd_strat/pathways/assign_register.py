"""The night's register placed: what ``assign`` needs, out of the engine and the rooms before."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pandas as pd

from copd_strat.engine import Engine, packaged_sql
from copd_strat.pathways.analyst_tables import read_dispositions, read_references, write_tables
from copd_strat.pathways.assign import Assignment, assign
from copd_strat.pathways.feedback import Feedback, about_nobody, validate_decisions
from copd_strat.pathways.issued_references import issued_references, with_current_references
from copd_strat.pathways.policy import DISPOSITIONS, LISTED, Policy
from copd_strat.pathways.references import make_references
from copd_strat.risk.register import RiskResult

_NOBODY = "about nobody on the register: people who left, or lists made under another key"


@dataclass(frozen=True, kw_only=True)
class Placement:
    """Where everybody goes tonight, and which of the clinicians' answers could be used.

    ``decisions``: the answers as they came, under tonight's references. ``issued``: whom the references of
    tonight's and earlier lists stand for. ``conflicts``: people whose records contradict each other about who
    is alive and registered, with their references.
    """

    assigned: Assignment
    answers: Feedback
    scored: RiskResult
    decisions: pd.DataFrame
    issued: pd.DataFrame
    conflicts: pd.DataFrame

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
        refused = {str(problem): int(number) for problem, number in counts.sort_index().items()}
        return refused | ({_NOBODY: self._about_nobody} if self._about_nobody else {})

    @property
    def usable_decisions(self) -> pd.DataFrame:
        """Answers that could be used about people who are here: patient_id, day, decision."""
        refs = self.patients[["practice_id", "patient_ref", "patient_id"]].astype(object)
        found = self.answers.accepted.astype({"practice_id": object, "patient_ref": object})
        found = found.merge(refs, on=["practice_id", "patient_ref"])
        days = pd.to_datetime(found["decided_on"]).astype("datetime64[us]")
        text = {"patient_id": found["patient_id"], "decision": found["decision"]}
        return pd.DataFrame({"day": days, **{name: column.astype("string") for name, column in text.items()}})

    @property
    def _about_nobody(self) -> int:
        return len(about_nobody(self.answers.accepted, self.patients))

    def write_tables(self, engine: Engine, root: Path) -> None:
        """The analysts' tables and tomorrow's starting point, below the run's folder ``root``."""
        write_tables(engine, root, self.assigned, self.scored.reasons, self.issued)

    def record(self) -> dict[str, object]:
        """What the manifest keeps."""
        patients = self.patients
        return {
            "register": len(patients),
            "people_without_recent_gp_data": int(patients["no_recent_data"].sum()),
            "decisions": {
                # an answer about nobody is not used, so it does not count as usable
                "usable": len(self.answers.accepted) - self._about_nobody,
                "notes": len(self.answers.notes),
                "refused": self.refused_answers,
            },
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
    known = read_references(previous)
    decisions = with_current_references(engine.frame("SELECT * FROM decisions"), known, patients)
    assigned = assign(
        patients,
        policy,
        as_of=as_of,
        previous=_under_key(read_dispositions(previous), key),
        decisions=decisions,
        reasons=scored.reasons,
        left=engine.frame("SELECT * FROM departures"),
    )
    conflicts = engine.frame("SELECT * FROM status_conflicts")
    return Placement(
        assigned=assigned,
        answers=validate_decisions(decisions, as_of),
        scored=scored,
        decisions=decisions,
        issued=issued_references(known, patients, as_of),
        conflicts=conflicts.assign(patient_ref=make_references(conflicts, key)),
    )


def _under_key(previous: pd.DataFrame | None, key: bytes) -> pd.DataFrame | None:
    """The last run's dispositions under tonight's references: a practice finds those who left in the key
    sheet it has, also after a change of the key."""
    return None if previous is None else previous.assign(patient_ref=make_references(previous, key))
