"""The night's register placed, a batch of practices at a time: what ``assign`` needs, out of the engine and the
rooms before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path

import pandas as pd
import pyarrow as pa

from copd_strat.contracts.own_tables import arrow_schema, own_table
from copd_strat.contracts.part_files import PartFiles
from copd_strat.engine import Engine, packaged_sql
from copd_strat.pathways.analyst_tables import PATIENTS_ORDER, patients_schema, write_tables
from copd_strat.pathways.assign import Assignment, assign
from copd_strat.pathways.changes import diff
from copd_strat.pathways.feedback import Feedback, about_nobody, validate_decisions
from copd_strat.pathways.issued_references import issued_references, with_current_references
from copd_strat.pathways.last_tables import LastTables
from copd_strat.pathways.policy import DISPOSITIONS, LISTED, Policy
from copd_strat.pathways.references import make_references
from copd_strat.risk.register_parts import ScoredRegister

_NOBODY = "about nobody on the register: people who left, or lists made under another key"


@dataclass(frozen=True, kw_only=True)
class Placement:
    """Where everybody goes tonight, and which of the clinicians' answers could be used.

    ``patients``, ``history``, ``issued``: by batch of practices, one row a patient with facts, risk and
    disposition; what the next run starts from; whom the references of tonight's and earlier lists stand for.
    ``sharing``: the column of the organisation that shares places, where there is one. ``changes``: as ``diff``
    gives them. ``decisions``: the answers as they came, under tonight's references.
    ``conflicts``: people whose records contradict each other about who is alive and registered, with their
    references.
    """

    patients: PartFiles
    history: PartFiles
    issued: PartFiles
    sharing: tuple[str, ...]
    changes: pd.DataFrame
    answers: Feedback
    scored: ScoredRegister
    decisions: pd.DataFrame
    conflicts: pd.DataFrame

    def frame(self, *columns: str) -> pd.DataFrame:
        """Some columns of everybody, one row a patient, by practice and reference."""
        return self.patients.frame(*columns, order=PATIENTS_ORDER)

    @property
    def dispositions(self) -> dict[str, int]:
        """Patients by disposition, every disposition named."""
        counts: Counter[str] = Counter()
        for placed in self.by_practice.values():
            counts.update(placed)
        return {name: counts[name] for name in DISPOSITIONS}

    @cached_property
    def by_practice(self) -> dict[str, dict[str, int]]:
        """Practice → disposition → patients."""
        patients = self.frame("practice_id", "disposition")
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
        refs = self.frame("practice_id", "patient_ref", "patient_id").astype(object)
        found = self.answers.accepted.astype({"practice_id": object, "patient_ref": object})
        found = found.merge(refs, on=["practice_id", "patient_ref"])
        days = pd.to_datetime(found["decided_on"]).astype("datetime64[us]")
        text = {"patient_id": found["patient_id"], "decision": found["decision"]}
        return pd.DataFrame({"day": days, **{name: column.astype("string") for name, column in text.items()}})

    @cached_property
    def _about_nobody(self) -> int:
        return len(about_nobody(self.answers.accepted, self.frame("practice_id", "patient_ref")))

    def write_tables(self, engine: Engine, root: Path) -> None:
        """The analysts' tables and tomorrow's starting point, below the run's folder ``root``."""
        write_tables(engine, root, self.patients, self.scored.reasons, self.history, self.issued)

    def record(self) -> dict[str, object]:
        """What the manifest keeps."""
        without_data = self.frame("no_recent_data")["no_recent_data"]
        return {
            "register": len(without_data),
            "people_without_recent_gp_data": int(without_data.sum()),
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
    features: PartFiles,
    scored: ScoredRegister,
    *,
    policy: Policy,
    key: bytes,
    as_of: date,
    previous: Path | None,
    work: Path,
) -> Placement:
    """Place everybody in ``features`` under ``policy``; practices that share places stand in one batch.

    The engine holds organisations, decisions and what the register was made from; ``key`` makes references;
    ``previous`` is the last run's folder, whose dispositions are read; ``work`` takes the batches.
    """
    engine.materialise("clinical", "departures")
    last = LastTables(previous)
    tonight = _TonightsPlaces(
        engine=engine, features=features, scored=scored, policy=policy, key=key, as_of=as_of, last=last
    )
    patients, history, issued = (PartFiles(work / name) for name in ("patients", "history", "issued"))
    changes, answers = [tonight.left_elsewhere()], []
    for batch in tonight.batches():
        placed = batch.assigned.patients
        patients.add(batch.number, placed, patients_schema(placed.columns))
        history.add(batch.number, batch.assigned.history, _schema("history_dispositions"))
        issued.add(batch.number, batch.issued, _schema("history_references"))
        changes.append(batch.changes)
        answers.append(batch.answers)
    issued.add(len(answers), tonight.issued_elsewhere(), _schema("history_references"))
    decisions = tonight.all_answers(answers)
    conflicts = engine.frame("SELECT * FROM status_conflicts")
    return Placement(
        patients=patients,
        history=history,
        issued=issued,
        sharing=(policy.capacity.per,) if policy.capacity.per in patients.columns() else (),
        changes=pd.concat(changes).sort_values(["practice_id", "kind", "patient_ref"], ignore_index=True),
        answers=validate_decisions(decisions, as_of),
        scored=scored,
        decisions=decisions,
        conflicts=conflicts.assign(patient_ref=make_references(conflicts, key)),
    )


