"""One cause is one finding: what follows from it stands below it, and two causes stay two."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from copd_strat.config import GuardSettings
from copd_strat.quality.causes import Evidence, find_causes
from copd_strat.quality.findings import Finding, Level, RuleResult, SuiteResult
from copd_strat.quality.guard import Figures
from copd_strat.quality.guard_changes import Movement

PARTS = {f"gp_events/part_0{n}.parquet": 10_000 for n in range(1, 7)}
LAST: dict[str, Any] = {
    "tables": {"native.patients": 1000, "native.gp_events": 60_000, "native.prescriptions": 50_000},
    "files": {
        "native.patients": {"patients.csv": 1000},
        "native.gp_events": PARTS,
        "native.prescriptions": {"prescriptions.csv": 50_000},
    },
    "patients": 1000,
}


def tonight(
    patients: int = 1000, events: int = 60_000, prescriptions: int = 50_000, **files: dict[str, int]
) -> Figures:
    tables = {"native.patients": patients, "native.gp_events": events, "native.prescriptions": prescriptions}
    return Figures(
        tables=tables,
        files=LAST["files"] | {f"native.{table}": rows for table, rows in files.items()},
        patients=patients,
        practices={},
        months={},
        latest=None,
    )


def causes(
    figures: Figures | None = None,
    *movements: Movement,
    broken: tuple[RuleResult, ...] = (),
    linkage: tuple[Finding, ...] = (),
) -> tuple[Finding, ...]:
    return find_causes(
        Evidence(
            suites=(SuiteResult(name="extracts", results=broken),),
            movements=movements,
            tonight=figures or tonight(),
            last=LAST,
            settings=GuardSettings(),
            linkage=linkage,
            people=frozenset({"native.patients"}),
            feeding={
                name: frozenset({f"native.{name}"}) for name in ("patients", "gp_events", "prescriptions")
            },
        )
    )


def moved(code: str, subject: str, before: float, now: float, **part: Any) -> Movement:
    level: Level = part.pop("level", "fail")
    return Movement(code=code, level=level, subject=subject, before=before, now=now, **part)


def rule(
    table: str, check: str, column: str = "patient_id", level: Level = "fail", **observed: float
) -> RuleResult:
    return RuleResult(
        code=f"native.{table}.{column}.{check}",
        table=f"native.{table}",
        level=level,
        success=False,
        description=f"Rows that break {check}.",
        fix=f"correct {column}",
        column=column,
        check=check,
        observed={"breaking": 200.0, "rows": 1000.0, "share": 0.2, "tolerated_rows": 50.0} | observed,
    )


MONTHS = tuple(f"2025-{month:02d}" for month in range(1, 13))


def test_a_halved_file_is_one_finding_with_its_rows() -> None:
    halved = dict.fromkeys(PARTS, 5000)
    found = causes(
        tonight(events=30_000, gp_events=halved),
        moved("GRD02", "native.gp_events", 60_000, 30_000),
        *(moved("GRD07", "gp_events", 5_000, 2_500, month=month) for month in MONTHS),
        *(moved("GRD06", "gp_events", 5_000, 2_400, month=month) for month in MONTHS),
        *(moved("GRD05", "gp_events", 400, 100, practice=f"A8100{n}") for n in range(4)),
    )
    assert len(found) == 1
    assert found[0].exit_code == 13
    assert "30,000 accepted rows tonight, 60,000 last night" in found[0].sentence
    assert "file gp_events/part_01.parquet has 5,000 rows tonight, 10,000 last night" in found[0].sentence
    assert len(found[0].effects) == 28


def test_one_short_part_is_named_though_its_table_is_within_the_limit() -> None:
    short = PARTS | {"gp_events/part_03.parquet": 4_000}
    found = causes(
        tonight(events=54_000, gp_events=short), moved("GRD07", "gp_events", 4_000, 0, month="2025-03")
    )
    assert [one.subject for one in found] == ["gp_events/part_03.parquet"]
    assert "4,000 rows tonight, 10,000 last night" in found[0].sentence
    assert found[0].figures == {"before": 10_000, "tonight": 4_000}


def test_a_month_gone_from_every_part_is_a_month() -> None:
    thinner = dict.fromkeys(PARTS, 9800)
    found = causes(
        tonight(events=58_800, gp_events=thinner),
        moved("GRD07", "gp_events", 1_200, 0, month="2025-03"),
        moved("GRD06", "gp_events", 1_250, 0, month="2025-03"),
    )
    assert [(one.cause, one.sentence) for one in found] == [
        ("a month has too few records", "gp_events in 2025-03: 0 records tonight, 1,200 last night")
    ]


def test_a_month_that_two_tables_lack_is_one_finding() -> None:
    (found,) = causes(
        None,
        moved("GRD07", "gp_events", 990, 0, month="2025-06"),
        moved("GRD06", "prescriptions", 1_900, 10, month="2025-06"),
    )
    assert found.subject == "gp_events, prescriptions"
    assert "gp_events in 2025-06: 0 records tonight, 990 last night" in found.sentence
    assert "prescriptions in 2025-06: 10 records tonight" in found.sentence


def test_rows_that_came_and_are_nobodys_fall_with_the_patients() -> None:
    """Half the patients are gone, and of some months more than half: every row of the events came all the same."""
    (found,) = causes(
        tonight(patients=350),
        moved("GRD03", "patients", 1000, 350),
        moved("GRD02", "native.gp_events", 60_000, 9_000),
        moved("GRD07", "gp_events", 460, 85, month="2023-06"),
        broken=(rule("gp_events", "known_patient", share=0.85),),
    )
    assert found.cause == "the number of patients has changed"
    assert len(found.effects) == 3


def test_months_that_differ_between_tables_stay_two_findings() -> None:
    found = causes(
        None,
        moved("GRD07", "gp_events", 990, 0, month="2025-06"),
        moved("GRD07", "prescriptions", 1_900, 10, month="2025-09"),
    )
    assert [one.subject for one in found] == ["gp_events", "prescriptions"]


def test_files_named_by_their_date_are_told_apart_by_order() -> None:
    last = dict(LAST, files=LAST["files"] | {"native.gp_events": {"gp_events_0409.csv": 60_000}})
    figures = tonight(events=30_000, gp_events={"gp_events_0410.csv": 30_000})
    evidence = Evidence(
        suites=(),
        movements=(moved("GRD02", "native.gp_events", 60_000, 30_000),),
        tonight=figures,
        last=last,
        settings=GuardSettings(),
        people=frozenset(),
        feeding={},
    )
    assert "file gp_events_0410.csv has 30,000 rows tonight, 60,000 last" in find_causes(evidence)[0].sentence


def test_damaged_people_explain_unknown_people_and_thinner_tables() -> None:
    found = causes(
        tonight(patients=800, events=48_000),
        moved("GRD02", "native.gp_events", 60_000, 48_000, level="warn"),
        moved("GRD03", "patients", 1000, 800, level="warn"),
        broken=(
            rule("gp_events", "known_patient"),
            rule("prescriptions", "known_patient"),
            rule("patients", "minimum", "birth_year"),
            rule("patients", "readable", "birth_year", share=0.1),
        ),
    )
    assert [(one.subject, one.exit_code) for one in found] == [("native.patients.birth_year", 12)]
    assert found[0].sentence.startswith(
        "native.patients, column birth_year: 200 of 1,000 rows break its contract (20 %; 50 are allowed)"
    )
    assert found[0].codes == ("native.patients.birth_year.minimum", "native.patients.birth_year.readable")
    assert len(found[0].effects) == 4


def test_unknown_people_without_a_cause_among_people_are_one_finding() -> None:
    found = causes(broken=(rule("gp_events", "known_patient"), rule("prescriptions", "known_patient")))
    assert [one.subject for one in found] == ["native.gp_events, native.prescriptions"]
    assert "20 % of the rows of native.gp_events (200 of 1,000)" in found[0].sentence


def unlinked(cause: str, table: str = "native.gp_events") -> Finding:
    return Finding(
        cause=cause, subject=table, weight="stop", sentence=f"{table}: 3 of 900 patients are known"
    )


def test_a_table_that_joins_with_nobody_explains_what_is_missing_from_it() -> None:
    found = causes(
        tonight(events=0),
        moved("GRD02", "native.gp_events", 60_000, 0),
        moved("GRD07", "gp_events", 5_000, 0, month="2025-03"),
        broken=(rule("gp_events", "known_patient", share=1.0),),
        linkage=(unlinked("ids are written in two ways"),),
    )
    assert [(one.cause, len(one.effects)) for one in found] == [("ids are written in two ways", 3)]


def test_a_table_about_other_people_is_no_cause_where_the_people_are_missing() -> None:
    found = causes(
        tonight(patients=400),
        moved("GRD03", "patients", 1000, 400),
        broken=(rule("gp_events", "known_patient", share=0.6),),
        linkage=(unlinked("a table is about other people"),),
    )
    assert [(one.cause, len(one.effects)) for one in found] == [("the number of patients has changed", 2)]


def test_a_gone_practice_explains_its_patients_and_its_records() -> None:
    found = causes(
        tonight(patients=750, events=45_000, prescriptions=37_500),
        moved("GRD04", "patients", 250, 0, practice="A81003"),
        moved("GRD03", "patients", 1000, 750),
        moved("GRD02", "native.prescriptions", 50_000, 37_500, level="warn"),
        moved("GRD07", "gp_events", 5_000, 3_750, month="2025-03", level="warn"),
        broken=(rule("gp_events", "known_patient"),),
    )
    assert [one.cause for one in found] == ["a practice has gone"]
    assert "practice A81003 has 0 patients tonight, 250 last night" in found[0].sentence
    assert len(found[0].effects) == 4


def test_two_causes_are_two_findings() -> None:
    """A practice that has gone takes a quarter of the events with it, not nine tenths of them."""
    found = causes(
        tonight(patients=750, events=6_000),
        moved("GRD04", "patients", 250, 0, practice="A81003"),
        moved("GRD02", "native.gp_events", 60_000, 6_000),
        broken=(rule("prescriptions", "maximum", "quantity"),),
    )
    assert {one.cause for one in found} == {
        "a contract is broken",
        "a practice has gone",
        "a table has changed in size",
    }
    assert {one.exit_code for one in found} == {12, 13}


def test_what_only_warns_explains_nothing_that_stops() -> None:
    found = causes(
        tonight(events=30_000),
        moved("GRD02", "native.gp_events", 60_000, 30_000),
        broken=(rule("gp_events", "pattern", "code", level="warn"),),
    )
    assert [(one.weight, one.subject) for one in found] == [
        ("stop", "native.gp_events"),
        ("warn", "native.gp_events.code"),
    ]


def test_rows_that_were_set_aside_came_in_all_the_same() -> None:
    """Fewer accepted rows of a table whose rows break its contract are that contract's effect."""
    found = causes(
        tonight(events=30_000),
        moved("GRD02", "native.gp_events", 60_000, 30_000),
        broken=(rule("gp_events", "readable", "event_date", share=0.5),),
    )
    assert [one.subject for one in found] == ["native.gp_events.event_date"]


