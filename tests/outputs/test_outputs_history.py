"""Months close, are published once, are revised once, and are carried forward as they are."""

from __future__ import annotations

from datetime import date
from itertools import pairwise
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
from summary_fixture import (
    CAPACITY,
    FIRST_DAYS,
    ORGANISATIONS,
    dispositions_of,
    engine_with,
    months_before,
    people,
    stamp,
)

from copd_strat.config import SummarySettings
from copd_strat.engine import Engine
from copd_strat.errors import DisclosureError
from copd_strat.summary import period_figures
from copd_strat.summary.counts import begun_later, source_starts, unobserved
from copd_strat.summary.cube import age_band, canonical
from copd_strat.summary.periods import Due, Period, due_periods, first_open_month
from copd_strat.summary.schemas import published as contract_of
from copd_strat.summary.schemas import published_tables
from copd_strat.summary.summarise import SummaryResult, months_to_count, write_summary

PEOPLE = people(120)
MONTHS = months_before(date(2025, 11, 1), 8)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    return engine_with(tmp_path_factory.mktemp("engine"), MONTHS, PEOPLE)


def published(
    root: Path,
    engine: Engine,
    previous: Path | None,
    as_of: date,
    complete_to: date,
    *,
    seed: int = 3,
    months: int = 2,
) -> SummaryResult:
    return write_summary(
        root,
        engine,
        dispositions_of(PEOPLE, seed),
        previous,
        SummarySettings(months=months),
        stamp(f"run-{as_of}", as_of),
        complete_to=complete_to,
        capacity=CAPACITY,
    )


def facts_of(result: SummaryResult) -> pd.DataFrame:
    return result.tables["fact_indicator"].to_pandas(date_as_object=True)


@pytest.fixture(scope="module")
def nights(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Path, SummaryResult]]:
    """Four runs: the first, the next night, a month later, and when the first months are due revision."""
    root = tmp_path_factory.mktemp("runs")
    plan = [
        (date(2026, 2, 10), date(2026, 1, 31)),
        (date(2026, 2, 11), date(2026, 2, 1)),
        (date(2026, 3, 12), date(2026, 2, 28)),
        (date(2026, 4, 14), date(2026, 3, 31)),
    ]
    done: list[tuple[Path, SummaryResult]] = []
    for number, (as_of, complete_to) in enumerate(plan):
        folder = root / str(number)
        previous = done[-1][0] if done else None
        done.append((folder, published(folder, engine, previous, as_of, complete_to, seed=number)))
    return done


def test_a_month_closes_when_its_last_day_is_complete() -> None:
    assert first_open_month(date(2026, 2, 27)) == date(2026, 2, 1)
    assert first_open_month(date(2026, 2, 28)) == date(2026, 3, 1)
    assert first_open_month(date(2025, 12, 31)) == date(2026, 1, 1)


def test_the_first_run_goes_back_as_far_as_it_is_told() -> None:
    due = due_periods((), (), date(2026, 3, 31), 3)
    assert due == tuple(Due(Period("month", date(2026, month, 1)), 0) for month in (1, 2, 3))


def test_each_night_publishes_what_has_closed(nights: list[tuple[Path, SummaryResult]]) -> None:
    new = [night.new_months for _, night in nights]
    assert new == [
        (date(2025, 12, 1), date(2026, 1, 1)),
        (),
        (date(2026, 2, 1),),
        (date(2026, 3, 1),),
    ]
    assert [night.revised_months for _, night in nights] == [(), (), (), (date(2025, 12, 1),)]


def test_what_is_to_be_counted_is_known_beforehand(nights: list[tuple[Path, SummaryResult]]) -> None:
    settings = SummarySettings(months=2)
    assert months_to_count(None, settings, date(2026, 1, 31)) == (date(2025, 12, 1), date(2026, 1, 1))
    assert months_to_count(nights[0][0], settings, date(2026, 2, 1)) == ()
    assert months_to_count(nights[2][0], settings, date(2026, 3, 31)) == (date(2025, 12, 1), date(2026, 3, 1))


