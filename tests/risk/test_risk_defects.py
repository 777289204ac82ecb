"""Known defects and traps of the authors' package, each with what is done here instead (docs/models.md)."""

from __future__ import annotations

import locale

import numpy as np
import pandas as pd
import pytest
import risk_goldens as goldens

from copd_strat.errors import ModelError
from copd_strat.risk import registry
from copd_strat.risk.models import accept
from copd_strat.risk.models.accept_models import POINT_OUTPUTS
from copd_strat.risk.score import score_table


def test_1_the_model_without_medicines_is_not_offered() -> None:
    """Its splines are swapped upstream. Missing medicines are imputed by the CPRD regressions, and named."""
    assert not [name for name in registry.MODELS if "meds" in name.lower()]
    patients = goldens.accept_inputs().head(3).assign(LAMA=np.nan, LABA=np.nan, ICS=np.nan)
    assert score_table(patients, "accept3_cprd")["imputed"].tolist() == ["LABA, ICS, LAMA"] * 3
    assert score_table(patients, "accept2")["predicted_exac_rate"].isna().all()


def test_2_repeated_ids_are_an_error_instead_of_lost_rows() -> None:
    twice = pd.concat([goldens.accept_inputs().head(1)] * 2)
    for model in ("accept1", "accept3_cprd"):
        with pytest.raises(ModelError, match="repeats an id"):
            score_table(twice, model)


def test_3_a_gap_in_one_row_does_not_touch_the_others() -> None:
    """Upstream, flexccept on a batch overwrites observed values of a column that any row lacks."""
    together = score_table(goldens.accept_inputs(), "accept3_cprd")
    for row in (0, 40, 85, 88, 93):
        alone = score_table(goldens.accept_inputs().iloc[[row]], "accept3_cprd")
        pd.testing.assert_frame_equal(alone, together.iloc[[row]])


def test_4_the_locale_changes_nothing() -> None:
    before = score_table(goldens.accept_inputs(), "accept3_cprd")
    saved = locale.setlocale(locale.LC_ALL)
    try:
        locale.setlocale(locale.LC_ALL, "C")
        after = score_table(goldens.accept_inputs(), "accept3_cprd")
    finally:
        locale.setlocale(locale.LC_ALL, saved)
    pd.testing.assert_frame_equal(before, after)


def test_5_there_is_no_argument_that_is_ignored() -> None:
    """Upstream takes and ignores names of count columns; here a table with other names is refused."""
    renamed = goldens.accept_inputs().rename(columns={"LastYrExacCount": "exacerbations_last_year"})
    with pytest.raises(ModelError, match="LastYrExacCount"):
        score_table(renamed, "accept1")


def test_6_no_outputs_with_azithromycin() -> None:
    """Upstream applies the effect on the rate to severity too, by a slip; such outputs are not offered."""
    outputs = [output for model in registry.MODELS.values() for output in model.outputs]
    assert not [output for output in outputs if "azithromycin" in output]


def test_7_a_severe_risk_above_the_any_risk_is_flagged_and_not_bent() -> None:
    golden = goldens.accept()
    scores = score_table(goldens.accept_inputs(), "accept2")
    above = scores["predicted_severe_exac_rate"] > scores["predicted_exac_rate"]
    assert scores.loc[above, "ID"].tolist() == ["P0305"]
    assert scores.loc[above, "status"].tolist() == ["severe_above_any"]
    assert not scores.loc[~above, "status"].str.contains("severe_above_any").any()
    expected = golden.loc[above, "accept2__predicted_severe_exac_rate"].to_numpy()
    np.testing.assert_allclose(scores.loc[above, "predicted_severe_exac_rate"], expected, rtol=1e-9)


def test_7_the_lowest_risk_is_zero_and_still_scored() -> None:
    """ACCEPT 2 maps low ACCEPT 1 rates to exactly 0; the severe rate stays above, which the status says."""
    lowest = (
        goldens.accept_inputs()
        .head(1)
        .assign(
            ID="low",
            male=1,
            age=90,
            smoker=1,
            oxygen=0,
            statin=0,
            LAMA=0,
            LABA=0,
            ICS=0,
            FEV1=120,
            BMI=60,
            SGRQ=0,
            LastYrExacCount=0,
            LastYrSevExacCount=0,
        )
    )
    for model in ("accept2", "accept3_cprd"):
        scores = score_table(lowest, model).iloc[0]
        assert scores["predicted_exac_rate"] == 0
        assert scores["predicted_severe_exac_rate"] > 0
        assert scores["status"] == "severe_above_any"


def test_8_the_grid_reaches_two_variances_as_shipped() -> None:
    for name in ("full", "no_sgrq"):
        effects = accept.engine(name).effects
        assert effects.z1[-1] == 2 * effects.variance_z1
        assert effects.z2[0] == -2 * effects.variance_z2


def test_9_probabilities_of_each_number_of_exacerbations_are_not_offered() -> None:
    """Upstream takes the chance of any severe exacerbation for each exacerbation's chance to be severe."""
    for model in ("accept1", "accept2", "accept3", "accept3_cprd"):
        stems = {
            output.removesuffix("_lower_PI").removesuffix("_upper_PI")
            for output in registry.model(model).outputs
        }
        assert stems == set(POINT_OUTPUTS)


def test_10_smoker_is_1_for_current_smokers_whatever_the_readme_says() -> None:
    patients = goldens.accept_inputs().head(1)
    scores = score_table(
        pd.concat([patients.assign(ID="a", smoker=1), patients.assign(ID="b", smoker=2)]), "accept1"
    )
    assert scores["status"].tolist() == ["scored", "out_of_range: smoker"]


def test_10_the_readme_s_example_gives_what_the_package_gives_today() -> None:
    """Its first sample patient in Canada: 0.5202, not the README's stale numbers."""
    scores = score_table(goldens.accept_inputs().head(1), "accept3", country="CAN")
    assert scores["predicted_exac_probability"].tolist() == [0.5202]
