"""Canonical tables into a worklist, without the rooms that do not matter here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pyarrow as pa

from copd_strat import clinical, codelists
from copd_strat.config import ClinicalSettings, EngineSettings
from copd_strat.contracts.contract_files import load_contracts
from copd_strat.contracts.own_tables import packaged
from copd_strat.engine import Engine
from copd_strat.extracts.layout import no_rows
from copd_strat.followup import Worklist, worklist
from copd_strat.pathways import load_policy
from copd_strat.pathways.follow_up_policy import FollowUp
from copd_strat.synthetic import SyntheticSettings

# Hospital records that end the day before: the last month's discharges are all there.
SMALL = SyntheticSettings(
    seed=7, practices=3, register=450, others=20, years=2, end=date(2026, 3, 31), hospital_lag_days=1
)
AS_OF = SMALL.end + timedelta(days=2)
POLICY = load_policy("risk_and_rules").follow_up


@dataclass(frozen=True, kw_only=True)
class Clock:
    """A night's engine, its clinical facts, one row a patient, and the worklist."""

    engine: Engine
    facts: clinical.ClinicalFacts
    patients: pd.DataFrame
    found: Worklist

    @property
    def lines(self) -> pd.DataFrame:
        return self.found.lines.astype({"patient_id": str, "event": str})

    def duty(self, patient: str, duty: str, event: str = "discharge") -> dict[str, object]:
        """The one row of a duty."""
        rows = self.found.duties.query(
            "patient_id == @patient and duty == @duty and event == @event"
        ).to_dict("records")
        assert len(rows) == 1, rows
        return {str(name): value for name, value in rows[0].items()}


def clock(
    tables: Mapping[str, pa.Table | pd.DataFrame],
    folder: Path,
    *,
    as_of: date = AS_OF,
    absent: Iterable[str] = (),
    policy: FollowUp = POLICY,
    previous: Path | None = None,
    **settings: date,
) -> Clock:
    """What a night makes of canonical ``tables``; ``absent`` ones came from no source. The caller closes the
    engine."""
    engine = Engine.open(EngineSettings(memory_limit="256MB", threads=1), folder / "spill")
    gone = set(absent)
    for name, contract in load_contracts(packaged(), "native").items():
        engine.create_table(name, no_rows(contract))
        if name in tables and name not in gone:
            engine.register_frame("_rows", tables[name])
            engine.execute(f"INSERT INTO {name} BY NAME SELECT * FROM _rows")
    there = {name: name in tables and name not in gone for name in load_contracts(packaged(), "native")}
    engine.register_frame(
        "source_tables", pd.DataFrame({"table_name": list(there), "present": list(there.values())})
    )
    codelists.load(engine)
    facts = clinical.build(engine, ClinicalSettings(**settings), as_of=as_of)
    patients = clinical.feature_table(engine)
    patients = patients.assign(patient_ref=patients["patient_id"], route=None)
    found = worklist(
        engine, patients, policy=policy, as_of=as_of, facts=facts.unobservable, previous=previous
    )
    return Clock(engine=engine, facts=facts, patients=patients, found=found)