def test_lost_rows_stand_before_all_else() -> None:
    lost = RuleResult(
        code="GATE02",
        table="native.gp_events: gp_events/part_01.parquet",
        level="fail",
        success=False,
        description="A file whose rows were neither loaded, nor quarantined, nor counted as duplicates.",
        fix="report it",
        observed={"rows_in": 10_000, "loaded": 8_572, "quarantined": 0, "duplicates": 0},
    )
    found = causes(
        tonight(events=52_000),
        moved("GRD02", "native.gp_events", 60_000, 52_000, level="warn"),
        broken=(lost,),
    )
    assert [one.cause for one in found] == ["counts do not add up"]
    assert "gp_events/part_01.parquet: rows in 10,000, loaded 8,572, quarantined 0" in found[0].sentence
    assert len(found[0].effects) == 1


@pytest.mark.parametrize(
    ("code", "cause"),
    [
        ("GRD01", "the extract is old"),
        ("GRD08", "concepts have changed"),
        ("GRD09", "dispositions have changed"),
    ],
)
def test_every_other_kind_is_one_finding(code: str, cause: str) -> None:
    found = causes(None, moved(code, "one", 300, 100), moved(code, "two", 300, 200))
    assert [one.cause for one in found] == [cause]


def no_rows_accepted(table: str = "gp_events") -> RuleResult:
    return RuleResult(
        code="GATE01",
        table=f"native.{table}",
        level="fail",
        success=False,
        description="A needed table of which no row was accepted.",
        fix="look in the quarantine",
        observed={"rows": 60_000, "accepted": 0},
    )


