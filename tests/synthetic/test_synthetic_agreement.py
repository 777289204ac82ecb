"""The pipeline reads from the records what the simulator knows to be true."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pandas as pd
import pytest

from copd_strat.clinical.build import build
from copd_strat.codelists.lists import load
from copd_strat.config import ClinicalSettings, EngineSettings
from copd_strat.engine import Engine
from copd_strat.synthetic import World

COUNTS = (
    "moderate_exacerbations_12m",
    "severe_exacerbations_12m",
    "ed_only_exacerbations_12m",
    "exacerbations_12m",
    "exacerbations_12m_excl_rescue",
)


@pytest.fixture(scope="module")
def compared(small_world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[pd.DataFrame]:
    """Truth and features side by side, one row a person on either's register."""
    engine = Engine.open(EngineSettings(), tmp_path_factory.mktemp("spill"))
    for name, table in small_world.tables.items():
        engine.register_frame(name, table)
    engine.execute("CREATE TABLE source_tables (table_name VARCHAR, present BOOLEAN)")
    for name in small_world.tables:
        engine.execute(f"INSERT INTO source_tables VALUES ('{name}', TRUE)")
    load(engine)
    build(engine, ClinicalSettings(), as_of=small_world.settings.end + timedelta(days=5))
    engine.register_frame("truth", small_world.truth["patients"].to_pandas().query("on_register"))
    columns = ", ".join(f"truth.{c} AS true_{c}, features.{c}" for c in COUNTS)
    yield engine.frame(
        "SELECT truth.patient_id IS NOT NULL AS expected, features.patient_id IS NOT NULL AS found, "
        f"truth.note, features.index_date, {columns} FROM truth FULL JOIN features USING (patient_id)"
    )
    engine.close()


def test_the_register_is_the_same_people(compared: pd.DataFrame) -> None:
    assert compared["expected"].all()
    assert compared["found"].all()


def test_the_index_date_is_the_last_complete_day(compared: pd.DataFrame, small_world: World) -> None:
    assert set(compared["index_date"]) == {small_world.settings.end}


def test_counts_agree_in_99_of_100_and_every_difference_is_explained(compared: pd.DataFrame) -> None:
    differs = pd.Series(False, index=compared.index)
    for column in COUNTS:
        ours, true = compared[column].astype("Float64"), compared[f"true_{column}"].astype("Float64")
        differs |= (ours.isna() != true.isna()) | (ours.fillna(-1) != true.fillna(-1))
    assert differs.mean() <= 0.01
    assert compared.loc[differs, "note"].notna().all()
