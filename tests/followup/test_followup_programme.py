"""Both halves against the simulated truth, and nothing but "not observable" where their tables did not come."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest
from followup_world import AS_OF, SMALL, Clock, clock

from copd_strat.followup import ProgrammePages, programme_pages
from copd_strat.followup.figures_of_programme import NOT_OBSERVABLE
from copd_strat.plan import RunStamp
from copd_strat.synthetic import World

STAMP = RunStamp(
    run_id="20260402-00000000",
    as_of=AS_OF,
    index_date=SMALL.end,
    policy="test",
    model="test",
    synthetic=True,
    title="Test",
)


def placed(night: Clock, *, since: date = date(2025, 12, 1), answers: pd.DataFrame | None = None) -> Any:
    """Everybody of the worst third on the clinic list since a day, with a place."""
    patients = night.patients.sort_values("patient_id", ignore_index=True)
    clinic = patients.index % 3 == 0
    patients["disposition"] = pd.Series(clinic).map({True: "clinic", False: "self_management"})
    patients["place"] = pd.Series(clinic).map({True: "clinic", False: None})
    history = patients[["patient_id", "disposition"]].assign(since=pd.Timestamp(since))
    columns = ["practice_id", "patient_ref", "decision", "decided_on"]
    given = pd.DataFrame(columns=columns) if answers is None else answers
    given["decided_on"] = pd.to_datetime(given["decided_on"])
    return SimpleNamespace(
        frame=lambda *names: patients[list(names)],
        history=SimpleNamespace(frame=lambda *names: history[list(names)]),
        answers=SimpleNamespace(accepted=given),
    )


@pytest.fixture(scope="module")
def pages(night: Clock) -> ProgrammePages:
    return programme_pages(night.engine, placed(night), AS_OF, night.facts.hospital_complete_to)


@pytest.fixture(scope="module")
def without(small_world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clock]:
    """A night whose sources bring neither table."""
    absent = ("community_contacts", "app_activity")
    made = clock(small_world.tables, tmp_path_factory.mktemp("without"), absent=absent)
    yield made
    made.engine.close()


def figure(
    pages: ProgrammePages, measure: str, by: str = "", group: str = ""
) -> tuple[int | None, int | None]:
    found = [f for f in pages.figures if (f.measure, f.by, f.group) == (measure, by, group)]
    assert len(found) == 1
    return found[0].n, found[0].of


@pytest.fixture(scope="module")
def app_truth(small_world: World, night: Clock) -> pd.DataFrame:
    """The truth of everybody on the register, with their group."""
    people = night.patients[["patient_id", "imd_quintile", "age"]]
    found = small_world.truth["app"].to_pandas().merge(people, on="patient_id")
    assert len(found) > 40
    return found


def test_the_funnel_equals_the_simulated_truth(pages: ProgrammePages, app_truth: pd.DataFrame) -> None:
    steps = [app_truth[f"{name}_on"].notna() for name in ("offered", "registered", "activated")]
    offered, registered, activated = (int(step.sum()) for step in steps)
    assert figure(pages, "registered") == (registered, offered)
    assert figure(pages, "activated") == (activated, registered)
    assert figure(pages, "active") == (int(app_truth["active"].sum()), activated)
    assert figure(pages, "stepped_up") == (int(app_truth["stepped_up_on"].notna().sum()), activated)
    assert 0 < activated < registered < offered


def test_the_funnel_equals_the_truth_in_every_quintile(
    pages: ProgrammePages, app_truth: pd.DataFrame
) -> None:
    known = app_truth[app_truth["imd_quintile"].notna()]
    for quintile, part in known.groupby(known["imd_quintile"].astype(int)):
        registered, offered = int(part["registered_on"].notna().sum()), len(part)
        assert figure(pages, "registered", "deprivation quintile", str(quintile)) == (registered, offered)


def test_groups_add_up_to_everybody(pages: ProgrammePages) -> None:
    for by in ("deprivation quintile", "age"):
        for measure in ("offered", "activated", "active"):
            parts = [f for f in pages.figures if f.by == by and f.measure == measure]
            assert sum(f.n or 0 for f in parts) == figure(pages, measure)[0]


def test_cat_change_counts_from_the_minimal_important_difference(
    pages: ProgrammePages, app_truth: pd.DataFrame, night: Clock
) -> None:
    change = (app_truth["cat_last"] - app_truth["cat_first"]).dropna()
    twice = night.engine.rows(
        "SELECT count(*) FROM (SELECT patient_id FROM app_activity INNER JOIN people USING (patient_id)"
        " SEMI JOIN register ON people.patient = register.patient"
        " WHERE kind = 'cat_score' GROUP BY patient_id HAVING count(*) > 1)"
    )[0][0]
    assert figure(pages, "cat_better") == (int((change <= -2).sum()), twice)
    assert figure(pages, "cat_worse") == (int((change >= 2).sum()), twice)


def test_invited_and_seen_equal_the_truth(pages: ProgrammePages, small_world: World, night: Clock) -> None:
    clinic = small_world.truth["clinic"].to_pandas().merge(night.patients[["patient_id"]], on="patient_id")
    clinic = clinic[pd.to_datetime(clinic["appointment_on"]) > pd.Timestamp(AS_OF) - pd.DateOffset(months=12)]
    people = clinic.groupby("patient_id")["came"].any()
    assert len(people) > 5
    assert figure(pages, "seen") == (int(people.sum()), len(people))


def test_an_answer_or_a_contact_is_acting_on_a_list(night: Clock) -> None:
    tonight = placed(night).frame("practice_id", "patient_ref", "disposition")
    some = tonight.query("disposition == 'clinic'").head(2)
    answers = some[["practice_id", "patient_ref"]].assign(decision="accepted", decided_on="2026-01-10")
    before = programme_pages(night.engine, placed(night), AS_OF, night.facts.hospital_complete_to)
    after = programme_pages(
        night.engine, placed(night, answers=answers), AS_OF, night.facts.hospital_complete_to
    )
    (few, listed), (more, still) = figure(before, "acted_on"), figure(after, "acted_on")
    assert listed == still
    assert few is not None
    assert few < (more or 0) <= few + 2
    lately = programme_pages(night.engine, placed(night, since=AS_OF), AS_OF, None)
    assert figure(lately, "acted_on") == (0, 0)


def test_without_both_tables_everything_is_not_observable(without: Clock) -> None:
    pages = programme_pages(without.engine, placed(without), AS_OF, without.facts.hospital_complete_to)
    assert {f.status for f in pages.figures} == {NOT_OBSERVABLE}
    assert all((f.n, f.of, f.value) == (None, None, None) for f in pages.figures)
    assert {row.status for row in pages.evidence} == {NOT_OBSERVABLE, "cannot be filled"}
    told: Any = pages.record()["programme"]
    assert {value for half in told.values() for value in half.values()} == {NOT_OBSERVABLE}
    page = pages.page(STAMP)
    assert " of " not in page.split("<h2>The clinic")[1].split("What is counted")[0]
    assert page.count(NOT_OBSERVABLE) >= len(pages.figures)


def test_the_app_alerts_are_off_and_not_observable_without_their_table(without: Clock) -> None:
    assert not set(without.found.lines["event"]) & {"app_stopped", "cat_worse"}
    assert "app_stopped" not in without.found.policy.events


def test_evidence_names_what_cannot_be_filled(pages: ProgrammePages, tmp_path: Path) -> None:
    outcomes = {row.outcome for row in pages.evidence}
    assert {"CAT", "Exacerbations", "Resource use", "Engagement and adherence", "Adverse events"} <= outcomes
    assert {row.outcome for row in pages.evidence if row.status == "cannot be filled"} >= {"EQ-5D"}
    pages.write(tmp_path, STAMP)
    written = pd.read_parquet(tmp_path / "analyst" / "hte19_evidence.parquet")
    assert len(written) == len(pages.evidence)
    assert (tmp_path / "analyst" / "programme.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
