"""A small care system in an engine: register, events and dispositions of people who do not exist."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from copd_strat.config import EngineSettings, SummarySettings
from copd_strat.engine import Engine
from copd_strat.pathways.follow_up_policy import SERVICES
from copd_strat.pathways.policy import Capacity
from copd_strat.plan import RunStamp
from copd_strat.summary.cube import DISPOSITIONS, declared_values
from copd_strat.summary.periods import add_months, month_end
from copd_strat.summary.summarise import SummaryResult, write_summary

RATES = {
    "moderate_exacerbations": 0.12,
    "severe_exacerbations": 0.02,
    "copd_emergency_admissions": 0.02,
    "readmissions_90d": 0.006,
    "readmissions_30d": 0.003,
    "bed_days": 0.09,
    "ed_attendances": 0.05,
    "ed_only_exacerbations": 0.01,
    "copd_reviews": 0.08,
    "discharge_duties_due": 0.03,
    "discharge_duties_met": 0.015,
    "exacerbation_reviews_due": 0.1,
    "exacerbation_reviews_met": 0.05,
    "readmissions_30d_reviewed": 0.001,
    "readmissions_90d_reviewed": 0.003,
    "clinic_seen": 0.02,
    "app_offered": 0.02,
    "app_registered": 0.015,
    "app_activated": 0.01,
    "decisions_returned": 0.05,
    "decisions_overriding": 0.02,
}
CAPACITY = Capacity(places=12)
TWO_MONTHS = [date(2026, 1, 1), date(2026, 2, 1)]
ORGANISATIONS = pd.DataFrame(
    {
        "practice_id": ["P1", "P2", "P3", "P4", "P5", "P6"],
        "practice_name": ["Ash", "Birch", "Cedar", "Damson", "Elm", "Fir"],
        "pcn": ["N1", "N1", "N2", "N2", "N3", "N3"],
        "sub_icb": ["S1", "S1", "S1", "S1", "S2", "S2"],
        "icb": ["I1"] * 6,
        "valid_from": [date(2015, 1, 1)] * 6,
        "valid_to": pd.Series([None] * 6, dtype="object"),
    }
)


def people(size: int = 500, seed: int = 1) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "patient_id": [f"p{n:05d}" for n in range(size)],
            "practice_id": rng.choice(ORGANISATIONS["practice_id"], size, p=[0.3, 0.2, 0.2, 0.2, 0.08, 0.02]),
        }
    )
    for kind in ("sex", "age_band", "imd_quintile", "ethnicity_group"):
        values = declared_values(kind)
        shares = 0.5 ** np.arange(1, len(values) + 1)
        frame[kind] = rng.choice(values, size, p=shares / shares.sum())
    return frame


# Sources of events and the column with an event's day; here each has one of each service, in the first month.
FIRST_DAYS = {
    "hospital_episodes": "admission_date",
    "ed_attendances": "arrival_date",
    "community_contacts": "contact_date",
    "app_activity": "activity_date",
    "decisions": "decided_on",
}


def engine_with(folder: Path, months: list[date], everybody: pd.DataFrame, seed: int = 2) -> Engine:
    """An engine that holds the relations the summary reads, for ``everybody`` in each of ``months``."""
    rng = np.random.default_rng(seed)
    engine = Engine.open(EngineSettings(memory_limit="256MB", threads=1), folder / "spill")
    register = pd.concat([everybody.assign(month=month) for month in months], ignore_index=True)
    events = []
    for month in months:
        for indicator, rate in RATES.items():
            n = rng.poisson(rate, len(everybody))
            rows = pd.DataFrame(
                {"month": month, "patient_id": everybody["patient_id"], "indicator": indicator, "n": n}
            )
            events.append(rows[rows["n"] > 0])
    register["imd_quintile"] = pd.to_numeric(register["imd_quintile"], errors="coerce").astype("Int64")
    engine.register_frame("monthly_register", register)
    engine.register_frame("monthly_events", pd.concat(events, ignore_index=True))
    engine.register_frame("organisations", ORGANISATIONS)
    engine.execute("ALTER TABLE organisations ALTER valid_to TYPE DATE")
    tables = (
        "gp_events", "prescriptions", "hospital_episodes", "ed_attendances", "deaths", "community_contacts",
        "app_activity", "decisions",
    )  # fmt: skip
    for table, day in FIRST_DAYS.items():
        first = pd.DataFrame({day: pd.to_datetime([months[0]] * len(SERVICES)), "service": SERVICES})
        engine.register_frame(table, first)
    engine.register_frame("concepts", pd.DataFrame({"concept": ["covid_vaccine_given"], "codes": [1]}))
    engine.register_frame(
        "source_tables", pd.DataFrame({"table_name": tables, "present": [True] * len(tables)})
    )
    return engine


def summary_of(folder: Path, everybody: pd.DataFrame, months: list[date]) -> SummaryResult:
    """``folder/summary`` of ``months``, the last of which is the run's own."""
    after = add_months(months[-1], 1)
    engine = engine_with(folder, months, everybody)
    done = write_summary(
        folder,
        engine,
        dispositions_of(everybody),
        None,
        SummarySettings(),
        stamp("20260310-abcdef01", as_of=after.replace(day=10)),
        complete_to=month_end(months[-1]),
        capacity=CAPACITY,
    )
    engine.close()
    return done


def dispositions_of(everybody: pd.DataFrame, seed: int = 3) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    disposition = rng.choice(DISPOSITIONS, len(everybody), p=[0.2, 0.6, 0.15, 0.05])
    place = np.where(disposition == "clinic", rng.choice(["clinic", "reserve"], len(everybody)), None)
    return pd.DataFrame(
        {
            "patient_id": everybody["patient_id"],
            "practice_id": everybody["practice_id"],
            "disposition": disposition,
            "place": place,
            "route": "in_person",
            "sex": everybody["sex"],
            "age": rng.uniform(35, 95, len(everybody)),
            "imd_quintile": pd.to_numeric(everybody["imd_quintile"], errors="coerce").astype("Int64"),
            "ethnicity": everybody["ethnicity_group"],
        }
    )


def months_before(first: date, count: int) -> list[date]:
    return [add_months(first, n) for n in range(count)]


def stamp(run_id: str = "r1", as_of: date = date(2026, 4, 20)) -> RunStamp:
    return RunStamp(
        run_id=run_id,
        as_of=as_of,
        index_date=as_of,
        policy="risk_and_rules 1",
        model="accept3_cprd",
        synthetic=True,
        title="Test care system",
    )
