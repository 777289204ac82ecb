"""Back-test, recalibration and monitoring as a site runs them, on people whose truth is known."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest
from functional_site import AS_OF, SHORT, Site, make_site

from copd_strat.contracts.own_tables import own_table
from copd_strat.pathways.policy_files import FOLDER
from copd_strat.quality.gate import judge_table
from copd_strat.risk.sealed_files import sealed, text_of

INDEX = "2025-02-28"
TABLES = ("metrics", "calibration", "decision_curve", "policies", "rankings", "analyst/predictions")


@pytest.fixture(scope="session")
def tested(people: Path, tmp_path_factory: pytest.TempPathFactory) -> Site:
    """A site with a back-test of one index date, to look at and not to change."""
    site = make_site(tmp_path_factory.mktemp("tested") / "site", people / "native", people / "truth")
    done = site.call("backtest", "--config", str(site.config), "--as-of", AS_OF, "--index", INDEX)
    assert done.returncode == 0, done.stderr
    return site


def table(site: Site, name: str) -> pd.DataFrame:
    return pd.read_parquet(site.output / "backtest" / INDEX / f"{name}.parquet")


@pytest.mark.parametrize("name", TABLES)
def test_every_table_keeps_its_contract(tested: Site, name: str) -> None:
    contract = own_table("internal", f"backtest_{Path(name).name}")
    found = duckdb.sql(f"SELECT * FROM '{tested.output}/backtest/{INDEX}/{name}.parquet'").to_arrow_table()
    assert found.num_rows
    verdict = judge_table(found.to_pandas(types_mapper=pd.ArrowDtype), contract)
    assert verdict.failures == ()


def test_outcomes_are_those_of_the_truth(tested: Site) -> None:
    """First exacerbations of the next year, by the simulator itself; a few records cannot show."""
    truth = pd.read_csv(tested.truth / "exacerbations.csv", parse_dates=["start_date"])
    after = truth[(truth["start_date"] > INDEX) & (truth["start_date"] <= "2026-02-28")]
    own = table(tested, "analyst/predictions")
    for outcome, kinds in (
        ("severe_exacerbation", {"severe"}),
        ("any_exacerbation", {"severe", "moderate", "ed_only"}),
    ):
        people = own[
            (own["outcome"] == outcome) & (own["model"] == "accept3_cprd") & (own["ended_by"] != "left")
        ]
        really = people["patient_id"].isin(after[after["severity"].isin(kinds)]["patient_id"])
        assert (really == people["observed"]).mean() > 0.97
        metrics = table(tested, "metrics").query(
            "model == 'accept3_cprd' and group_type == 'overall' and metric == 'oe_ratio'"
        )
        told = metrics[metrics["outcome"] == outcome].iloc[0]
        assert told.lower < really.mean() / people["predicted"].mean() < told.upper


def test_every_model_and_baseline_is_there(tested: Site) -> None:
    models = set(table(tested, "metrics")["model"])
    assert {
        "accept3_cprd",
        "accept3",
        "accept2",
        "accept1",
        "precisex",
        "last_year_count",
        "severe_ever",
    } <= models
    assert {"policy_risk_and_rules", "policy_rules_only", "policy_gold_abe", "policy_ncl_like"} <= models
    kinds = set(table(tested, "metrics")["group_type"])
    assert kinds == {
        "overall", "sex", "age_band", "deprivation_quintile", "ethnicity_group", "missing", "practice",
    }  # fmt: skip


def test_what_may_leave_the_site_shows_no_practice_and_no_small_number(tested: Site) -> None:
    folder = tested.output / "backtest" / INDEX
    page = (folder / "shareable.html").read_text(encoding="utf-8")
    practices = set(table(tested, "metrics").query("group_type == 'practice'")["group_value"])
    assert practices
    assert not [code for code in practices if code in page]
    assert "SYNTHETIC" in page
    cells = re.findall(r'<td class="n">([\d,]+)</td>', page)
    assert cells
    assert all(int(cell.replace(",", "")) % 5 == 0 for cell in cells)
    restricted = (folder / "backtest.html").read_text(encoding="utf-8")
    assert "Restricted" in restricted
    assert any(code in restricted for code in practices)


@pytest.mark.slow
def test_a_back_test_again_is_the_same_byte_for_byte(tested: Site) -> None:
    folder = tested.output / "backtest" / INDEX
    before = {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    done = tested.call("backtest", "--config", str(tested.config), "--as-of", AS_OF, "--index", INDEX)
    assert done.returncode == 0, done.stderr
    assert {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
    assert not [path for path in tested.output.iterdir() if path.name.startswith(".partial")]


def test_an_index_that_is_too_late_is_refused(small_site: Site) -> None:
    done = small_site.call(
        "backtest", "--config", str(small_site.config), "--as-of", AS_OF, "--index", "2025-12-31"
    )
    assert done.returncode == 2, done.stderr
    assert "cannot be seen yet" in done.stderr
    assert "START  controls" not in done.stderr, "told before anything was read"
    assert not (small_site.output / "backtest").exists()


def test_too_few_people_to_recalibrate_are_refused(tested: Site) -> None:
    done = tested.call("recalibrate", "--config", str(tested.config), "--index", INDEX)
    assert done.returncode == 15, done.stderr
    assert "too few" in done.stderr
    assert not (tested.folder / "recalibration.json").exists()


def test_evaluate_asks_for_a_question_first(small_site: Site) -> None:
    done = small_site.call("evaluate", "--config", str(small_site.config), "--as-of", AS_OF)
    assert done.returncode == 10, done.stderr
    assert "asks nothing of the clinic" in done.stderr


def level(**changes: Any) -> dict[str, Any]:
    content = {
        "kind": "recalibration",
        "model": "accept3_cprd",
        "care_setting": "primary_care",
        "indexes": ["2024-10-17"],
        "outcomes": {
            "any_exacerbation": {"intercept": 0.2, "slope": 0.8},
            "severe_exacerbation": {"intercept": 0.4, "slope": 0.9},
        },
    }
    return sealed(content) | {"signed_off_by": "A. Reader", "signed_off_on": "2026-04-01"} | changes


def with_level(site: Site, content: dict[str, Any]) -> None:
    (site.folder / "recalibration.json").write_text(text_of(content), encoding="utf-8")
    text = site.config.read_text(encoding="utf-8")
    changed = text.replace("primary_care}", "primary_care, recalibration: recalibration.json}")
    site.config.write_text(changed, encoding="utf-8")


def test_a_recalibration_changes_the_level_names_itself_and_keeps_the_order(small_site: Site) -> None:
    def patients() -> pd.DataFrame:
        run = max((small_site.output / "runs").iterdir())
        return pd.read_parquet(run / "analyst" / "patients.parquet").set_index("patient_id")

    assert small_site.run().returncode == 0
    before = patients()
    with_level(small_site, level())
    done = small_site.run()
    assert done.returncode == 0, done.stderr
    pointer = json.loads((small_site.output / "CURRENT.json").read_text(encoding="utf-8"))
    run = small_site.output / "runs" / pointer["folder"]
    after = pd.read_parquet(run / "analyst" / "patients.parquet").set_index("patient_id").loc[before.index]
    assert (before["risk_severe_12m"].rank() == after["risk_severe_12m"].rank()).equals(
        before["risk_severe_12m"].notna()
    )
    assert after["risk_severe_12m"].mean() > before["risk_severe_12m"].mean()
    manifest = json.loads((run / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["risk"]["recalibration"]["signed_off_by"] == "A. Reader"
    assert "accept3_cprd, recalibrated on 2024-10-17" in manifest["model"]
    # the report is that of the last release: it names the level from the next closed month on
    # a new level is meant: monitoring starts a new reference and warns of nothing
    assert manifest["monitoring"]["reference"]["model"] == manifest["model"]


def test_a_recalibration_nobody_signed_or_somebody_altered_is_refused_before_anything_is_read(
    small_site: Site,
) -> None:
    for content, said in (
        (level(signed_off_by=None), "nobody has signed"),
        (level(model="accept3"), "its hash says"),
    ):
        (small_site.folder / "recalibration.json").unlink(missing_ok=True)
        with_level(small_site, content)
        done = small_site.run()
        assert done.returncode == 15, done.stderr
        assert said in done.stderr
        assert "START" not in done.stderr
    assert not (small_site.output / "runs").exists()


GUARD_OFF = "guard: {max_rows_change: 1, max_disposition_change: 1}\n"


def everybody_alike(site: Site) -> None:
    """Every MRC grade in the records becomes 3, as a changed template would make it."""
    grades = "('391120009', '391123006', '391125004', '391126003')"
    for path in (site.extracts / "gp_events").glob("*.parquet"):
        changed = f"CASE WHEN code IN {grades} THEN '391124000' ELSE code END AS code"
        draft = path.with_suffix(".draft")
        duckdb.sql(f"COPY (SELECT * REPLACE ({changed}) FROM '{path}') TO '{draft}' (FORMAT parquet)")
        draft.replace(path)


def test_a_feature_that_shifts_stops_the_night(people: Path, tmp_path: Path) -> None:
    """The run guard alone sees nothing: as many events of the same concept as last night."""
    site = make_site(tmp_path / "site", people / "native", people / "truth", SHORT + GUARD_OFF)
    assert site.run().returncode == 0
    first = json.loads((site.output / "CURRENT.json").read_text(encoding="utf-8"))["folder"]
    manifest = json.loads((site.output / "runs" / first / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["monitoring"]["reference"]["since"] == AS_OF
    everybody_alike(site)
    done = site.run()
    assert done.returncode == 13, done.stderr
    assert "mrc: stability index" in done.stderr
    verdict = (site.output / "failed" / "validation.html").read_text(encoding="utf-8")
    assert "Monitoring: features, scores and tiers" in verdict
    assert json.loads((site.output / "CURRENT.json").read_text(encoding="utf-8"))["folder"] == first


def own_card() -> dict[str, Any]:
    """A scorecard of two features, as training writes them."""
    terms = [
        ("severe_exacerbations_12m", "severe exacerbations in 12 months", [0.5], [0.0, 1.5]),
        ("age", "age", [65.0], [0.0, 0.3]),
    ]
    features = [
        {"feature": name, "label": label, "group": "exacerbation history", "words": {}, "edges": edges}
        | {"log_odds": odds, "missing": 0.0, "reference": 0.0}
        for name, label, edges, odds in terms
    ]
    training = {"indexes": ["2024-01-31"], "features_version": own_table("internal", "features").version}
    return sealed(
        {"kind": "scorecard", "name": "local_severe", "title": "Local", "outcome": "severe_exacerbation"}
        | {"horizon": "12 months", "intercept": -3.0, "features": features, "training": training}
    )


def with_own_model(site: Site, card: dict[str, Any], *, tried: bool) -> None:
    """The card named by configuration and policy, and its back-test on record if it was ``tried``."""
    (site.folder / "own.json").write_text(text_of(card), encoding="utf-8")
    policy = (FOLDER / "risk_and_rules.yaml").read_text(encoding="utf-8")
    named = policy.replace("rank_by: severe", "rank_by: severe\n  model: local_severe")
    (site.folder / "policy.yaml").write_text(named, encoding="utf-8")
    text = site.config.read_text(encoding="utf-8").replace(
        "primary_care}", "primary_care, scorecards: [own.json]}"
    )
    site.config.write_text(text + "pathways: {policy: policy.yaml}\n", encoding="utf-8")
    record = site.output / "backtest" / "2025-01-31" / "backtest.json"
    record.parent.mkdir(parents=True)
    seal = card["sha256"] if tried else "of another file"
    record.write_text(
        json.dumps({"index": "2025-01-31", "own_models": {"local_severe": seal}}), encoding="utf-8"
    )


def test_an_own_model_ranks_once_it_was_tried_and_gives_its_own_reasons(small_site: Site) -> None:
    with_own_model(small_site, own_card(), tried=True)
    done = small_site.run()
    assert done.returncode == 0, done.stderr
    run = next((small_site.output / "runs").iterdir())
    manifest = json.loads((run / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["risk"]["own_model"] == own_card()["sha256"]
    assert manifest["model"].startswith("local_severe (")
    patients = pd.read_parquet(run / "analyst" / "patients.parquet")
    assert patients["risk_severe_12m"].notna().all()
    assert set(patients["risk_severe_12m"].round(6)) <= {0.047426, 0.062973, 0.182426, 0.231475}
    reasons = pd.read_parquet(run / "analyst" / "reasons.parquet")
    assert set(reasons["predictor"]) == {"severe_exacerbations_12m", "age"}


def test_an_own_model_that_was_never_tried_or_was_altered_stops_the_run(small_site: Site) -> None:
    with_own_model(small_site, own_card(), tried=False)
    done = small_site.run()
    assert done.returncode == 15, done.stderr
    assert "may not rank" in done.stderr
    (small_site.folder / "own.json").write_text(text_of(own_card() | {"intercept": -1.0}), encoding="utf-8")
    done = small_site.run()
    assert done.returncode == 15, done.stderr
    assert "not what its hash says" in done.stderr