def test_published_rows_never_change(nights: list[tuple[Path, SummaryResult]]) -> None:
    for (earlier, _), (later, _) in pairwise(nights):
        for path in (earlier / "history" / "periods").iterdir():
            assert (later / "history" / "periods" / path.name).read_bytes() == path.read_bytes()
    first, last = facts_of(nights[0][1]), facts_of(nights[-1][1])
    kept = last[last["period_start"].isin(first["period_start"]) & (last["revision"] == 0)]
    told = ["is_latest"]  # the one thing that a revision says of the row that it replaces
    pd.testing.assert_frame_equal(kept.drop(columns=told).reset_index(drop=True), first.drop(columns=told))
    latest = last.groupby("period_key")["revision"].transform("max")
    assert last["is_latest"].equals(last["revision"] == latest)
    assert not last["is_latest"].all()


def test_a_night_on_which_nothing_closes_changes_no_figure(nights: list[tuple[Path, SummaryResult]]) -> None:
    (first, _), (second, _) = nights[:2]
    for path in sorted((first / "summary").iterdir()):
        assert (second / "summary" / path.name).read_bytes() == path.read_bytes(), path.name


def test_dispositions_begin_with_the_first_run_s_own_month(nights: list[tuple[Path, SummaryResult]]) -> None:
    for _, night in nights[:2]:
        assert not facts_of(night)["indicator_id"].str.startswith("disposition").any()
    placed = facts_of(nights[3][1]).query("indicator_id == 'people_placed'")
    assert set(placed["period_start"]) == {date(2026, 2, 1), date(2026, 3, 1)}


def test_the_last_run_of_a_month_counts(nights: list[tuple[Path, SummaryResult]]) -> None:
    kept = pq.read_table(nights[2][0] / "history" / "snapshots" / "2026-02.parquet").to_pandas()
    expected = dispositions_of(PEOPLE, 1).sort_values("patient_id")
    assert kept["disposition"].tolist() == expected["disposition"].tolist()


def test_entries_are_not_observable_without_the_month_before(
    nights: list[tuple[Path, SummaryResult]],
) -> None:
    entered = facts_of(nights[3][1]).query("indicator_id == 'clinic_entered'")
    by_month = entered.groupby("period_start")["value_status"].agg(set)
    assert by_month[date(2026, 2, 1)] == {"insufficient_data"}
    assert "insufficient_data" not in by_month[date(2026, 3, 1)]
    assert entered.query("value_status == 'insufficient_data'")["numerator"].isna().all()


def test_a_revision_stands_beside_the_first_figures(nights: list[tuple[Path, SummaryResult]]) -> None:
    december = facts_of(nights[3][1]).query("period_start == @date(2025, 12, 1)")
    first, revised = (december[december["revision"] == n] for n in (0, 1))
    assert first["is_provisional"].all()
    assert not revised["is_provisional"].any()
    assert len(first) == len(revised)
    assert revised["is_latest"].all()
    assert not first["is_latest"].any()
    assert not (nights[3][0] / "history" / "audit" / "2025-12.parquet").exists()


def test_every_key_of_a_fact_is_in_its_dimension(nights: list[tuple[Path, SummaryResult]]) -> None:
    tables = {name: table.to_pandas(date_as_object=True) for name, table in nights[3][1].tables.items()}
    relations = [
        (contract.table, column.name, *column.refers_to.split("."))
        for contract in published_tables()
        for column in contract.columns
        if column.refers_to
    ]
    assert {table for table, *_ in relations} >= {"fact_indicator", "fact_spc", "fact_data_quality"}
    for table, column, dimension, key in relations:
        assert tables[dimension][key].is_unique, dimension
        assert tables[dimension][key].notna().all()
        assert set(tables[table][column]) <= set(tables[dimension][key]), (table, column)
    fact = tables["fact_indicator"]
    assert set(fact["period_key"]) == set(tables["dim_period"]["period_key"])
    assert not fact.duplicated(list(contract_of("fact_indicator").key)).any()


