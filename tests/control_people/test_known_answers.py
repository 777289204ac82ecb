"""The control people: their known answers come out, and one that does not is told with its rule."""

from __future__ import annotations

import dataclasses
from collections import Counter
from pathlib import Path

import pytest

from copd_strat.clinical import monthly
from copd_strat.control_people import departures, known_answers
from copd_strat.engine import interface, packaged_sql
from copd_strat.summary import indicator_events

KNOWN = known_answers._known()


def test_every_known_answer_comes_out(tmp_path: Path) -> None:
    assert [str(found) for found in departures(tmp_path)] == []


def test_each_answer_is_known_once_and_names_its_rule() -> None:
    assert Counter((line["person"], line["fact"]) for line in KNOWN).most_common(1)[0][1] == 1
    assert all(len(line["rule"]) > 5 for line in KNOWN)
    assert len(KNOWN) > 50


@pytest.mark.parametrize("line", KNOWN, ids=lambda line: f"{line['person']}-{line['fact']}")
def test_another_answer_is_a_departure(line: dict[str, str]) -> None:
    answers = {
        line["person"]: {line["fact"]: "something else", "index_date": "of whoever is on the register"}
    }
    if (line["fact"], line["expected"]) == ("register", "yes"):
        answers = {}
    (found,) = known_answers._departures(answers, [line])
    assert dataclasses.asdict(found)["expected"] == line["expected"]
    assert line["rule"] in str(found)


def test_a_stranger_on_the_register_is_a_departure() -> None:
    (found,) = known_answers._departures({"C99": {}}, [])
    assert str(found).startswith("C99: register is yes, not no")


# Query → what is read wrongly in it, and the person and fact that tell. A tired hand's slips, each of them alone silent
# in every count of rows.
FAULTS = {
    "registrations": ("CAST(ceil(patients.imd_decile / 2.0)", "6 - CAST(ceil(patients.imd_decile / 2)", "imd_quintile"),
    "smoking": ("max_by(status, event_date)", "min_by(status, event_date)", "smoking_status"),
    "frailty": ("max_by(degree, event_date)", "max(degree)", "frailty"),
    "latest_measurements": ("max_by(value, event_date)", "min_by(value, event_date)", "mrc"),
    "condition_facts": ("'heart_failure') AS", "'stroke') AS", "heart_failure"),
    "medicine_facts": ("'ics' AND last_date > $index - INTERVAL 6 MONTH", "'ics' AND TRUE", "ics"),
    "care_facts": ("INTERVAL 15 MONTH", "INTERVAL 24 MONTH", "copd_review_15m"),
    "exacerbation_facts": ("max(CASE WHEN main THEN", "min(CASE WHEN main THEN", "last_exacerbation_date"),
    "wanted_duties": ("events.event_date + rules.within", "events.began_on + rules.within", "discharge_review_due"),
    "readmissions_30d": ("days <= 30", "days <= 90", "readmissions_30d_2025-06"),
    "readmissions": ("reviews.done_on IS NOT NULL", "TRUE", "readmissions_30d_reviewed_2025-03"),
    "ed_only_exacerbations": ("'ed_only'", "'severe'", "ed_only_exacerbations_2025-04"),
    "quarter_end_care": ("INTERVAL 12 MONTH", "INTERVAL 15 MONTH", "review_coverage_2025-09"),
    "bed_days": ("least(stays.discharge_date, months.next_month)", "stays.discharge_date", "bed_days_2025-02"),
    "monthly_register": ("registration_end > $month_end", "registration_end >= $month", "age_band_2025-06"),
    "closed_duties": (" AND care_signs.day >= wanted.counts_from", "", "discharge_inhaler_check"),
}  # fmt: skip


def test_slips_in_queries_are_told_by_the_facts_they_spoil(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:

    def spoilt(package: str, name: str) -> str:
        text = packaged_sql(package, name)
        ours = package.partition(".")[0] in ("clinical", "followup", "summary")
        instead_of, slip, _ = FAULTS.get(name, ("", "", "")) if ours else ("", "", "")
        assert instead_of in text
        return text.replace(instead_of, slip) if instead_of else text

    for module in (interface, monthly, indicator_events):
        monkeypatch.setattr(module, "packaged_sql", spoilt)
    told = {found.fact for found in departures(tmp_path)}
    assert {fact for _, _, fact in FAULTS.values()} <= told
