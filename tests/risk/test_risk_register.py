"""The nightly run's risk: features in, scores and reasons out."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from copd_strat.clinical import dictionary
from copd_strat.config import RiskSettings
from copd_strat.errors import ModelError
from copd_strat.risk.frequency import in_100
from copd_strat.risk.register import RiskResult, score_register
from copd_strat.risk.score import score_table

PRIMARY = RiskSettings(care_setting="primary_care")
HOSPITAL = RiskSettings(care_setting="hospital_clinic", gold_edition="2026")
PATIENT = {
    "age": 72.5,
    "sex": "female",
    "severe_observable": True,
    "exacerbations_12m": 2,
    "severe_exacerbations_12m": 1,
    "last_exacerbation_date": date(2026, 9, 3),
    "mrc": 4,
    "mrc_date": date(2026, 5, 5),
    "fev1_pct_predicted": 38.2,
    "fev1_pct_date": date(2024, 3, 12),
    "fev1_fvc_ratio": 0.55,
    "bmi": 24.0,
    "bmi_date": date(2026, 1, 2),
    "smoking_status": "ex",
    "lama": True,
    "laba": True,
    "ics": False,
    "statin": False,
    "home_oxygen": False,
}
SCORES = [
    *("patient_id", "risk_any_12m", "rate_any_12m", "risk_severe_12m", "rate_severe_12m"),
    *("risk_model", "risk_status", "imputed", "gold_abe", "gold_grade"),
]


def features(*changes: dict[str, object]) -> pd.DataFrame:
    names = [feature.name for feature in dictionary.features()]
    rows = [PATIENT | {"patient_id": f"p{n}"} | change for n, change in enumerate(changes)]
    return pd.DataFrame(rows).reindex(columns=names)


def one(settings: RiskSettings = PRIMARY, **change: object) -> pd.Series:
    return score_register(features(change), settings).scores.iloc[0]


def reasons_of(result: RiskResult, patient: str) -> pd.DataFrame:
    return result.reasons[result.reasons["patient_id"] == patient]


def test_scores_have_one_row_a_patient_in_order() -> None:
    scores = score_register(features({"patient_id": "z"}, {"patient_id": "a"}), PRIMARY).scores
    assert list(scores) == SCORES
    assert scores["patient_id"].tolist() == ["z", "a"]


def test_the_care_setting_chooses_the_model() -> None:
    primary, hospital = one(PRIMARY), one(HOSPITAL)
    assert (primary["risk_model"], hospital["risk_model"]) == ("accept3_cprd", "accept3")
    table = pd.DataFrame(
        [
            {
                "ID": "p0",
                "male": 0,
                "age": 72.5,
                "smoker": 0,
                "oxygen": 0,
                "statin": 0,
                "LAMA": 1,
                "LABA": 1,
                "ICS": 0,
                "FEV1": 38.2,
                "BMI": 24,
                "mMRC": 3,
                "LastYrExacCount": 2,
                "LastYrSevExacCount": 1,
            }
        ]
    )
    for row, model, country in ((primary, "accept3_cprd", None), (hospital, "accept3", "GBR")):
        expected = score_table(table, model, country=country).iloc[0]
        assert row["risk_any_12m"] == expected["predicted_exac_probability"]
        assert row["rate_severe_12m"] == expected["predicted_severe_exac_rate"]


def test_unobservable_severe_exacerbations_are_not_zero() -> None:
    for unknown in ({"severe_observable": False}, {"severe_observable": None}):
        row = one(severe_exacerbations_12m=0, **unknown)
        assert row["risk_status"] == "missing_required: severe exacerbations (not observable)"
        assert pd.isna(row["risk_severe_12m"])
        assert pd.isna(row["gold_abe"])
        assert row["gold_grade"] == 3


def test_what_is_missing_is_said_plainly() -> None:
    assert one(fev1_pct_predicted=None)["risk_status"] == "missing_required: FEV1 % predicted"
    assert one(mrc=None)["risk_status"] == "missing_required: MRC or CAT"
    assert one(sex="indeterminate")["risk_status"] == "missing_required: sex"
    assert one(mrc=None, cat=22)["risk_status"] == "scored"


def test_medicines_that_are_not_known_are_imputed_and_named() -> None:
    row = one(lama=None, statin=None, bmi=None, smoking_status="ambiguous")
    assert row["imputed"] == "LAMA, statin, BMI, smoker"
    assert row["risk_status"] == "scored"


def test_gold_group_and_edition() -> None:
    one_moderate = {"exacerbations_12m": 1, "severe_exacerbations_12m": 0, "mrc": 2}
    assert one(PRIMARY, **one_moderate)["gold_abe"] == "A"
    assert one(HOSPITAL, **one_moderate)["gold_abe"] == "E"


def test_repeated_patients_are_refused() -> None:
    with pytest.raises(ModelError, match="repeats an id"):
        score_register(features({"patient_id": "a"}, {"patient_id": "a"}), PRIMARY)


def test_an_empty_register_gives_empty_tables() -> None:
    result = score_register(features({}).iloc[:0], PRIMARY)
    assert len(result.scores) == 0
    assert list(result.scores) == SCORES
    assert len(result.reasons) == 0


def test_unscored_patients_have_no_reasons() -> None:
    result = score_register(features({}, {"mrc": None}), PRIMARY)
    assert set(result.reasons["patient_id"]) == {"p0"}


def test_reasons_read_as_a_clinician_would_write() -> None:
    result = score_register(features({}, {"mrc": None, "cat": 22, "cat_date": date(2026, 6, 30)}), PRIMARY)
    texts = reasons_of(result, "p0")["text"].tolist()
    assert texts[0] == "2 exacerbations in the last 12 months, one of them in hospital, latest 3 Sep 2026"
    assert "FEV1 38 % of predicted, measured 12 Mar 2024" in texts
    assert "breathlessness MRC 4, recorded 5 May 2026" in texts
    assert "COPD Assessment Test (CAT) 22, recorded 30 Jun 2026" in reasons_of(result, "p1")["text"].tolist()


def test_reasons_are_ordered_and_complete() -> None:
    result = score_register(features({}, {"age": 50}, {"bmi": None}), HOSPITAL)
    assert list(result.reasons) == [
        *("patient_id", "position", "group", "predictor", "text", "value", "value_date", "contribution")
    ]
    for patient in ("p0", "p1", "p2"):
        rows = reasons_of(result, patient)
        assert rows["position"].tolist() == list(range(1, 13))
        assert (np.diff(rows["contribution"].abs()) <= 0).all()
    mrc = reasons_of(result, "p0").set_index("predictor").loc["MRC"]
    assert (mrc["value"], mrc["value_date"]) == (4, pd.Timestamp(2026, 5, 5))
    guessed = reasons_of(result, "p2").set_index("predictor").loc["BMI"]
    assert guessed["text"].startswith("BMI not known, estimated as ")
    assert pd.isna(guessed["value_date"])


def test_columns_as_the_engine_hands_them_over() -> None:
    """Booleans with gaps arrive as objects, counts with gaps as floats or nullable integers."""
    typed = features({}, {"lama": None, "mrc": None, "cat": 10})
    typed["lama"] = typed["lama"].astype("boolean")
    typed["mrc"] = typed["mrc"].astype("Int32")
    typed["severe_observable"] = typed["severe_observable"].astype(bool)
    loose = features({}, {"lama": None, "mrc": None, "cat": 10})
    pd.testing.assert_frame_equal(
        score_register(typed, PRIMARY).scores, score_register(loose, PRIMARY).scores
    )


@pytest.mark.parametrize(
    ("risk", "text"),
    [
        (0.0, "less than 1 in 100"),
        (0.0049, "less than 1 in 100"),
        (0.005, "1 in 100"),
        (0.234, "23 in 100"),
        (0.994, "99 in 100"),
        (0.996, "more than 99 in 100"),
        (float("nan"), ""),
    ],
)
def test_natural_frequency(risk: float, text: str) -> None:
    assert in_100(risk) == text