@pytest.mark.parametrize("why", ["spelling", "dates", "unknown people"])
def test_a_table_without_accepted_rows_is_an_effect_of_what_refused_them(why: str) -> None:
    broken = {
        "spelling": (),
        "dates": (rule("gp_events", "readable", "event_date", share=1.0),),
        "unknown people": (rule("gp_events", "known_patient", share=1.0),),
    }[why]
    linkage = (unlinked("ids are written in two ways"),) if why == "spelling" else ()
    (found,) = causes(
        tonight(events=0),
        moved("GRD02", "native.gp_events", 60_000, 0),
        broken=(no_rows_accepted(), *broken),
        linkage=linkage,
    )
    assert found.codes != ("GATE01",)
    assert any("(GATE01)" in effect for effect in found.effects)
    assert any("60,000" in effect for effect in found.effects)


def test_a_table_without_accepted_rows_alone_is_a_cause() -> None:
    found = causes(broken=(no_rows_accepted(), rule("prescriptions", "maximum", "quantity")))
    assert [one.subject for one in found] == ["native.gp_events", "native.prescriptions.quantity"]


def test_a_missing_file_stands_before_all_that_its_table_lacks() -> None:
    five = {name: rows for name, rows in PARTS.items() if not name.endswith("part_03.parquet")}
    reach = Finding(cause="people have no records", subject="native.gp_events", weight="stop", sentence="few")
    found = causes(
        tonight(events=20_000, gp_events=five),
        moved("GRD02", "native.gp_events", 60_000, 20_000),
        moved("GRD07", "gp_events", 5_000, 2_500, month="2025-03"),
        moved("GRD14", "native.gp_events", 6, 5),
        moved("GRD09", "clinic", 300, 100),
        linkage=(reach,),
    )
    assert [one.cause for one in found] == ["a file is missing", "dispositions have changed"]
    assert found[0].subject == "native.gp_events: gp_events/part_03.parquet"
    assert "5 file(s) tonight, 6 last night: file gp_events/part_03.parquet is missing" in found[0].sentence
    assert "guard.let_through: [GRD14]" in found[0].fix
    assert len(found[0].effects) == 3


