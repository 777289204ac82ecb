"""Against last night: people, columns, files and linkage that no total shows, each broken and seen."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from quality_world import receipt

from copd_strat.config import EngineSettings, GuardSettings
from copd_strat.contracts.own_tables import arrow_schema, conform_to, own_table, write_parquet
from copd_strat.engine import Engine
from copd_strat.extracts.receipts import Ingested, Linkage, TableReceipt
from copd_strat.quality.findings import Finding
from copd_strat.quality.guard_answers import count_answers, lost_by_hand
from copd_strat.quality.guard_findings import (
    columns_gone,
    no_leaving_columns,
    part_gaps,
    parts_missing,
    unread_columns,
    whole_columns,
)
from copd_strat.quality.guard_people import compare_people, judge_people, people_changed
from copd_strat.quality.linkage_findings import judge_linkage, judge_reach, linkage_section, reached
from copd_strat.quality.verdict_sentences import gone_files

STRICT = GuardSettings()
PATIENTS = [receipt("patients", {"patients.csv": 200})]


def register(people: int = 200) -> pd.DataFrame:
    """One row a person on the register, as features have them: no two neighbours are alike."""
    numbers = range(people)
    return pd.DataFrame(
        {
            "patient_id": [f"p{n}" for n in numbers],
            "practice_id": [f"A8100{n % 4}" for n in numbers],
            "sex": [("female", "male")[n % 2] for n in numbers],
            "age": [40.5 + n % 50 for n in numbers],
            "index_date": [date(2026, 10, 31)] * people,
        }
    )


def shifted(*columns: str, rows: int = 200) -> pd.DataFrame:
    """The register with ``columns`` moved by one row in its first ``rows``."""
    people = register()
    for column in columns:
        head = people.loc[: rows - 1, column].to_list()
        people.loc[: rows - 1, column] = [head[-1], *head[:-1]]
    return people


def judged(tonight: pd.DataFrame, successors: dict[str, str] | None = None, **settings: Any) -> list[Finding]:
    seen = compare_people(tonight, register(), successors or {})
    return list(judge_people(seen, PATIENTS, GuardSettings(**settings)))


def test_the_same_people_say_nothing() -> None:
    assert judged(register()) == []
    later = register().assign(index_date=date(2026, 11, 30))
    later["age"] += 30 / 365.25
    assert judged(later) == []


def test_practices_that_no_longer_stand_beside_their_ids_stop_the_night() -> None:
    (found,) = judged(shifted("practice_id"))
    assert (found.weight, found.exit_code, found.codes) == ("stop", 13, ("GRD11",))
    assert found.subject == "native.patients, file patients.csv, column practice_id"
    assert "200 of the 200 people who are on the register last night and tonight" in found.sentence
    assert "guard.let_through: [GRD11]" in found.fix
    assert [one.weight for one in judged(shifted("practice_id"), let_through=["GRD11"])] == ["warn"]


@pytest.mark.parametrize(("rows", "stops"), [(9, 0), (10, 0), (11, 1)])
def test_a_few_people_may_move(rows: int, stops: int) -> None:
    """5 % of 200 people are 10: they may move, the eleventh may not."""
    assert len(judged(shifted("practice_id", rows=rows))) == stops


def test_a_practice_that_names_its_successor_is_no_move() -> None:
    merged = register()
    merged["practice_id"] = merged["practice_id"].replace({"A81000": "A81003"})
    assert [one.codes for one in judged(merged)] == [("GRD11",)]
    assert judged(merged, {"A81000": "A81009", "A81009": "A81003"}) == []
    assert [one.codes for one in judged(merged, {"A81000": "A81002"})] == [("GRD11",)]


@pytest.mark.parametrize("column", ["sex", "age"])
def test_people_with_another_sex_or_year_of_birth_stop_the_night(column: str) -> None:
    (found,) = judged(shifted(column))
    assert (found.weight, found.exit_code, found.codes) == ("stop", 13, ("GRD12",))
    assert found.subject == "native.patients, file patients.csv, columns sex, birth_year"
    assert f"{200 if column == 'sex' else 0} have another sex" in found.sentence
    assert judged(shifted(column, rows=4)) == []


def test_what_was_not_known_has_not_changed() -> None:
    assert judged(register().assign(sex="unknown")) == []
    assert judged(register().assign(age=float("nan"), practice_id=None)) == []


def test_a_register_is_held_against_the_last_run_in_its_folder(tmp_path: Path) -> None:
    features = arrow_schema(own_table("internal", "features"))
    people = conform_to(pa.schema([features.field(name) for name in register().columns]), register())
    write_parquet(people, tmp_path / "analyst" / "patients.parquet")
    with Engine.open(EngineSettings(), tmp_path / "spill") as engine:
        engine.create_table("practice_changes", "SELECT 'A81000' AS practice_id, 'A81003' AS successor_id")
        swapped = shifted("practice_id", "age")
        found = [one.codes for one in people_changed(engine, swapped, tmp_path, PATIENTS, STRICT)]
        assert found == [("GRD11",), ("GRD12",)]
        assert list(people_changed(engine, swapped, None, PATIENTS, STRICT)) == []


def patients_with(missing: tuple[str, ...] = (), unread: tuple[str, ...] = ()) -> list[TableReceipt]:
    whole = receipt("patients", {"patients_1.csv": 100, "patients_2.csv": 100})
    first, second = whole.files
    return [replace(whole, files=(first, replace(second, missing=missing, unread=unread)))]


def last_columns(tables: list[TableReceipt]) -> dict[str, Any]:
    return {
        "columns": {"native.patients": whole_columns(tables[0])},
        "unread": {"native.patients": unread_columns(tables[0])},
    }


def test_a_column_that_came_last_night_and_not_tonight_stops_the_night() -> None:
    last = last_columns(patients_with(unread=("note",)))
    tonight = patients_with(("registration_end", "death_date"), ("note", "left_on", "died_on"))
    (found,) = columns_gone(tonight, last, STRICT)
    assert (found.weight, found.exit_code, found.codes) == ("stop", 13, ("GRD13",))
    assert "native.patients, file patients_2.csv: columns death_date, registration_end came last night" in (
        found.sentence
    )
    assert "no contract knows columns died_on, left_on of it" in found.sentence
    assert "patients_1.csv" not in found.sentence
    assert [one.weight for one in columns_gone(tonight, last, GuardSettings(let_through=("GRD13",)))] == [
        "warn"
    ]


def test_a_column_that_never_came_is_not_missed() -> None:
    lacking = patients_with(("death_date",))
    assert list(columns_gone(lacking, last_columns(lacking), STRICT)) == []
    assert list(columns_gone(lacking, {}, STRICT)) == []
    assert list(columns_gone(patients_with(), last_columns(lacking), STRICT)) == []


def test_a_first_night_says_where_nothing_tells_who_left_or_died() -> None:
    (found,) = no_leaving_columns(patients_with(("death_date", "ethnicity"), ("dod",)), {})
    assert (found.weight, found.codes) == ("warn", ("GRD18",))
    assert "patients_2.csv: column death_date did not come" in found.sentence
    assert "no contract knows column dod of it" in found.sentence
    assert list(no_leaving_columns(patients_with(("ethnicity",)), {})) == []
    assert list(no_leaving_columns(patients_with(("death_date",)), {"patients": 200})) == []


YEARS = {"hes_2425.csv": 1000, "hes_2526.csv": 900, "hes_2627.csv": 300}


@pytest.mark.parametrize(
    ("tonight", "gone"),
    [
        (YEARS, []),
        ({"hes_2425.csv": 1000, "hes_2627.csv": 310}, ["hes_2526.csv"]),
        # a year that rolled out, and another that came, are as many files
        ({"hes_2526.csv": 900, "hes_2627.csv": 300, "hes_2728.csv": 1}, []),
        # the same rows in fewer files
        ({"hes_2425.csv": 1000, "hes_2526.csv": 1150}, []),
        ({"hes.csv": 2190}, []),
        # dated names: which of them is missing cannot be told
        ({"hes_a.csv": 1000, "hes_b.csv": 300}, ["hes_2425.csv", "hes_2526.csv", "hes_2627.csv"]),
        ({}, list(YEARS)),
    ],
    ids=["same", "one missing", "rolled on", "in fewer", "in one", "other names", "none"],
)
def test_a_file_without_counterpart_is_told_from_files_put_together(
    tonight: dict[str, int], gone: list[str]
) -> None:
    assert [file.name for file in gone_files(YEARS, tonight)] == gone


@pytest.mark.parametrize(
    ("names", "missing"),
    [
        (["o_001.txt", "o_003.txt"], ["o_002.txt"]),
        (["o_002.txt", "o_003.txt"], ["o_001.txt"]),
        (["p-0.csv", "p-1.csv", "p-3.csv"], ["p-2.csv"]),
        (["gp/part_09.parquet", *(f"gp/part_{n:02d}.parquet" for n in range(1, 8))], ["gp/part_08.parquet"]),
        (["o_001.txt", "o_002.txt"], []),
        (["o_002.txt"], []),
        (["hes_2122.csv", "hes_2324.csv"], []),
        (["gp_20260101.csv", "gp_20260103.csv"], []),
        (["o_1.txt", "o_9.txt"], []),
    ],
)
def test_numbered_parts_with_a_gap(names: list[str], missing: list[str]) -> None:
    assert part_gaps(names) == missing
    told = list(parts_missing([receipt("gp_events", dict.fromkeys(names, 10))]))
    assert [one.subject for one in told] == [f"native.gp_events: {name}" for name in missing]
    assert all(one.weight == "warn" and one.fix for one in told)


def linked(patients: int, known: int, table: str = "hospital_episodes") -> Linkage:
    return Linkage(
        layout="native",
        table=table,
        column="patient_id",
        gp=table in ("gp_events", "prescriptions"),
        patients=patients,
        linked=known,
        floor=0.1,
        repair=None,
        repaired=known,
    )


@pytest.mark.parametrize(
    ("patients", "known", "stops"), [(200, 180, 1), (200, 181, 0), (90, 81, 0), (200, 100, 1)]
)
def test_a_table_that_joins_with_fewer_patients_stops_the_night(
    patients: int, known: int, stops: int
) -> None:
    """From all of them last night: by a tenth, and by ten people."""
    found = judge_linkage([linked(patients, known)], {"native.hospital_episodes": 1.0}, STRICT)
    assert [one.codes for one in found] == [("GRD15",)] * stops
    if found:
        assert f"{known / patients:.1%} tonight, 100.0% last night" in found[0].sentence
        assert (found[0].weight, found[0].exit_code) == ("stop", 13)
    assert judge_linkage([linked(patients, known)], {}, STRICT) == []


def reach(known: int, people: int = 200, last: dict[str, float] | None = None) -> list[Finding]:
    feeding = {
        "gp_events": frozenset({"native.gp_events"}),
        "prescriptions": frozenset({"native.prescriptions"}),
    }
    came = Ingested(
        tables=(),
        warnings=(),
        linkages=(linked(people, known, "gp_events"), linked(people, people)),
        left_out=0,
    )
    return list(judge_reach(reached(came, feeding, people), last or {}, STRICT))


def test_people_without_records_are_told_on_a_first_night_and_stop_a_later_one() -> None:
    (first,) = reach(120)
    assert (first.weight, first.codes) == ("warn", ("GRD16",))
    assert (
        "120 of the 200 people in the patients table have a row in it (60.0%; 80% are usual)"
        in first.sentence
    )
    assert reach(160) == []
    assert reach(20, people=49) == []
    (later,) = reach(120, last={"gp_events": 0.98})
    assert (later.weight, later.exit_code) == ("stop", 13)
    assert "60.0% tonight, 98.0% last night" in later.sentence
    assert reach(120, last={"gp_events": 0.62}) == []


def test_the_page_shows_whom_a_table_reaches() -> None:
    section = linkage_section([linked(100, 90)], 300, {"native.hospital_episodes": 0.95})
    row = dict(zip(section.columns, section.rows[0], strict=True))
    assert (row["share"], row["share last night"], row["share of people"]) == (0.9, 0.95, 0.3)


def answers_of(engine: Engine, rows: str) -> Any:
    columns = "(practice_id, decision, decided_on)"
    engine.create_table("decisions", f"SELECT * FROM (VALUES {rows}) AS given{columns}")
    return count_answers(engine, date(2026, 11, 26))


def test_answers_are_counted_as_long_as_they_may_hold(tmp_path: Path) -> None:
    rows = [("declined", "2026-11-20"), ("wrong", "2026-11-26"), ("accepted", "2026-05-01")]
    others = [("note", "2026-11-20"), ("refused", "2026-11-20"), ("declined", "2026-04-30")]
    others += [("declined", "2026-11-27")]
    every = ", ".join(f"('A81001', '{word}', DATE '{day}')" for word, day in rows + others)
    with Engine.open(EngineSettings(), tmp_path / "spill") as engine:
        assert answers_of(engine, every) == {"A81001": {"2026-11": 2, "2026-05": 1}}


def lost(answers: Any, by_hand: dict[str, int], *let: Any) -> list[tuple[str, tuple[str, ...]]]:
    last = {
        "by_hand": {"native.decisions": 8, "native.local_flags": 3},
        "answers": {"A81001": {"2026-11": 6, "2026-10": 2, "2026-04": 9}},
    }
    settings = GuardSettings(let_through=let)
    found = list(lost_by_hand(answers, by_hand, last, settings, date(2026, 11, 26)))
    return [(one.weight, one.codes) for one in found]


def test_a_table_kept_by_hand_that_is_gone_stops_the_night() -> None:
    flags, whole = {"native.local_flags": 3}, {"native.decisions": 8, "native.local_flags": 3}
    held = {"A81001": {"2026-11": 6, "2026-10": 2}}
    assert lost(held, whole) == []
    assert lost({}, flags) == [("stop", ("GRD19",))], "once, whatever was in it"
    assert lost(held, {"native.decisions": 8}) == [("stop", ("GRD19",))]
    assert lost({}, flags, "GRD19") == [("warn", ("GRD19",))]


@pytest.mark.parametrize(("left", "weight"), [(6, None), (5, "warn"), (2, "warn"), (1, "stop")])
def test_answers_that_counted_and_are_gone_stop_the_night(left: int, weight: str | None) -> None:
    """One may be withdrawn; new ones of another month do not hide that old ones are gone."""
    answers = {"A81001": {"2026-11": left, "2026-10": 9}}
    by_hand = {"native.decisions": 20, "native.local_flags": 3}
    assert [one for one, _ in lost(answers, by_hand)] == ([weight] if weight else [])