def _schema(table: str) -> pa.Schema:
    return arrow_schema(own_table("internal", table))


@dataclass(frozen=True, kw_only=True)
class _PlacedBatch:
    """Some practices placed: their patients and history, what changed there, and the answers about them."""

    number: int
    assigned: Assignment
    issued: pd.DataFrame
    answers: pd.DataFrame

    @property
    def changes(self) -> pd.DataFrame:
        """Of these practices: who came from another one has left it in the batch of that one."""
        found = self.assigned.changes
        return found[found["practice_id"].isin(set(self.assigned.patients["practice_id"]))]


@dataclass(frozen=True, kw_only=True)
class _TonightsPlaces:
    """What every batch is placed by."""

    engine: Engine
    features: PartFiles
    scored: ScoredRegister
    policy: Policy
    key: bytes
    as_of: date
    last: LastTables

    def batches(self) -> Iterator[_PlacedBatch]:
        for number in self.features.numbers:
            patients = self._patients(number)
            before = self.last.references(patients)
            mine = self._decisions["practice_id"].isin(patients["practice_id"])
            answers = with_current_references(self._decisions[mine], before, patients)
            assigned = assign(
                patients,
                self.policy,
                as_of=self.as_of,
                previous=self.last.dispositions(patients, self.key),
                decisions=answers,
                reasons=self.scored.reasons.part(number),
                left=self._left,
                moved=self._moved,
            )
            issued = issued_references(before, patients, self.as_of)
            yield _PlacedBatch(number=number, assigned=assigned, issued=issued, answers=answers)

    def _patients(self, number: int) -> pd.DataFrame:
        """One row a patient of the batch: facts, risk, organisations, reference."""
        scores = self.scored.scores.part(number)
        patients = self.features.part(number).merge(scores, on="patient_id", validate="one_to_one")
        patients = patients.merge(self._networks, on="practice_id", how="left", validate="many_to_one")
        patients["patient_ref"] = make_references(patients, self.key)
        return patients

    def left_elsewhere(self) -> pd.DataFrame:
        """The changes of practices that have nobody tonight."""
        gone = self.last.other_dispositions(self._practices, self.key)
        return diff(gone, _NO_PATIENTS, self._left, self._moved)

    def issued_elsewhere(self) -> pd.DataFrame:
        """The references of practices that have nobody tonight."""
        return issued_references(self.last.other_references(self._practices), _NO_PATIENTS, self.as_of)

    def all_answers(self, batches: list[pd.DataFrame]) -> pd.DataFrame:
        """All answers in their order: those about the batches' practices, and the rest as they came."""
        rest = self._decisions[~self._decisions["practice_id"].isin(self._practices)]
        return pd.concat([*batches, rest]).sort_index()

    @cached_property
    def _everybody(self) -> pd.DataFrame:
        return self.features.frame("patient_id", "practice_id")

    @cached_property
    def _practices(self) -> list[str]:
        return sorted(self._everybody["practice_id"].unique())

    @cached_property
    def _moved(self) -> set[str]:
        return self.last.moved(self._everybody)

    @cached_property
    def _networks(self) -> pd.DataFrame:
        return self.engine.frame(packaged_sql("pathways", "networks"))

    @cached_property
    def _decisions(self) -> pd.DataFrame:
        return self.engine.frame("SELECT * FROM decisions")

    @cached_property
    def _left(self) -> pd.DataFrame:
        return self.engine.frame("SELECT * FROM departures")


_NO_PATIENTS = pd.DataFrame(columns=["patient_id", "practice_id", "patient_ref"], dtype="object")
