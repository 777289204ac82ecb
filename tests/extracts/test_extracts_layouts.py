"""One simulated world in every layout: the same people, the same facts, wherever a layout can carry them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest
from extract_world import AS_OF, CONTRACTS

from copd_strat import clinical, codelists, extracts
from copd_strat.config import ClinicalSettings, EngineSettings, ExtractSource
from copd_strat.engine import Engine
from copd_strat.extracts.inventory import inventory
from copd_strat.extracts.receipts import Ingested
from copd_strat.synthetic import SyntheticSettings, World, simulate_world
from copd_strat.synthetic.generate import write_world

SETTINGS = SyntheticSettings(seed=11, practices=4, register=150, others=60)
assert SETTINGS.end + timedelta(days=23) == AS_OF

_ATTENDANCES = {
    "moderate_exacerbations_12m", "ed_only_exacerbations_12m", "exacerbations_12m", "ed_attendances_12m",
    "treated_exacerbations_12m", "moderate_exacerbations_12m_excl_rescue", "exacerbations_12m_excl_rescue",
    "moderate_exacerbations_24m", "exacerbations_24m", "last_exacerbation_date", "ed_observable",
    "days_since_last_exacerbation", "exacerbation_evidence_12m", "moderate_evidence_12m",
    "currently_admitted", "unobservable", "hospital_complete_to",
}  # fmt: skip
_STAYS = {
    "moderate_exacerbations_12m", "severe_exacerbations_12m", "exacerbations_12m",
    "treated_exacerbations_12m", "moderate_exacerbations_12m_excl_rescue",
    "exacerbations_12m_excl_rescue", "moderate_exacerbations_24m",
    "severe_exacerbations_24m", "exacerbations_24m", "severe_ever", "last_exacerbation_date",
    "last_severe_date", "days_since_last_exacerbation", "exacerbation_evidence_12m", "moderate_evidence_12m",
    "emergency_copd_admissions_12m", "emergency_admissions_12m", "bed_days_12m", "readmissions_30d_12m",
    "readmissions_90d_12m", "currently_admitted", "last_discharge_date",
}  # fmt: skip

# Facts that a layout cannot carry: they may differ from the native layout's, all others may not. CPRD sends
# finished stays only and no emergency attendances; OMOP has lost the method of admission.
CANNOT_CARRY = {
    "cprd_aurum": {"practice_id", "ethnicity", *_ATTENDANCES},
    "emis": {"imd_quintile", "ethnicity"},
    "nhse": {"imd_quintile", "registration_start", "short_history"},
    "omop": {"imd_quintile", "registration_start", "short_history", *_STAYS},
    "tpp": {"imd_quintile", "ethnicity"},
}


def as_number(patient: str) -> str:
    """What a layout that wants numbers calls a person of the native one."""
    return str(int(hashlib.md5(patient.encode(), usedforsecurity=False).hexdigest()[:13], 16))


NUMBERED = ("cprd_aurum", "omop")


@dataclass(frozen=True)
class Read:
    features: pd.DataFrame
    ingested: Ingested
    present: dict[str, bool]


@pytest.fixture(scope="module")
def world() -> World:
    return simulate_world(SETTINGS)


def read(world: World, layout: str, base: Path) -> Read:
    folder = write_world(world, base, layout).extracts
    engine = Engine.open(EngineSettings(), base / "spill")
    ingested = extracts.ingest_sources(
        engine,
        (ExtractSource(layout=layout, path=folder),),  # type: ignore[arg-type]
        CONTRACTS,
        inputs=[inventory(folder)],
        zone="Europe/London",
        work=base / "work",
        quality=base / "quality",
        as_of=AS_OF,
    )
    codelists.load(engine)
    clinical.build(engine, ClinicalSettings(), as_of=AS_OF)
    features = engine.frame("SELECT * FROM features ORDER BY patient_id").set_index("patient_id")
    if layout in NUMBERED:
        native_names = {as_number(name): name for name in world.truth["patients"]["patient_id"].to_pylist()}
        features.index = features.index.map(native_names)
    present = {name: bool(there) for name, there in engine.rows("SELECT * FROM source_tables")}
    engine.close()
    return Read(features, ingested, present)


@pytest.fixture(scope="module")
def native(world: World, tmp_path_factory: pytest.TempPathFactory) -> Read:
    return read(world, "native", tmp_path_factory.mktemp("native"))


@pytest.fixture(scope="module", params=sorted(CANNOT_CARRY))
def other(
    request: pytest.FixtureRequest, world: World, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, Read]:
    return request.param, read(world, request.param, tmp_path_factory.mktemp(request.param))


def differing(left: pd.DataFrame, right: pd.DataFrame) -> dict[str, int]:
    """Column → number of people for whom it differs; a gap equals a gap only."""
    counts = {}
    for column in left.columns:
        one, two = (side[column].astype("string").reset_index(drop=True) for side in (left, right))
        counts[column] = int(((one != two) & ~(one.isna() & two.isna())).fillna(True).sum())
    return {column: count for column, count in counts.items() if count}


def test_the_native_world_lands_clean(native: Read) -> None:
    assert native.ingested.warnings == ()
    assert len(native.features) == SETTINGS.register


def test_everyone_on_the_native_register_is_found_in_the_other_layout(
    native: Read, other: tuple[str, Read]
) -> None:
    assert set(native.features.index) <= set(other[1].features.index)


def test_facts_agree_person_by_person_where_the_layout_carries_them(
    native: Read, other: tuple[str, Read]
) -> None:
    layout, found = other
    same = found.features.loc[native.features.index]
    assert differing(native.features, same).keys() <= CANNOT_CARRY[layout]


def test_what_the_layout_cannot_carry_is_said(native: Read, other: tuple[str, Read]) -> None:
    layout, found = other
    assert any(warning.startswith(f"{layout}:") for warning in found.ingested.warnings)


def test_every_row_of_every_file_is_accounted_for(other: tuple[str, Read]) -> None:
    for receipt in other[1].ingested.tables:
        for file in receipt.files:
            assert file.rows_in == file.loaded + file.quarantined + file.duplicates


def test_without_registrations_only_people_who_left_are_added(
    world: World, native: Read, other: tuple[str, Read]
) -> None:
    layout, found = other
    added = found.features.index.difference(native.features.index)
    patients = world.tables["patients"].to_pandas()
    open_ones = patients[patients["registration_end"].isna()]["patient_id"]
    assert not set(added) & set(open_ones)
    assert layout == "nhse" or added.empty
