"""How far sources are complete: by day, week or four weeks, with a bound, and who has fallen silent."""

from __future__ import annotations

import random
from datetime import date, timedelta

import pytest
from clinical_world import World

from copd_strat.clinical.completeness import GRAINS, MAX_DAYS_BEHIND_LATEST, SILENT_DAYS, estimate, silent
from copd_strat.errors import ConfigError

FRIDAY = date(2025, 10, 31)


def working_days(last: date, a_day: int, weeks: int = 30, weekend: int = 10) -> dict[date, int]:
    days = [last - timedelta(days=back) for back in range(weeks * 7)]
    return {day: a_day if day.weekday() < 5 else weekend for day in days}


def sparse_days(last: date, every: int, times: int) -> dict[date, int]:
    return {last - timedelta(days=every * step): 1 for step in range(times)}


def test_the_last_complete_day_is_before_a_half_loaded_day_and_stray_later_records() -> None:
    volume = working_days(FRIDAY, 400)
    assert estimate("gp_events", volume).complete_to == FRIDAY
    volume[date(2025, 11, 3)] = 90
    volume[date(2025, 11, 5)] = 2
    found = estimate("gp_events", volume)
    assert (found.complete_to, found.method, found.certainty) == (FRIDAY, "by day", "high")
    assert found.latest_record == date(2025, 11, 5)


def test_a_sparse_source_is_complete_unless_its_silence_is_beyond_chance() -> None:
    days = sparse_days(date(2025, 5, 31), every=30, times=6)
    found = estimate("hospital_episodes", days, quiet_to=date(2025, 8, 1))
    assert (found.complete_to, found.method) == (date(2025, 8, 1), "no silence beyond chance")
    monthly = sparse_days(date(2024, 11, 21), every=30, times=24)
    found = estimate("hospital_episodes", monthly, quiet_to=date(2025, 12, 31))
    assert (found.complete_to, found.method) == (max(monthly), "last record")
    assert estimate("hospital_episodes", {}).complete_to is None
    assert estimate("gp_events", {date(2025, 3, 3): 1}).complete_to == date(2025, 3, 3)


def test_a_source_that_thinned_out_is_judged_by_the_week_and_not_back_in_its_busy_years() -> None:
    """A small site: since mid 2023 fewer than five stays a day, so that days say nothing any more."""
    volume = working_days(date(2023, 5, 31), 9, weeks=60, weekend=6)
    chance = random.Random(5)
    day = date(2023, 6, 1)
    while day <= date(2026, 10, 31):
        volume[day] = chance.choice((1, 2, 2, 3, 4))
        day += timedelta(days=1)
    found = estimate("hospital_episodes", volume)
    assert (found.complete_to, found.method) == (date(2026, 10, 31), "by week")


def test_a_handful_of_records_a_week_is_judged_by_four_weeks() -> None:
    volume = {date(2024, 1, 3) + timedelta(days=4 * step): 1 for step in range(180)}
    found = estimate("hospital_episodes", volume)
    assert (found.method, found.complete_to) == ("by four weeks", max(volume))
    assert found.certainty == "low"


@pytest.mark.parametrize("behind", [MAX_DAYS_BEHIND_LATEST, MAX_DAYS_BEHIND_LATEST + 1])
def test_an_estimate_that_the_latest_record_contradicts_is_not_used_and_never_moved(behind: int) -> None:
    """docs/decisions.md §43."""
    volume = working_days(FRIDAY, 400)
    volume[FRIDAY + timedelta(days=behind)] = 1
    found = estimate("hospital_episodes", volume)
    if behind == MAX_DAYS_BEHIND_LATEST:
        assert found.complete_to == FRIDAY
    else:
        assert (found.complete_to, found.method, found.certainty) == (None, "none", "not known")


@pytest.mark.parametrize("seed", range(20))
def test_no_estimate_is_older_than_its_bound_or_later_than_the_latest_record(seed: int) -> None:
    """Sources of every size, cut and thinned at random: near the end, or not known."""
    chance = random.Random(seed)
    volume: dict[date, int] = {}
    level, day = chance.choice((0.05, 0.3, 1.0, 4.0, 40.0)), date(2022, 1, 1)
    for _ in range(chance.randint(1, 6)):
        level *= chance.choice((0.02, 0.2, 1.0, 1.0, 5.0))
        for _ in range(chance.randint(5, 400)):
            records = int(level) + (chance.random() < level - int(level))
            if records:
                volume[day] = records
            day += timedelta(days=1)
    found = estimate("hospital_episodes", volume)
    if found.complete_to is not None:
        assert found.latest_record == max(volume)
        assert 0 <= (max(volume) - found.complete_to).days <= MAX_DAYS_BEHIND_LATEST


