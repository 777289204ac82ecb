"""A small world for tests: canonical tables in an engine from short rows.

world = World(engine)
world.patient("anna")
world.gp("anna", "2025-03-01", "copd_dx")
world.issue("anna", "2025-03-01", "prednisolone", quantity=30)
world.build(index="2025-12-31")
world.feature("anna", "moderate_exacerbations_12m")
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pandas as pd

from copd_strat import clinical, codelists
from copd_strat.config import ClinicalSettings
from copd_strat.engine import Engine
from copd_strat.followup import start_clock
from copd_strat.pathways import load_policy

INDEX = "2025-12-31"

# One code a concept, so that a test can name what happened instead of a number.
CODES = {
    "copd_dx": "13645005",
    "asthma_overlap": "10692761000119107",
    "copd_resolved": "941201000000103",
    "aecopd": "195951007",
    "exacerbation_count": "723245007",
    "lrti": "50417007",
    "breathless": "267036007",
    "cough": "49727002",
    "productive_cough": "28743005",
    "sputum": "277908001",
    "review": "394703002",
    "rescue_pack": "718241000000107",
    "mrc_3": "391124000",
    "mrc_5": "391126003",
    "mmrc_2": "1099391000000103",
    "emrc_5b": "1090021000000105",
    "cat": "446660005",
    "fev1": "59328004",
    "fev1_pct": "313223002",
    "ratio": "251944000",
    "height": "50373000",
    "weight": "27113001",
    "bmi": "60621009",
    "smoker": "77176002",
    "ex_smoker": "8517006",
    "never_smoked": "266919005",
    "eosinophils": "1022561000000101",
    "spo2": "431314004",
    "oxygen": "243137006",
    "asthma": "195967001",
    "heart_failure": "84114007",
    "hypertension": "38341003",
    "hypertension_resolved": "162659009",
    "palliative": "103735009",
    "care_home": "248171000000108",
    "housebound": "160689007",
    "housebound_ended": "760661000000106",
    "type1_optout": "827241000000103",
    "type1_withdrawn": "827261000000102",
    "pr_completed": "391130000",
    "pr_offered": "913981000000106",
    "flu_vaccine": "822851000000102",
    "severe_frailty": "925861000000102",
    "other": "271649006",
}
DRUGS = {
    "prednisolone": "42087311000001104",
    "prednisolone_earlier_id": "325427002",
    "amoxicillin": "39732411000001106",
    "azithromycin": "41942011000001100",
    "relvar": "23661411000001103",
    "trelegy": "34955111000001103",
    "tiotropium": "9479011000001103",
    "salbutamol": "39113611000001102",
    "statin": "408036003",
}

COLUMNS: dict[str, dict[str, str]] = {
    "patients": {
        "patient_id": "VARCHAR", "practice_id": "VARCHAR", "sex": "VARCHAR", "birth_year": "INTEGER",
        "birth_month": "INTEGER", "ethnicity": "VARCHAR", "imd_decile": "INTEGER",
        "registration_start": "DATE", "registration_end": "DATE", "death_date": "DATE",
    },
    "gp_events": {
        "patient_id": "VARCHAR", "event_date": "DATE", "code": "VARCHAR", "code_system": "VARCHAR",
        "value": "DOUBLE", "unit": "VARCHAR", "recorded_date": "DATE",
    },
    "prescriptions": {
        "patient_id": "VARCHAR", "issue_date": "DATE", "dmd_code": "VARCHAR", "quantity": "DOUBLE",
        "duration_days": "INTEGER", "recorded_date": "DATE",
    },
    "hospital_episodes": {
        "patient_id": "VARCHAR", "episode_id": "VARCHAR", "provider": "VARCHAR", "admission_date": "DATE",
        "episode_start": "DATE", "episode_end": "DATE", "admission_method": "VARCHAR",
        "discharge_date": "DATE", "episode_order": "INTEGER", "admission_source": "VARCHAR",
        "discharge_destination": "VARCHAR", "discharge_method": "VARCHAR", "patient_class": "VARCHAR",
        "episode_status": "INTEGER", "recorded_date": "DATE",
        **{f"diagnosis_{n:02d}": "VARCHAR" for n in range(1, 21)},
    },
    "ed_attendances": {
        "patient_id": "VARCHAR", "attendance_id": "VARCHAR", "arrival_date": "DATE",
        "departure_date": "DATE", "discharge_destination": "VARCHAR",
        **{f"diagnosis_{n:02d}": "VARCHAR" for n in range(1, 13)},
        **{f"diagnosis_qualifier_{n:02d}": "VARCHAR" for n in range(1, 13)},
    },
    "deaths": {"patient_id": "VARCHAR", "death_date": "DATE"},
    "local_flags": {"patient_id": "VARCHAR", "flag": "VARCHAR", "flag_date": "DATE"},
    "community_contacts": {
        "patient_id": "VARCHAR", "contact_date": "DATE", "service": "VARCHAR", "kind": "VARCHAR",
    },
    "app_activity": {"patient_id": "VARCHAR", "activity_date": "DATE", "kind": "VARCHAR", "value": "DOUBLE"},
}  # fmt: skip


def day(text: str | date | None) -> date | None:
    return date.fromisoformat(text) if isinstance(text, str) else text


class World:
    """Rows gathered by ``patient``, ``gp``, ``issue``, ``episode`` and so on, then built into facts."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.rows: dict[str, list[dict[str, Any]]] = {table: [] for table in COLUMNS}
        self.absent: set[str] = set()
        self.decisions: list[tuple[str, str, str]] = []  # patient, day, decision: as pathways gives them
        self.facts: clinical.ClinicalFacts | None = None

    def add(self, table: str, **values: Any) -> None:
        self.rows[table].append(values)

    def patient(self, patient: str, *, diagnosed: str | None = "2015-01-01", **values: Any) -> None:
        """A man of 66 registered since 2010 and seen in December 2025, unless told otherwise."""
        row: dict[str, Any] = {
            "practice_id": "A81001", "sex": "male", "birth_year": 1959, "birth_month": 6, "ethnicity": "A",
            "imd_decile": 4, "registration_start": "2010-01-01",
        }  # fmt: skip
        self.add("patients", patient_id=patient, **{**row, **values})
        if diagnosed:
            self.gp(patient, diagnosed, "copd_dx")
            self.gp(patient, "2025-12-30", "other")

    def gp(self, patient: str, on: str | date, what: str, value: float | None = None, **more: Any) -> None:
        row = {"code": CODES.get(what, what), "code_system": "snomed", "value": value, **more}
        self.add("gp_events", patient_id=patient, event_date=on, **row)

    def issue(self, patient: str, on: str | date, drug: str, quantity: float | None = None) -> None:
        code = DRUGS.get(drug, drug)
        self.add("prescriptions", patient_id=patient, issue_date=on, dmd_code=code, quantity=quantity)

    def course(self, patient: str, on: str | date) -> None:
        """An antibiotic and a course of prednisolone on one day."""
        self.issue(patient, on, "amoxicillin", 21)
        self.issue(patient, on, "prednisolone", 30)

    def episode(
        self, patient: str, start: str | date, end: str | date | None, *diagnoses: str, **more: Any
    ) -> None:
        """A finished hospital episode that is a whole emergency stay, unless told otherwise."""
        row: dict[str, Any] = {
            "episode_id": f"{patient}-{len(self.rows['hospital_episodes'])}", "provider": "RXX",
            "admission_date": start, "episode_start": start, "episode_end": end, "discharge_date": end,
            "admission_method": "21", "episode_order": 1, "admission_source": "19",
            "discharge_destination": "19", "discharge_method": "1", "patient_class": "1",
            "episode_status": 3,
        }  # fmt: skip
        row |= {f"diagnosis_{place:02d}": code for place, code in enumerate(diagnoses, start=1)}
        self.add("hospital_episodes", patient_id=patient, **{**row, **more})

    def attendance(self, patient: str, on: str | date, *diagnoses: str, **more: Any) -> None:
        row: dict[str, Any] = {"attendance_id": f"{patient}-{len(self.rows['ed_attendances'])}"}
        row |= {f"diagnosis_{place:02d}": code for place, code in enumerate(diagnoses, start=1)}
        self.add("ed_attendances", patient_id=patient, arrival_date=on, **{**row, **more})

    def death(self, patient: str, on: str | None) -> None:
        self.add("deaths", patient_id=patient, death_date=on)

    def flag(self, patient: str, flag: str, on: str | None = None) -> None:
        self.add("local_flags", patient_id=patient, flag=flag, flag_date=on)

    def without(self, *tables: str) -> World:
        """As if no source supplied these tables."""
        self.absent.update(tables)
        return self

    def build(
        self, index: str | None = INDEX, as_of: str | None = None, *, complete: bool = True, **settings: Any
    ) -> clinical.ClinicalFacts:
        """Load the tables and make the facts; hospital data are complete to the index by default."""
        self._load()
        codelists.load(self.engine)
        if complete and index is not None:
            settings.setdefault("hospital_complete_to", day(index))
        run_date = day(as_of or index)
        assert run_date is not None
        self.facts = clinical.build(
            self.engine, ClinicalSettings(**settings), as_of=run_date, index=day(index)
        )
        return self.facts

    def start_clock(self, as_of: str = INDEX) -> None:
        """What is due after exacerbations, by the default policy, and the answers on lists; after ``build``."""
        run_date = day(as_of)
        assert run_date is not None
        start_clock(self.engine, load_policy("risk_and_rules").follow_up, run_date)
        rows = [(patient, day(on), said) for patient, on, said in self.decisions]
        found = pd.DataFrame(rows, columns=["patient_id", "day", "decision"], dtype="object")
        days = pd.to_datetime(found["day"]).astype("datetime64[us]")
        text = {name: found[name].astype("string") for name in ("patient_id", "decision")}
        self.engine.register_frame("list_decisions", pd.DataFrame({"day": days, **text}))

    def _load(self) -> None:
        for table, types in COLUMNS.items():
            data = {name: [row.get(name) for row in self.rows[table]] for name in types}
            dates = [name for name, kind in types.items() if kind == "DATE"]
            frame = pd.DataFrame({n: [day(v) for v in c] if n in dates else c for n, c in data.items()})
            self.engine.register_frame("_rows", frame.astype(object))
            casts = ", ".join(f"CAST({name} AS {kind}) AS {name}" for name, kind in types.items())
            self.engine.create_table(table, f"SELECT {casts} FROM _rows")
        present = pd.DataFrame(
            {"table_name": list(COLUMNS), "present": [name not in self.absent for name in COLUMNS]}
        )
        self.engine.register_frame("source_tables", present)

    def features(self, *names: str) -> pd.DataFrame:
        return self.engine.frame(f"SELECT patient_id, {', '.join(names)} FROM features ORDER BY patient_id")

    def feature(self, patient: str, name: str) -> Any:
        return self.engine.scalar(f"SELECT {name} FROM features WHERE patient_id = '{patient}'")

    def on_register(self, patient: str) -> bool:
        everybody = "SELECT count(*) FROM register JOIN people USING (patient)"
        return bool(self.engine.scalar(f"{everybody} WHERE patient_id = '{patient}'"))

    def exacerbations(self, patient: str) -> list[tuple[str, str, str]]:
        """Start, end and severity of each exacerbation."""
        rows = self.engine.rows(
            "SELECT start_date, end_date, severity FROM exacerbations"
            f" WHERE patient_id = '{patient}' ORDER BY start_date"
        )
        return [(start.isoformat(), end.isoformat(), severity) for start, end, severity in rows]


def days_after(start: str, *days: int) -> list[date]:
    first = date.fromisoformat(start)
    return [first + timedelta(days=count) for count in days]
