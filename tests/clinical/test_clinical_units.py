"""Every unit that laboratories write, in every typography: understood, or set aside and counted by name."""

from __future__ import annotations

import itertools

import pytest
from clinical_world import World

from copd_strat.clinical.dictionary import features
from copd_strat.clinical.lookups import lookups

THOUSANDS = (
    "10*9/L", "10^9/L", "x10*9/L", "x10^9/L", "10e9/L", "10⁹/L", "X 10 9 / l", "10**9/L", "×10^9/L", "Giga/L",
    "10*3/uL", "x10^3/uL", "10³/µL", "10*3/μL", "K/uL", "k/ul", "thou/uL", "10*3/mm3", "10*3/mm³",
    "10*3/cumm", "K/mm3", "1000/uL",
)  # fmt: skip
SINGLE = (
    "/uL", "/µL", "/μL", "cells/uL", "cells/µL", "Cells / uL", "/cumm", "/mm3", "/mm³", "cells/mm3", "10*6/L",
    "x10^6/L", "10⁶/L", "/mcL", "cells/mcL",
)  # fmt: skip
UNKNOWN = ("%", "g/L", "mg/dL", "10*9", "per field", "uL", "L", "/L")


def read(world: World, what: str, written: list[tuple[float, str | None]], name: str) -> list[float | None]:
    """The feature of one patient a reading."""
    for number, (value, unit) in enumerate(written):
        world.patient(f"p{number:03d}")
        world.gp(f"p{number:03d}", "2025-05-01", what, value, unit=unit)
    world.build()
    rows = world.engine.rows(f"SELECT {name} FROM features ORDER BY patient_id")
    return [value for (value,) in rows]


def cases_of(units: tuple[str, ...]) -> list[str]:
    return [form for unit in units for form in (unit, unit.upper(), unit.lower(), f" {unit} ")]


def test_thousands_and_single_cells_in_every_typography(world: World) -> None:
    thousands, single = cases_of(THOUSANDS), cases_of(SINGLE)
    found = read(
        world, "eosinophils", [(0.35, u) for u in thousands] + [(80, u) for u in single], "eosinophils"
    )
    wrong = [
        u for u, v in zip(thousands + single, found, strict=True) if v != (350 if u in thousands else 80)
    ]
    assert not wrong


def test_an_unknown_unit_sets_the_reading_aside_whatever_the_number_and_is_counted_by_name(
    world: World,
) -> None:
    numbers = (0.35, 4, 80, 350)
    written = [(value, unit) for value, unit in itertools.product(numbers, UNKNOWN)]
    assert set(read(world, "eosinophils", written, "eosinophils")) == {None}
    told = {(unit.measure, unit.unit): unit.readings for unit in world.facts.unknown_units}  # type: ignore[union-attr]
    assert told == {("eosinophil_count", unit): len(numbers) for unit in UNKNOWN}


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [
        (0.35, None, 350),
        (0.35, "none", 350),
        (350, None, 350),
        (80, None, None),
        (10, None, 10_000),
        (149, "", None),
    ],
)
def test_without_a_unit_the_size_decides_or_nothing_does(
    world: World, value: float, unit: str | None, expected: float | None
) -> None:
    """docs/decisions.md §33: a count between the two ranges cannot be read."""
    assert read(world, "eosinophils", [(value, unit)], "eosinophils") == [
        pytest.approx(expected, nan_ok=True)
    ]
    unknown = world.facts.unknown_units  # type: ignore[union-attr]
    assert [(item.measure, item.readings) for item in unknown] == (
        [] if expected is not None else [("eosinophil_count", 1)]
    )


@pytest.mark.parametrize(
    ("what", "name", "written"),
    [
        ("fev1", "fev1_litres", [(1.85, "L"), (1.85, "litres"), (1850, "mL"), (1850, None), (1850, "L")]),
        ("height", "height_cm", [(175, "cm"), (1.75, "m"), (1.75, None), (1750, "mm"), (175, None)]),
        ("ratio", "fev1_fvc_ratio", [(0.57, None), (57, "%"), (57, None), (0.57, "ratio"), (0.57, "%")]),
        ("spo2", "spo2", [(91, "%"), (91, None), (91, "percent")]),
    ],
)
def test_one_quantity_in_its_units_is_one_number(
    world: World, what: str, name: str, written: list[tuple[float, str | None]]
) -> None:
    assert set(read(world, what, written, name)) == {written[0][0]}


def test_a_spelling_has_at_most_a_rule_for_small_and_one_for_large_values() -> None:
    rows = lookups()["units"].to_pandas().fillna({"spelling": ""})
    for _, rules in rows.groupby(["measure", "spelling"]):
        assert rules["above"].isna().sum() <= 1
        assert rules["above"].notna().sum() <= 1
        assert rules["becomes"].nunique(dropna=False) == 1


def test_every_measure_and_every_feature_has_one_unit() -> None:
    measures = lookups()["measures"].to_pandas().set_index("measure")["unit"]
    units = lookups()["units"].to_pandas()
    converted = units["becomes"].fillna(units["measure"])
    assert (units["unit"] == converted.map(measures)).all()
    assert all(feature.unit for feature in features())
    told = {feature.name: feature.unit for feature in features()}
    same = {"eosinophils": "eosinophil_count", "fev1_litres": "fev1", "height_cm": "height", "bmi": "bmi",
            "fev1_fvc_ratio": "fev1_fvc_ratio", "fvc_litres": "fvc", "spo2": "spo2",
            "fev1_pct_predicted": "fev1_pct_pred"}  # fmt: skip
    assert {name: told[name] for name in same} == {name: measures[measure] for name, measure in same.items()}


def test_readings_that_cannot_be_are_counted_by_measure_and_practice(world: World) -> None:
    for n in range(6):
        world.patient(f"p{n}", practice_id="A81002" if n < 2 else "A81001")
        world.gp(f"p{n}", "2025-05-01", "spo2", 0.95 if n < 2 else 95, unit="%")
        world.gp(f"p{n}", "2025-05-01", "weight", 170, unit="kg")
        world.gp(f"p{n}", "2025-05-01", "eosinophils", 4, unit="per field")
    readings = {one.measure: one for one in world.build().readings}
    assert (readings["spo2"].readings, readings["spo2"].impossible) == (6, 2)
    assert (readings["spo2"].usual, readings["spo2"].practices) == (True, {"A81002": (2, 2)})
    assert (readings["weight"].impossible, readings["weight"].usual) == (0, False)
    assert "eosinophil_count" not in readings


def test_every_measure_with_a_usual_middle_is_a_measure_and_its_middle_can_be() -> None:
    measures = lookups()["measures"].to_pandas().set_index("measure")
    for row in lookups()["measure_medians"].to_pandas().itertuples():
        assert measures.loc[row.measure, "lowest"] <= row.lowest < row.highest
        assert row.highest <= measures.loc[row.measure, "highest"]
