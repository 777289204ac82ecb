"""The simulated people make clinical sense, and their records hang together."""

from __future__ import annotations

import re
from datetime import date

import pandas as pd
import pytest

from copd_strat.codelists.intact_codes import verhoeff_passes
from copd_strat.synthetic import World
from copd_strat.synthetic.codes import code_of, code_table, medicine_table


def frame(world: World, table: str) -> pd.DataFrame:
    return world.tables[table].to_pandas()


def truth(world: World, table: str = "patients") -> pd.DataFrame:
    return world.truth[table].to_pandas()


def latest(world: World, code: str) -> pd.Series:
    events = frame(world, "gp_events")
    chosen = events[events["code"] == code_of(code)].sort_values("event_date")
    return chosen.groupby("patient_id")["value"].last()


def test_the_register_has_exactly_the_size_asked_for(small_world: World) -> None:
    assert truth(small_world)["on_register"].sum() == small_world.settings.register


def test_people_off_the_register_are_there_for_every_reason(small_world: World) -> None:
    patients = (
        frame(small_world, "patients").drop_duplicates("patient_id", keep="last").set_index("patient_id")
    )
    coded = frame(small_world, "gp_events")
    copd = set(coded.loc[coded["code"] == code_of("copd"), "patient_id"])
    off = set(truth(small_world).query("not on_register")["patient_id"])
    resolved = set(coded.loc[coded["code"] == code_of("copd_resolved"), "patient_id"])
    assert off & copd & set(frame(small_world, "deaths")["patient_id"])
    assert off & copd & resolved
    assert off & copd & set(patients.index[patients["birth_year"] > small_world.settings.end.year - 35])
    assert off & copd & set(patients.index[patients["registration_end"].notna()])
    assert off & set(coded.loc[coded["code"] == code_of("asthma"), "patient_id"])
    on = set(truth(small_world).query("on_register")["patient_id"])
    assert on & resolved, "someone whose diagnosis was withdrawn has it again"


def test_some_deaths_stand_in_the_death_records_alone(small_world: World) -> None:
    known = frame(small_world, "patients").dropna(subset=["death_date"])["patient_id"]
    assert set(known) < set(frame(small_world, "deaths")["patient_id"])


def test_people_who_moved_have_two_registrations_that_do_not_overlap(small_world: World) -> None:
    rows = frame(small_world, "patients").sort_values(["patient_id", "registration_start"])
    moved = rows[rows.duplicated("patient_id", keep=False)].groupby("patient_id")
    assert len(moved) > 5
    assert (moved["registration_end"].first() < moved["registration_start"].last()).all()


def test_severity_shows_in_lungs_breath_treatment_and_admissions(small_world: World) -> None:
    people = truth(small_world).query("on_register").set_index("patient_id")
    fev1 = latest(small_world, "fev1_percent").reindex(people.index)
    cat = latest(small_world, "cat").reindex(people.index)
    assert people["severity"].corr(fev1) < -0.4
    assert people["severity"].corr(cat) > 0.4
    worse = people["severity"] > people["severity"].median()
    for count in ("exacerbations_12m", "severe_exacerbations_12m", "rate_severe_12m"):
        assert people.loc[worse, count].mean() > people.loc[~worse, count].mean()
    issues = frame(small_world, "prescriptions")
    triple = [m["dmd_code"] for m in medicine_table() if m["name"] in ("trimbow", "trelegy")]
    on_triple = people.index.isin(issues.loc[issues["dmd_code"].isin(triple), "patient_id"])
    assert people.loc[on_triple, "severity"].mean() > people.loc[~on_triple, "severity"].mean() + 0.3


def test_past_exacerbations_foretell_the_next(small_world: World) -> None:
    events = truth(small_world, "exacerbations")
    people = truth(small_world).query("on_register")["patient_id"]
    year = pd.to_datetime(events["start_date"]).dt.year
    counts = pd.crosstab(events["patient_id"], year).reindex(people, fill_value=0)
    assert counts[2024].corr(counts[2025]) > 0.2


