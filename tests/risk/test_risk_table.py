"""``score_table``: columns, order, ids, and a status for each row."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import risk_goldens as goldens

from copd_strat.clinical import dictionary
from copd_strat.errors import ModelError
from copd_strat.risk import registry
from copd_strat.risk.models.accept_models import INTERVAL_OUTPUTS, POINT_OUTPUTS
from copd_strat.risk.score import score_table

PATIENT = {
    "ID": "a",
    "male": 1,
    "age": 70,
    "smoker": 0,
    "oxygen": 0,
    "statin": 1,
    "LAMA": 1,
    "LABA": 1,
    "ICS": 0,
    "FEV1": 50,
    "BMI": 26,
    "SGRQ": None,
    "CAT": None,
    "mMRC": 2,
    "LastYrExacCount": 2,
    "LastYrSevExacCount": 1,
}
FEATURES = {
    "patient_id": "a",
    "sex": "male",
    "age": 70,
    "smoking_status": "ex",
    "home_oxygen": False,
    "statin": True,
    "lama": True,
    "laba": True,
    "ics": False,
    "fev1_pct_predicted": 50,
    "bmi": 26,
    "mrc": 3,
    "cat": None,
    "exacerbations_12m": 2,
    "severe_exacerbations_12m": 1,
}


def table(*changes: dict[str, object]) -> pd.DataFrame:
    return pd.DataFrame([PATIENT | {"ID": str(n)} | change for n, change in enumerate(changes)])


def status_of(model: str = "accept3_cprd", **change: object) -> str:
    return score_table(table(change), model)["status"].iloc[0]


def test_columns_of_the_result() -> None:
    assert list(score_table(table({}), "accept2")) == ["ID", *INTERVAL_OUTPUTS, "status", "imputed"]
    assert list(score_table(table({}), "accept3_cprd")) == ["ID", *POINT_OUTPUTS, "status", "imputed"]


def test_feature_names_do_as_well_as_the_authors_names() -> None:
    by_features = score_table(pd.DataFrame([FEATURES]), "accept3_cprd")
    by_names = score_table(pd.DataFrame([PATIENT]), "accept3_cprd")
    pd.testing.assert_frame_equal(by_features, by_names)


def test_order_is_kept_whatever_the_index() -> None:
    patients = goldens.accept_inputs()
    straight = score_table(patients, "accept3_cprd").set_index("ID")
    shuffled = patients.sample(frac=1, random_state=3)
    scores = score_table(shuffled, "accept3_cprd")
    assert scores["ID"].tolist() == shuffled["ID"].tolist()
    pd.testing.assert_frame_equal(scores.set_index("ID"), straight.loc[shuffled["ID"]])


def test_column_order_does_not_matter() -> None:
    patients = goldens.accept_inputs()
    reordered = patients[sorted(patients.columns, reverse=True)]
    pd.testing.assert_frame_equal(score_table(patients, "accept2"), score_table(reordered, "accept2"))


def test_repeated_ids_are_an_error_that_names_nobody() -> None:
    with pytest.raises(ModelError, match=r"repeats an id in 1 row") as caught:
        score_table(table({"ID": "secret-id"}, {"ID": "secret-id"}), "accept1")
    assert "secret-id" not in str(caught.value)


def test_an_id_is_needed_everywhere() -> None:
    with pytest.raises(ModelError, match="no ID column"):
        score_table(table({}).drop(columns="ID"), "accept1")
    with pytest.raises(ModelError, match=r"'ID' is empty in 1 row"):
        score_table(table({"ID": None}), "accept1")


def test_a_missing_required_column_is_named() -> None:
    with pytest.raises(ModelError, match="FEV1, LastYrExacCount"):
        score_table(table({}).drop(columns=["FEV1", "LastYrExacCount"]), "accept3_cprd")
    with pytest.raises(ModelError, match="SGRQ or CAT or mMRC"):
        score_table(table({}).drop(columns=["SGRQ", "CAT", "mMRC"]), "accept3_cprd")


def test_an_absent_optional_column_is_imputed_and_named() -> None:
    scores = score_table(table({}).drop(columns=["BMI", "ICS"]), "accept3_cprd")
    assert scores["imputed"].tolist() == ["ICS, BMI"]
    assert scores["status"].tolist() == ["scored"]


def test_text_in_a_column_of_numbers_is_an_error_that_shows_no_value() -> None:
    with pytest.raises(ModelError, match=r"'FEV1' holds something other than a number in 1 row") as caught:
        score_table(table({"FEV1": "fifty"}, {}), "accept1")
    assert "fifty" not in str(caught.value)


def test_words_of_yes_and_no_are_read_and_blanks_are_missing() -> None:
    spelled = table({"oxygen": "TRUE"}, {"oxygen": "false"}, {"oxygen": " "}, {"oxygen": None})
    numbered = table({"oxygen": 1}, {"oxygen": 0}, {"oxygen": None}, {"oxygen": None})
    pd.testing.assert_frame_equal(score_table(spelled, "accept3_cprd"), score_table(numbered, "accept3_cprd"))


def test_an_unknown_word_is_an_error() -> None:
    with pytest.raises(ModelError, match="'smoking_status' holds an unknown word in 1 row"):
        score_table(pd.DataFrame([FEATURES | {"smoking_status": "Y"}]), "accept3_cprd")


@pytest.mark.parametrize(
    ("model", "change", "status"),
    [
        ("accept3_cprd", {}, "scored"),
        ("accept3_cprd", {"FEV1": None}, "missing_required: FEV1"),
        ("accept3_cprd", {"age": None, "FEV1": np.inf}, "missing_required: age, FEV1"),
        ("accept3_cprd", {"mMRC": None}, "missing_required: SGRQ or CAT or mMRC"),
        ("accept3_cprd", {"BMI": None}, "scored"),
        ("accept2", {"BMI": None, "LAMA": None}, "missing_required: LAMA, BMI"),
        ("accept2_noSGRQ", {"mMRC": None}, "scored"),
        ("accept3_cprd", {"age": 95, "BMI": 8}, "out_of_range: age, BMI"),
        ("accept3_cprd", {"smoker": 2}, "out_of_range: smoker"),
        ("accept3_cprd", {"LastYrExacCount": 0}, "inconsistent: LastYrSevExacCount > LastYrExacCount"),
        ("accept1", {"LastYrExacCount": 0}, "inconsistent: LastYrSevExacCount > LastYrExacCount"),
        ("accept1", {"LastYrExacCount": 1.5}, "inconsistent: LastYrExacCount is not a count"),
        ("accept1", {"LastYrSevExacCount": -1}, "inconsistent: LastYrSevExacCount is not a count"),
    ],
)
def test_status(model: str, change: dict[str, object], status: str) -> None:
    scores = score_table(table(change), model).iloc[0]
    assert scores["status"] == status
    scored = not status.startswith(("missing", "inconsistent"))
    outputs = scores[list(registry.model(model).outputs)]
    assert outputs.notna().all() if scored else outputs.isna().all()


def test_symptom_scores_go_by_row_sgrq_then_cat_then_mmrc() -> None:
    rows = table(
        {"SGRQ": 45.4, "CAT": 3, "mMRC": 0},
        {"SGRQ": None, "CAT": 10, "mMRC": 4},
        {"SGRQ": None, "CAT": None, "mMRC": 2},
    )
    alone = table({"SGRQ": 45.4, "mMRC": None}, {"SGRQ": 18.87 + 15.3, "mMRC": None}, {"SGRQ": 20.43 + 29.54})
    outputs = list(POINT_OUTPUTS)
    mixed, single = score_table(rows, "accept3_cprd")[outputs], score_table(alone, "accept3_cprd")[outputs]
    pd.testing.assert_frame_equal(mixed, single)


def test_with_feature_names_mrc_goes_before_cat() -> None:
    outputs = list(POINT_OUTPUTS)

    def scores(**change: object) -> list[float]:
        return score_table(pd.DataFrame([FEATURES | change]), "accept3_cprd")[outputs].iloc[0].tolist()

    assert scores(mrc=3, cat=35) == scores(mrc=3, cat=None)
    assert scores(mrc=None, cat=35) != scores(mrc=3, cat=None)


def test_every_model_reads_the_features_table() -> None:
    names = [feature.name for feature in dictionary.features()]
    known = {
        "fev1_litres": 1.6,
        "fvc_litres": 2.9,
        "height_cm": 171.0,
        "imd_quintile": 1,
        "eosinophils": 200.0,
    }
    known |= {
        "severe_ever": False,
        "asthma": False,
        "emergency_admissions_12m": 2,
        "charlson_age_adjusted": 4,
    }
    features = pd.DataFrame([FEATURES | known]).reindex(columns=names)
    for name, model in registry.MODELS.items():
        if name == "efi":  # the index itself is not a feature
            continue
        scores = score_table(features, name, country="GBR" if name == "accept3" else None).iloc[0]
        assert scores["status"] == "scored", name
        assert scores[list(model.outputs)].notna().all(), name


def test_precisex_codes_from_the_features_table() -> None:
    """imd: the most deprived quintile, 1, is PRECISE-X's 5; admissions and attendances become yes or no.

    The feature counts eosinophils per microlitre, PRECISE-X in 10^9/L.
    """
    base = {
        "patient_id": "a",
        "sex": "female",
        "age": 65,
        "mrc": 3,
        "fev1_litres": 1.5,
        "smoking_status": "ex",
    }
    by_feature = score_table(
        pd.DataFrame(
            [
                base
                | {
                    "imd_quintile": 1,
                    "emergency_admissions_12m": 3,
                    "ed_attendances_12m": 0,
                    "eosinophils": 350.0,
                }
            ]
        ),
        "precisex",
    )
    by_name = score_table(
        pd.DataFrame(
            [
                {
                    "ID": "a",
                    "female": 1,
                    "age": 65,
                    "mrc": 3,
                    "fev1": 1.5,
                    "smokingstatus": 2,
                    "imd": 5,
                    "hist_hosp": 1,
                    "hist_ed": 0,
                    "bec": 0.35,
                }
            ]
        ),
        "precisex",
    )
    pd.testing.assert_frame_equal(by_feature, by_name)


def test_any_kind_of_number_column_will_do() -> None:
    plain = goldens.accept_inputs().head(8)
    expected = score_table(plain, "accept3_cprd")
    for backend in ("numpy_nullable", "pyarrow"):
        converted = plain.convert_dtypes(dtype_backend=backend)
        scores = score_table(converted, "accept3_cprd")
        pd.testing.assert_frame_equal(scores.drop(columns="ID"), expected.drop(columns="ID"))


def test_an_empty_table_gives_an_empty_result() -> None:
    for name in ("accept1", "accept3_cprd", "precisex", "dose"):
        columns = ["ID", *(p.name for p in registry.model(name).predictors)]
        scores = score_table(pd.DataFrame(columns=columns), name)
        assert len(scores) == 0
        assert set(registry.model(name).outputs) < set(scores.columns)


def test_accept3_must_be_told_where() -> None:
    for told in ({}, {"country": "GBR", "observed_risk": 0.3}):
        with pytest.raises(ModelError, match="country or the observed risk"):
            score_table(table({}), "accept3", **told)
    with pytest.raises(ModelError, match="no intercept for the country 'NZL'"):
        score_table(table({}), "accept3", country="NZL")
    with pytest.raises(ModelError, match="hospital clinics"):
        score_table(table({}), "accept3", country="GBR-primary")
    with pytest.raises(ModelError, match="between 0 and 1"):
        score_table(table({}), "accept3", observed_risk=35)


def test_accept3_names_what_it_imputes() -> None:
    scores = score_table(table({"ICS": None}), "accept3", country="GBR")
    assert scores["imputed"].tolist() == ["ICS"]
    assert scores["status"].tolist() == ["scored"]


def test_an_unknown_model_is_refused_with_a_suggestion() -> None:
    with pytest.raises(ModelError, match="did you mean 'accept3_cprd'"):
        score_table(table({}), "accept3_cprf")


def test_every_model_has_a_full_card() -> None:
    wanted = {
        *("accept1", "accept2", "accept3", "accept3_cprd", "precisex", "gold_abe", "dose"),
        *("ado", "ado_updated", "bodex", "codex", "gli_global"),
    }
    assert wanted <= set(registry.MODELS)
    assert [row[0] for row in registry.list_rows()] == list(registry.MODELS)
    for name, model in registry.MODELS.items():
        card = registry.show_text(name)
        for part in ("outcome:", "horizon:", "care setting:", "source:", "licence:", "performance:"):
            assert part in card
        for predictor in model.predictors:
            assert f"    {predictor.name}: {predictor.label};" in card
