"""Simple scores class by class, as their publications print them."""

from __future__ import annotations

import pandas as pd
import pytest

from copd_strat.errors import ModelError
from copd_strat.risk.score import score_table


def one(model: str, edition: str = "2023", **values: object) -> pd.Series:
    return score_table(pd.DataFrame([{"ID": "1"} | values]), model, edition=edition).iloc[0]


# mmrc, cat, all and severe exacerbations -> group by the edition of 2023, and of 2026
ABE = """
    0  5  0  0  A  A
    1  9  0  0  A  A
    2  5  0  0  B  B
    1 10  0  0  B  B
    1  -  0  0  A  A
    -  9  0  0  A  A
    3  -  0  0  B  B
    0  5  1  0  A  E
    2  5  1  0  B  E
    0  5  2  0  E  E
    0  5  1  1  E  E
    4 30  3  2  E  E
    -  -  2  0  E  E
    -  -  0  0  -  -
    1  5  -  0  -  -
    1  5  2  -  -  -
    1  5  1  2  -  -
"""


def _number(text: str) -> float | None:
    return None if text == "-" else float(text)


@pytest.mark.parametrize("line", ABE.strip().splitlines())
def test_gold_abe(line: str) -> None:
    mmrc, cat, exac, severe, old, new = line.split()
    row = {
        "mmrc": _number(mmrc),
        "cat": _number(cat),
        "exac": _number(exac),
        "sev_exac": _number(severe),
    }
    for edition, expected in (("2023", old), ("2026", new)):
        group = one("gold_abe", edition, **row)["gold_abe"]
        assert (pd.isna(group) and expected == "-") or group == expected


def test_gold_abe_says_what_is_missing() -> None:
    assert (
        one("gold_abe", mmrc=None, cat=None, exac=1, sev_exac=0)["status"] == "missing_required: mmrc or cat"
    )
    assert one("gold_abe", mmrc=1, cat=None, exac=None, sev_exac=0)["status"] == "missing_required: exac"


def test_gold_abe_knows_its_editions() -> None:
    with pytest.raises(ModelError, match="no edition '2019'"):
        one("gold_abe", "2019", mmrc=1, cat=5, exac=0, sev_exac=0)


@pytest.mark.parametrize(
    ("fev1pp", "grade"), [(80, 1), (79.9, 2), (50, 2), (49.9, 3), (30, 3), (29.9, 4), (None, None)]
)
def test_gold_grade(fev1pp: float | None, grade: int | None) -> None:
    got = one("gold_grade", fev1pp=fev1pp)["gold_grade"]
    assert (pd.isna(got) and grade is None) or got == grade


def test_gold_grade_needs_obstruction() -> None:
    assert one("gold_grade", fev1pp=60, fev1_fvc=0.69)["gold_grade"] == 2
    unobstructed = one("gold_grade", fev1pp=60, fev1_fvc=0.7)
    assert pd.isna(unobstructed["gold_grade"])
    assert unobstructed["status"].startswith("not_applicable")


@pytest.mark.parametrize(
    ("age", "mmrc", "fev1pp", "points"),
    [
        (40, 0, 81, 0),
        (49, 0, 80, 1),
        (50, 1, 65, 4),
        (60, 2, 64, 7),
        (69, 2, 51, 7),
        (70, 3, 50, 10),
        (79, 3, 36, 10),
        (80, 4, 35, 14),
        (95, 4, 15, 14),
    ],
)
def test_ado_updated(age: float, mmrc: float, fev1pp: float, points: int) -> None:
    assert one("ado_updated", age=age, mmrc=mmrc, fev1pp=fev1pp)["ado_updated"] == points


@pytest.mark.parametrize(
    ("bmi", "fev1pp", "mmrc", "sev_exac", "points"),
    [
        (21.1, 65, 1, 0, 0),
        (21, 64, 1, 0, 2),
        (25, 50, 2, 1, 3),
        (25, 49, 3, 2, 5),
        (25, 36, 3, 3, 6),
        (18, 35, 4, 4, 9),
    ],
)
def test_bodex(bmi: float, fev1pp: float, mmrc: float, sev_exac: float, points: int) -> None:
    assert one("bodex", bmi=bmi, fev1pp=fev1pp, mmrc=mmrc, sev_exac=sev_exac)["bodex"] == points


@pytest.mark.parametrize(
    ("model", "fev1pp", "points"),
    [("dose", 49.5, 1), ("dose", 50, 0), ("ado", 64.5, 1), ("ado", 35.5, 2), ("codex", 64.5, 1)],
)
def test_a_fraction_belongs_to_the_class_below(model: str, fev1pp: float, points: int) -> None:
    """The authors' functions fail at 49.5 (DOSE) or call 64.5 the worst class (ADO)."""
    row = {"age": 45, "mmrc": 0, "smoker": 0, "exac": 0, "sev_exac": 0, "charlson_age_adj": 0}
    scores = one(model, fev1pp=fev1pp, **row)
    assert scores[{"ado": "ado_original"}.get(model, model)] == points


@pytest.mark.parametrize(
    ("deficits", "category"),
    [(0, "fit"), (4, "fit"), (5, "mild"), (8, "mild"), (9, "moderate"), (12, "moderate"), (13, "severe")],
)
def test_efi_category_by_number_of_36_deficits(deficits: int, category: str) -> None:
    assert one("efi", efi=deficits / 36)["efi_category"] == category


@pytest.mark.parametrize(
    ("efi", "category"), [(0.12, "fit"), (0.24, "mild"), (0.36, "moderate"), (0.37, "severe")]
)
def test_efi_bounds_are_inclusive(efi: float, category: str) -> None:
    assert one("efi", efi=efi, age=80)["efi_category"] == category


def test_gli_outside_25_to_95_years_has_no_value() -> None:
    row = one("gli_global", age=20, height_m=1.7, sex=1, fev1_l=3)
    assert pd.isna(row["gli2022_fev1_pctpred"])
    assert row["status"] == "out_of_range: age"


def test_precisex_is_for_people_without_a_severe_exacerbation() -> None:
    row = {"female": 1, "age": 65, "mrc": 3, "fev1": 1.5}
    assert one("precisex", **row)["status"] == "scored"
    assert one("precisex", severe_ever=False, **row)["risk_year1"] == one("precisex", **row)["risk_year1"]
    for not_first in (True, None):
        scores = one("precisex", severe_ever=not_first, **row)
        assert pd.isna(scores["risk_year1"])
        assert scores["status"].startswith("not_applicable")


def test_precisex_counts_fev1_below_1_litre_as_1() -> None:
    row = {"female": 0, "age": 60, "mrc": 2, "fvc": 2.5, "smokingstatus": 2, "bmi": 25, "imd": 3, "bec": 0.2}
    low, one_litre = (one("precisex", fev1=fev1, **row) for fev1 in (0.7, 1.0))
    assert low["status"] == "out_of_range: fev1"
    assert one_litre["status"] == "scored"
    assert "fvc" not in low["imputed"]
    assert "hist_hosp" in low["imputed"]


def test_precisex_worked_example_of_the_aligned_names() -> None:
    """A woman of 65 with FEV1 1.5 L: 0.0279 in a year, against 0.0219 with the authors' mismatched names."""
    worked = [one("precisex", female=1, age=65, mrc=mrc, fev1=1.5)["risk_year1"] for mrc in (1, 2, 3)]
    assert any(round(risk, 4) == 0.0279 for risk in worked)