def test_exacerbations_peak_in_winter(small_world: World) -> None:
    month = pd.to_datetime(truth(small_world, "exacerbations")["start_date"]).dt.month
    assert month.isin((12, 1, 2)).sum() > 1.5 * month.isin((6, 7, 8)).sum()


def test_records_of_a_person_belong_to_a_person_and_end_with_the_extract(small_world: World) -> None:
    known = set(frame(small_world, "patients")["patient_id"])
    end = small_world.settings.end
    dated = {
        "gp_events": "event_date",
        "prescriptions": "issue_date",
        "hospital_episodes": "admission_date",
        "ed_attendances": "arrival_date",
        "deaths": "death_date",
        "local_flags": "flag_date",
    }
    for table, column in dated.items():
        rows = frame(small_world, table)
        assert set(rows["patient_id"]) <= known, table
        assert rows[column].max() <= end, table
    assert frame(small_world, "gp_events")["event_date"].max() == end
    lag = (end - frame(small_world, "hospital_episodes")["discharge_date"].dropna().max()).days
    assert small_world.settings.hospital_lag_days <= lag < small_world.settings.hospital_lag_days + 7


def test_nobody_has_records_after_death_or_before_birth(small_world: World) -> None:
    died = frame(small_world, "deaths").set_index("patient_id")["death_date"]
    born = frame(small_world, "patients").groupby("patient_id")["birth_year"].first()
    for table, column in (("gp_events", "event_date"), ("hospital_episodes", "episode_start")):
        rows = frame(small_world, table)
        ends = rows["patient_id"].map(died).dropna()
        assert (rows.loc[ends.index, column] <= ends).all()
        assert (pd.to_datetime(rows[column]).dt.year > rows["patient_id"].map(born)).all()


def test_identifiers_and_practice_codes_have_the_agreed_shapes(small_world: World) -> None:
    ids = frame(small_world, "patients")["patient_id"]
    assert ids.str.fullmatch(r"SYN[0-9A-HJKMNP-TV-Z]{10}").all()
    practices = frame(small_world, "organisations")
    assert practices["practice_id"].str.fullmatch(r"[A-Z][0-9A-Z]{4,5}").all()
    assert practices["practice_name"].str.contains("(synthetic)", regex=False).all()
    assert practices["practice_name"].str.contains("[éŷë]").any()
    for table in ("hospital_episodes", "ed_attendances"):
        key = "episode_id" if table == "hospital_episodes" else "attendance_id"
        assert frame(small_world, table)[key].is_unique


def test_every_code_is_an_intact_identifier() -> None:
    codes = [row["code"] for row in code_table()]
    codes += [
        row[column] for row in medicine_table() for column in ("dmd_code", "earlier_code") if row[column]
    ]
    assert [code for code in codes if not verhoeff_passes(code)] == []


def test_products_carry_earlier_and_present_ids(small_world: World) -> None:
    issued = set(frame(small_world, "prescriptions")["dmd_code"])
    prednisolone = next(row for row in medicine_table() if row["name"] == "prednisolone_5mg")
    assert {prednisolone["dmd_code"], prednisolone["earlier_code"]} <= issued


def test_measurements_come_in_the_units_that_practices_use(small_world: World) -> None:
    events = frame(small_world, "gp_events")
    fev1 = events[events["code"].isin((code_of("fev1"), code_of("fev1_post")))]
    assert set(fev1["unit"]) == {"L", "ml"}
    assert fev1.loc[fev1["unit"] == "ml", "value"].min() > 200
    assert fev1.loc[fev1["unit"] == "L", "value"].between(0.1, 7).all()
    ratio = events[events["code"].isin((code_of("ratio"), code_of("ratio_post")))]
    assert set(ratio["unit"]) == {"%", "ratio"}