def test_the_rows_of_one_level_never_count_anybody_twice(nights: list[tuple[Path, SummaryResult]]) -> None:
    """Kept to its latest rows and one level, an indicator has one row a place, period and value."""
    tables = {name: table.to_pandas() for name, table in nights[3][1].tables.items()}
    fact = tables["fact_indicator"].merge(tables["dim_org"], on="org_key")
    fact = fact[fact["is_latest"]]
    assert (fact.groupby("level")[["org_level", "breakdown_type"]].nunique() == 1).all(axis=None)
    assert not fact.duplicated(["period_key", "indicator_id", "org_code", "level", "breakdown_value"]).any()
    people_counted = fact[fact["indicator_id"] == "copd_register"]
    board = people_counted.loc[people_counted["level"] == "icb total", "numerator"].sum()
    assert people_counted["numerator"].sum() > 3 * board, "a sum over every level is plainly wrong"


def test_no_two_breakdown_values_are_called_alike(nights: list[tuple[Path, SummaryResult]]) -> None:
    """A column that is sorted by another needs one word a value: 'Not known' stood three times."""
    groups = nights[3][1].tables["dim_breakdown"].to_pandas()
    for column in ("breakdown_key", "label", "sort_order"):
        assert groups[column].is_unique, column


def test_every_organisation_has_a_name_and_says_where_it_belongs(
    nights: list[tuple[Path, SummaryResult]],
) -> None:
    places = nights[3][1].tables["dim_org"].to_pandas()
    assert places["org_name"].notna().all()
    ash = places[(places["org_name"] == "Ash") & places["is_current"]].iloc[0]
    assert (ash["parent_name"], ash["org_path"]) == ("N1", "I1 / S1 / N1 / Ash")
    assert places.loc[places["org_level"] == "icb", "parent_name"].isna().all()


def test_a_practice_that_changes_pcn_gets_a_new_version(engine: Engine, tmp_path: Path) -> None:
    moved = ORGANISATIONS.copy()
    moved.loc[0, "valid_to"] = date(2026, 1, 15)
    after = moved.loc[[0]].assign(pcn="N2", valid_from=date(2026, 1, 16), valid_to=None)
    own = engine_with(tmp_path, MONTHS[:3], PEOPLE)
    own.register_frame("organisations", pd.concat([moved, after], ignore_index=True))
    result = published(tmp_path, own, None, date(2026, 2, 10), date(2026, 1, 31))
    rows = result.tables["dim_org"].to_pandas(date_as_object=True).query("org_code == 'P1'")
    assert rows["pcn_code"].tolist() == ["N1", "N2"]
    assert rows["valid_to"].tolist() == [date(2025, 12, 31), None]
    assert rows["is_current"].tolist() == [False, True]


def test_areas_always_nest(engine: Engine, tmp_path: Path) -> None:
    """A PCN in two sub-ICBs counts as two; a practice in no table counts as unassigned, not as nobody."""
    odd = ORGANISATIONS.copy()
    odd.loc[1, "sub_icb"] = "S2"
    own = engine_with(tmp_path, MONTHS[:3], PEOPLE)
    own.register_frame("organisations", odd.drop(index=5))
    own.execute("ALTER TABLE organisations ALTER valid_to TYPE DATE")
    result = published(tmp_path, own, None, date(2026, 2, 10), date(2026, 1, 31))
    rows = result.tables["dim_org"].to_pandas()
    pcns = rows[rows["org_level"] == "pcn"].set_index("org_code")
    assert {"N1 in S1", "N1 in S2"} <= set(pcns.index)
    assert pcns.loc["N1 in S2", "sub_icb_code"] == "S2"
    assert rows.set_index("org_code").loc["P6", "icb_code"] == "unassigned"


def test_what_no_source_covers_is_never_zero(tmp_path: Path) -> None:
    own = engine_with(tmp_path, MONTHS[:3], PEOPLE)
    own.execute("UPDATE source_tables SET present = FALSE WHERE table_name = 'ed_attendances'")
    own.execute("DELETE FROM monthly_events WHERE indicator LIKE 'ed_%'")
    fact = facts_of(published(tmp_path, own, None, date(2026, 2, 10), date(2026, 1, 31)))
    ed = fact[fact["indicator_id"].isin(["ed_attendances", "ed_only_exacerbations"])]
    assert set(ed["value_status"]) == {"insufficient_data"}
    assert ed[["numerator", "denominator", "value"]].isna().all(axis=None)