def unread(column: str, share: float, kind: str = "a date", level: Level = "fail") -> RuleResult:
    found = rule("gp_events", "readable", column, level, share=share)
    return replace(found, description=f"Rows whose {column} is not {kind}.", fix=f"export {column} as {kind}")


def test_dates_that_are_written_otherwise_are_one_cause() -> None:
    dates = unread("event_date", 1.0), unread("entered", 0.99), unread("entered", 0.99, level="warn")
    late = rule("gp_events", "not_future", "entered", share=0.6)
    (found,) = causes(broken=(*dates, late))
    assert found.subject == "native.gp_events.event_date, entered"
    assert "columns event_date, entered" in found.sentence
    assert found.fix == "export event_date as a date; likewise entered"


@pytest.mark.parametrize(
    "other",
    [
        unread("value", 1.0, "a number"),
        unread("entered", 0.2),
        rule("gp_events", "unique", "entered", share=1.0),
    ],
)
def test_columns_that_break_for_other_reasons_are_causes_of_their_own(other: RuleResult) -> None:
    assert len(causes(broken=(unread("event_date", 1.0), other))) == 2


def test_people_without_records_are_a_cause_where_nothing_else_is() -> None:
    reach = Finding(cause="people have no records", subject="native.gp_events", weight="stop", sentence="few")
    assert [one.cause for one in causes(linkage=(reach,))] == ["people have no records"]


def test_the_fix_names_every_key_that_a_meant_change_needs() -> None:
    """Kept from a file let through by one key, whose table then stopped the night for its size."""
    three = {"gp_events/part_01.parquet": 10_000}
    (found,) = causes(
        tonight(events=10_000, gp_events=three),
        moved("GRD14", "native.gp_events", 6, 1),
        moved("GRD02", "native.gp_events", 60_000, 10_000),
        moved("GRD06", "gp_events", 5_000, 900, month="2025-03"),
        moved("GRD08", "gp_events", 5_000, 900, level="warn"),
        linkage=(reach_fell(),),
    )[:1]
    asked = "guard.max_rows_change: 0.84 and guard.min_month_share: 0 and guard.let_through: [GRD14, GRD16]"
    assert found.fix.endswith(f"if the change is meant, set {asked} for one night (docs/run-guard.md)")


def test_a_practice_gone_is_let_through_by_the_value_that_lets_it() -> None:
    (found,) = causes(tonight(patients=700), moved("GRD04", "patients", 300, 0, practice="A81001"))
    assert "guard.max_patients_change: 1 for one night" in found.fix


def test_what_more_than_doubled_is_let_through_by_its_code() -> None:
    (found,) = causes(None, moved("GRD09", "clinic", 100, 250), moved("GRD09", "not_listed", 100, 30))
    asked = "guard.max_disposition_change: 0.7 and guard.let_through: [GRD09]"
    assert f"set {asked} for one night" in found.fix


def test_one_cause_does_not_let_through_another() -> None:
    found = causes(None, moved("GRD01", "GP records", 45, 90), moved("GRD09", "clinic", 300, 100))
    keys = {one.cause: one.fix.split("set ")[1].split(" for one")[0] for one in found}
    assert keys == {
        "the extract is old": "guard.max_extract_age_days: 90",
        "dispositions have changed": "guard.max_disposition_change: 0.67",
    }


def reach_fell() -> Finding:
    return Finding(
        cause="people have no records",
        subject="native.gp_events",
        weight="stop",
        sentence="few",
        codes=("GRD16",),
        exit_code=13,
    )


def test_a_practice_that_fell_silent_is_named_before_people_without_records() -> None:
    """The terminal shows the first cause: the practice stood folded on the page."""
    (found,) = causes(
        tonight(), moved("GRD05", "gp_events", 400, 0, practice="A81001"), linkage=(reach_fell(),)
    )
    assert found.cause == "practices have fallen silent"
    assert "practice A81001 sent 0 records" in found.sentence
    assert found.effects == ("few",)