@pytest.mark.parametrize("code", ["mrc_3", "cat", "fev1_percent"])
def test_some_records_are_too_thin_to_hold_a_measurement(small_world: World, code: str) -> None:
    register = set(truth(small_world).query("on_register")["patient_id"])
    assert register - set(latest(small_world, code).index)


def test_a_stay_ends_once_and_some_stays_go_on_elsewhere(small_world: World) -> None:
    episodes = frame(small_world, "hospital_episodes")
    finished = episodes[episodes["episode_status"] == "3"]
    ends = finished.groupby(["patient_id", "provider", "admission_date"])["discharge_date"].count()
    assert (ends == 1).all()
    transfers = episodes[episodes["admission_source"] == "51"]
    assert set(transfers["admission_method"]) <= {"81", "2B"}
    assert len(transfers) > 3
    assert episodes.loc[episodes["episode_status"] == "1", "episode_end"].isna().all()


def test_the_code_for_an_exacerbation_may_stand_fourth_in_the_second_episode(small_world: World) -> None:
    episodes = frame(small_world, "hospital_episodes")
    assert (episodes.query("episode_order >= 2")["diagnosis_04"] == "J440").any()
    coded = episodes.filter(regex="^diagnosis").stack()
    assert (coded == "J440").sum() > 3 * (coded == "J441").sum()
    assert not any(re.search(r"\.", code) for code in coded.dropna())


def test_an_attendance_that_leads_to_a_stay_is_on_its_first_day_or_the_day_before(small_world: World) -> None:
    visits = frame(small_world, "ed_attendances").query(
        f"discharge_destination == '{code_of('ed_admitted')}'"
    )
    stays = frame(small_world, "hospital_episodes")[["patient_id", "admission_date"]].drop_duplicates()
    joined = visits.merge(stays, on="patient_id")
    days = (pd.to_datetime(joined["admission_date"]) - pd.to_datetime(joined["arrival_date"])).dt.days
    assert joined[days.isin((0, 1))]["attendance_id"].nunique() == len(visits)


def test_long_term_azithromycin_is_issued_monthly(small_world: World) -> None:
    issues = frame(small_world, "prescriptions")
    azithromycin = next(row for row in medicine_table() if row["name"] == "azithromycin")
    mine = issues[issues["dmd_code"].isin((azithromycin["dmd_code"], azithromycin["earlier_code"]))]
    gaps = (
        pd.to_datetime(mine.sort_values("issue_date")["issue_date"])
        .groupby(mine["patient_id"])
        .diff()
        .dt.days
    )
    assert len(gaps.dropna()) > 3
    assert gaps.dropna().between(21, 45).all()


def test_the_truth_starts_no_exacerbation_within_fourteen_days_of_the_last(small_world: World) -> None:
    events = truth(small_world, "exacerbations").sort_values(["patient_id", "start_date"])
    start, end = pd.to_datetime(events["start_date"]), pd.to_datetime(events["end_date"])
    gap = (start - end.groupby(events["patient_id"]).shift()).dt.days.dropna()
    assert gap.min() == 15


def test_counts_a_person_are_those_of_the_listed_exacerbations(small_world: World) -> None:
    people = truth(small_world).query("on_register").set_index("patient_id")
    events = truth(small_world, "exacerbations")
    end = small_world.settings.end
    inside = events[
        events["start_date"].between(date(end.year - 1, end.month, end.day), end, inclusive="right")
    ]
    for severity, column in (
        ("severe", "severe_exacerbations_12m"),
        ("ed_only", "ed_only_exacerbations_12m"),
    ):
        counted = inside[inside["recorded_severity"] == severity].groupby("patient_id").size()
        expected = counted.reindex(people.index, fill_value=0)
        assert (people[column] == expected).all()
    assert people["exacerbations_12m"].sum() > 0.5 * len(people)


def test_every_noted_person_has_a_reason_and_they_are_few(small_world: World) -> None:
    register = truth(small_world).query("on_register")
    assert register["note"].notna().mean() < 0.06
