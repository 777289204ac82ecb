"""The worklist as files: each practice its own lines, counted back, and a gate that a lost line stops."""

from __future__ import annotations

import csv
import dataclasses
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from followup_world import AS_OF, POLICY, Clock, clock
from test_followup_programme import STAMP

from copd_strat.errors import OutputError
from copd_strat.lists import PublishedLists, lists_in, returned_answers, worklists, write_worklists
from copd_strat.lists.worklist_columns import worklist_columns, worklist_table
from copd_strat.synthetic import World


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.fixture(scope="module")
def written(night: Clock, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("written")
    write_worklists(night.engine, root, night.found, STAMP)
    return root / "direct_care"


def test_every_practice_gets_its_own_lines_and_nobody_elses(night: Clock, written: Path) -> None:
    everybody = night.lines.set_index("patient_ref")["practice_id"]
    practices = {str(code) for code in night.patients["practice_id"].unique()}
    assert {folder.name for folder in written.iterdir()} == practices
    seen = 0
    for folder in written.iterdir():
        for row in rows_of(folder / f"{folder.name}_{AS_OF}_worklist.csv"):
            assert everybody[[row["patient_ref"]]].iloc[0] == folder.name == row["practice_id"]
            seen += 1
    assert seen == len(night.lines)


def test_a_line_says_each_duty_with_its_due_date(night: Clock, written: Path) -> None:
    rows = [row for path in sorted(written.rglob("*_worklist.csv")) for row in rows_of(path)]
    stay = next(row for row in rows if row["rehabilitation_due"])
    due = night.found.duties.query("patient_id == @stay['patient_ref'] and event == 'discharge'")
    for duty in ("review", "rehabilitation", "bundle", "inhaler_check"):
        own = due[due["duty"] == duty]
        assert str(own["due_on"].iloc[0].date()) == stay[f"{duty}_due"]
    without_stay = next(row for row in rows if not row["rehabilitation_due"])
    assert without_stay["risk_90d"] == without_stay["bundle"] == ""
    assert all("\n" not in cell for row in rows for cell in row.values())


def test_the_workbook_holds_the_same_lines_and_says_what_a_reader_must_know(written: Path) -> None:
    path = next(iter(sorted(written.rglob("*_worklist.xlsx"))))
    book = openpyxl.load_workbook(path)
    lines = rows_of(path.with_suffix(".csv"))
    assert book.sheetnames == ["Worklist", "Duties", "Key"]
    assert book["Worklist"].max_row == book["Duties"].max_row == len(lines) + 1
    key = " ".join(str(cell.value) for row in book["Key"] for cell in row if cell.value)
    assert "none of these duties is theirs" in key
    assert "NICE QS10" in key
    assert "of full reviews alone" in key
    # words that wrap need a row as high as they are: in print they lay over the next line
    sheet = book["Key"]
    long = [row[1].row for row in sheet.iter_rows() if len(str(row[1].value or "")) > 130]
    assert long
    assert all((sheet.row_dimensions[row].height or 0) > 20 for row in long)
    assert "data to" in (book["Worklist"].oddHeader.left.text or "")


def test_what_is_past_its_day_is_not_on_record_to_the_last_day_of_the_data(night: Clock) -> None:
    """Days overdue never count days that the data do not have."""
    said: set[bool] = set()
    for stamp in (STAMP, dataclasses.replace(STAMP, index_date=STAMP.as_of - timedelta(days=40))):
        columns = worklist_columns(night.found, stamp)
        table = worklist_table(night.found, stamp, columns)
        for name in ("review", "rehabilitation", "inhaler_check"):
            waiting = table[table[name].str.startswith("not on record to")]
            assert (waiting[f"{name}_due"] < stamp.as_of).all()
            past = [(stamp.index_date - due).days for due in waiting[f"{name}_due"]]
            counted = waiting[name].str.extract(r", (\d+) days? overdue by then$", expand=False)
            assert [int(days) for days in counted.fillna("0")] == [max(days, 0) for days in past]
            assert waiting["to_do"].str.contains("was due .* not on record to|followed no more").all()
            said |= {days > 0 for days in past}
            assert not table[name].str.startswith("overdue").any()
    assert said == {True, False}


def test_who_reaches_90_days_undone_is_told_for_four_weeks_and_marked_for_no_day(
    night: Clock, written: Path
) -> None:
    ended = night.lines[night.lines["ended"]]
    past = ended["event_date"].map(lambda day: (pd.Timestamp(AS_OF) - day).days)
    assert len(ended)
    assert past.between(POLICY.keep_days, POLICY.keep_days + POLICY.tell_days - 1).all()
    assert not ended["today"].any()
    rows = [row for path in written.rglob("*_worklist.csv") for row in rows_of(path)]
    told = [row for row in rows if "followed no more" in row["to_do"]]
    assert sorted(row["patient_ref"] for row in told) == sorted(ended["patient_ref"])
    assert all("Not on record to" in row["to_do"] and "Leaves this list on" in row["to_do"] for row in told)
    record = night.found.record()["worklist"]
    assert record["ended_undone"] == len(ended)  # type: ignore[index]
    followed = night.lines[~night.lines["ended"]]
    assert sum(record["lines"].values()) == len(followed)  # type: ignore[index]
    open_duties = night.found.duties.query("not palliative and state in ['due', 'overdue'] and ended")
    assert set(ended["patient_id"]) == set(open_duties["patient_id"])


def test_a_worklist_among_returned_lists_asks_nothing(written: Path) -> None:
    found = returned_answers(lists_in([written]), AS_OF)
    assert (len(found.answers), len(found.refused), found.unread) == (0, 0, ())


def test_what_was_typed_on_a_worklist_is_told(written: Path, tmp_path: Path) -> None:
    sent = next(
        path for path in sorted(written.rglob("*_worklist.xlsx")) if len(rows_of(path.with_suffix(".csv")))
    )
    path = tmp_path / sent.name
    book = openpyxl.load_workbook(sent)
    note = [cell.value for cell in book["Worklist"][1]].index("Note") + 1
    book["Worklist"].cell(row=2, column=note, value="review done by AB")
    book.save(path)
    published = PublishedLists(
        files=lambda _, pattern: sorted(written.parent.glob(pattern)), practices_of=lambda _: frozenset()
    )
    found = returned_answers([path], AS_OF, published)
    assert found.refused["problem"].tolist() == [
        "typed outside the columns for answers: under 'Note': review done by AB"
    ]
    assert found.answers["reason"].iloc[0].startswith("Worklist of ")


def test_a_line_that_is_lost_on_the_way_stops_the_night(
    night: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: Callable[..., pd.DataFrame] = worklists.worklist_table
    monkeypatch.setattr(worklists, "worklist_table", lambda *given: made(*given).iloc[1:])
    with pytest.raises(OutputError, match="each once"):
        write_worklists(night.engine, tmp_path, night.found, STAMP)


def test_alerts_of_the_app_name_whom_the_truth_names(small_world: World, tmp_path: Path) -> None:
    """Switched on, people whose use stopped, or whose last CAT score lies 2 above the one before."""
    told = POLICY.model_copy(
        update={"events": ("app_stopped", "cat_worse"), "keep_days": 366, "tell_days": 0}
    )
    made = clock(small_world.tables, tmp_path, policy=told)
    events = small_world.tables["app_activity"].to_pandas()
    register = set(made.patients["patient_id"])
    used = events[events["kind"].isin(["used", "cat_score"])].groupby("patient_id")["activity_date"].max()
    end = pd.to_datetime(events["activity_date"]).max()
    silent = end - pd.to_datetime(used) > pd.Timedelta(days=30)
    stopped = made.found.history.query("event == 'app_stopped'")
    window = pd.to_datetime(used) + pd.Timedelta(days=30) > pd.Timestamp(AS_OF) - pd.Timedelta(days=366)
    assert set(stopped["patient_id"]) == set(used[silent & window].index) & register
    assert not stopped.empty
    scores = events[events["kind"] == "cat_score"].sort_values(["patient_id", "activity_date"])
    rise = scores.groupby("patient_id")["value"].agg(lambda v: v.iloc[-1] - v.iloc[-2] if len(v) > 1 else 0)
    worse = made.found.history.query("event == 'cat_worse'")
    recent = pd.to_datetime(scores.groupby("patient_id")["activity_date"].max())
    inside = recent > pd.Timestamp(AS_OF) - pd.Timedelta(days=366)
    assert set(worse["patient_id"]) == set(rise[(rise >= 2) & inside].index) & register
    assert not worse.empty
    made.engine.close()