def weekly(world: World, patient: str, last: date, weeks: int = 60) -> None:
    for back in range(weeks):
        for number in range(6):
            world.gp(patient, last - timedelta(days=7 * back + number), "other" if number else "review")
            world.gp(patient, last - timedelta(days=7 * back + number), "cough")


def test_a_practice_and_a_trust_that_fall_silent_are_told(world: World) -> None:
    end = date(2025, 12, 31)
    quiet = end - timedelta(days=SILENT_DAYS + 14)
    world.patient("busy", practice_id="A81001")
    weekly(world, "busy", end)
    world.patient("quiet", practice_id="B82002")
    weekly(world, "quiet", quiet)
    for provider, last in (("RXX", end), ("RYY", quiet)):
        for back in range(60 * 7):
            day = last - timedelta(days=back)
            world.episode("busy", day, day, "J441", provider=provider, admission_method="11")
    facts = world.build(gp_complete_to=end, hospital_complete_to=end)
    told = {source: [unit.name for unit in units] for source, units in facts.silent.items()}
    assert told == {"gp_events": ["B82002"], "hospital_episodes": ["RYY"]}
    assert {source.name: source.method for source in facts.completeness} == {
        "gp_events": "given", "prescriptions": "none", "hospital_episodes": "given", "ed_attendances": "none",
    }  # fmt: skip


def by_weeks(last: date, records: list[int]) -> dict[date, int]:
    """``records`` of every four weeks, the latest first, spread over their weeks."""
    weeks = [(count + 3 - week) // 4 for count in records for week in range(4)]
    return {last - timedelta(days=7 * back): count for back, count in enumerate(weeks) if count}


def test_a_small_trust_that_thinned_out_and_goes_on_is_not_silent() -> None:
    """Five stays in four weeks tell nothing: only further back was its usual volume enough to judge by."""
    end = date(2025, 12, 31)
    thinned = by_weeks(end, [8, 4, 9, 4, 6, 8, 2, 5, 4, 2, 5, 3, 3, 4, 6, 9, 10, 4, 7, 8, 9, 6, 5, 8, 10, 4])
    behind = estimate("RS1", thinned, grains=GRAINS[1:]).complete_to
    assert behind is not None
    assert (end - behind).days > SILENT_DAYS
    gone = by_weeks(end - timedelta(days=182), [8] * 20)
    assert [unit.name for unit in silent({"RS1": thinned, "RS3": gone}, end)] == ["RS3"]


def test_a_lull_of_a_small_practice_is_no_silence() -> None:
    """Weeks of one to four records with a busy clinic now and then: its quiet months are like its others."""
    end = date(2026, 3, 29)
    counts = [4, 4, 20, 2, 2, 2, 3, 1, 17, 1, 11, 1, 1, 1, 1, 16] * 6
    lull, gone = [*counts, 2, 1, 2, 1, 1, 2, 1, 1], [*counts, *[0] * 20]
    volumes = [
        {end - timedelta(days=7 * back): n for back, n in enumerate(reversed(weeks)) if n}
        for weeks in (lull, gone)
    ]
    busy = {end - timedelta(days=7 * back): 30 for back in range(100)}
    told = silent({"A81001": busy, "A81002": volumes[0], "A81003": volumes[1]}, end)
    assert [unit.name for unit in told] == ["A81003"]


def test_gp_records_that_contradict_themselves_ask_the_site(world: World) -> None:
    world.patient("p")
    for back in range(300):
        for _ in range(8):
            world.gp("p", date(2025, 1, 1) - timedelta(days=back), "other")
    with pytest.raises(ConfigError, match=r"how far the records are complete cannot be told"):
        world.build()
    assert world.build(gp_complete_to=date(2025, 12, 31)).gp_complete_to == date(2025, 12, 31)


def test_hospital_data_of_unknown_completeness_hide_severe_events(world: World) -> None:
    world.patient("p")
    for back in range(300):
        for _ in range(8):
            day = date(2024, 12, 31) - timedelta(days=back)
            world.episode("p", day, day, "S720")
    world.episode("p", "2025-12-01", "2025-12-02", "J441")
    facts = world.build(complete=False)
    assert facts.hospital_complete_to is None
    assert facts.unobservable["severe_exacerbations"] == "how far hospital_episodes is complete is not known"
    assert world.feature("p", "severe_exacerbations_12m") is None
    assert world.feature("p", "severe_ever") is True