@pytest.mark.parametrize(
    ("table", "indicator"),
    [("ed_attendances", "ed_attendances"), ("hospital_episodes", "copd_emergency_admissions")],
)
def test_before_a_source_begins_nothing_is_zero(tmp_path: Path, table: str, indicator: str) -> None:
    """A feed that starts in the second month says nothing of the first, nor of a year that holds it."""
    own = engine_with(tmp_path, MONTHS[:3], PEOPLE)
    own.execute(f"UPDATE {table} SET {FIRST_DAYS[table]} = DATE '{MONTHS[1]:%Y-%m}-20'")
    own.execute(f"DELETE FROM monthly_events WHERE indicator = '{indicator}'")
    fact = facts_of(published(tmp_path, own, None, date(2026, 2, 10), date(2026, 1, 31), months=3))
    rows = fact[fact["indicator_id"] == indicator]
    before = pd.to_datetime(rows["period_start"]).dt.date < MONTHS[1]
    assert set(rows.loc[before, "value_status"]) == {"insufficient_data"}
    assert rows.loc[before, ["numerator", "denominator", "value"]].isna().all(axis=None)
    assert "insufficient_data" not in set(rows.loc[~before, "value_status"])


def test_a_service_is_observed_from_its_own_first_row_on(tmp_path: Path) -> None:
    """Other services of the same table, or a table without a row, say nothing of when the clinic began."""
    own = engine_with(tmp_path, MONTHS[:3], PEOPLE)
    own.execute(
        f"UPDATE community_contacts SET contact_date = DATE '{MONTHS[1]:%Y-%m}-20'"
        " WHERE service = 'multi_professional_clinic'"
    )
    own.execute("DELETE FROM app_activity")
    starts = source_starts(own)
    assert (starts["clinic_seen"], starts["ed_attendances"]) == (MONTHS[1], MONTHS[0])
    assert {"clinic_seen", "app_registered"} <= begun_later(starts, MONTHS[0])
    assert "clinic_seen" not in begun_later(starts, MONTHS[1])
    assert "app_registered" in begun_later(starts, MONTHS[2])
    assert "clinic_seen" not in unobserved(own, has_earlier_snapshot=True, hidden_facts=())
    own.execute("UPDATE source_tables SET present = FALSE WHERE table_name = 'community_contacts'")
    assert "clinic_seen" in unobserved(own, has_earlier_snapshot=True, hidden_facts=())
    own.close()


def test_months_before_the_records_begin_are_not_published(engine: Engine, tmp_path: Path) -> None:
    result = published(tmp_path, engine, None, date(2025, 12, 10), date(2025, 11, 30), months=12)
    assert result.new_months == (date(2025, 11, 1),)


def test_nothing_is_written_for_readers_if_the_audit_fails(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> pd.DataFrame:
        raise DisclosureError("a hidden count could be worked out")

    monkeypatch.setattr(period_figures, "protect", refuse)
    with pytest.raises(DisclosureError):
        published(tmp_path, engine, None, date(2026, 2, 10), date(2026, 1, 31))
    assert not (tmp_path / "summary").exists()


def test_groups_that_are_missing_or_undeclared_stay_visible() -> None:
    assert canonical("ethnicity_group", pd.Series(["A", "white", "Z", None, "99"])).tolist() == [
        *("white", "white"),
        *("not_stated",) * 3,
    ]
    assert canonical("sex", pd.Series(["female", None, "x"])).tolist() == ["female", "unknown", "unknown"]
    assert age_band(pd.Series([35, 49.9, 50, 80, 101, None, 20])).tolist() == [
        *("35-49", "35-49", "50-59", "80+", "80+"),
        *("unknown", "unknown"),
    ]
