"""A new reference key: refused unless said, and nothing that was known is lost by it."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest
from pathways_population import AS_OF, population

from copd_strat.errors import ConfigError, RunGuardError
from copd_strat.pathways import (
    assign,
    fingerprint,
    issued_references,
    key_change,
    load_policy,
    make_references,
    named_key,
    practice_key_from,
    practice_key_text,
    references_of_practice,
    with_current_references,
)

OLD, NEW = b"the old key, 0123456789 abcdefghijkl", b"the new key, 0123456789 abcdefghijkl"
RISK = load_policy("risk_and_rules")
HIGH = {"risk_severe_12m": 0.3}


def people(key: bytes, count: int = 4) -> pd.DataFrame:
    frame = population(*[HIGH] * count)
    return frame.assign(patient_ref=make_references(frame, key))


def test_another_key_stops_the_night_unless_it_is_a_rotation() -> None:
    published = fingerprint(OLD)
    assert key_change(None, NEW, None) == ""
    assert key_change(published, OLD, None) == ""
    with pytest.raises(RunGuardError, match="every reference would change") as stopped:
        key_change(published, NEW, None)
    assert "--rotate-key-from" in str(stopped.value)
    with pytest.raises(RunGuardError, match="not the one of the published run either"):
        key_change(published, NEW, b"a third key, 0123456789 abcdefghijkl")
    assert "all references are new" in key_change(published, NEW, OLD)
    assert "nothing to rotate" in key_change(fingerprint(NEW), NEW, OLD), "a second use is harmless"


def test_the_old_key_is_named_never_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "old.key").write_bytes(OLD)
    monkeypatch.setenv("OLD_KEY", NEW.decode())
    assert named_key("old.key") == OLD
    assert named_key("OLD_KEY") == NEW
    with pytest.raises(ConfigError) as refused:
        named_key(OLD.decode())
    assert OLD.decode() not in str(refused.value)
    (tmp_path / "OLD_KEY").write_bytes(OLD)
    with pytest.raises(ConfigError, match="a file and an environment variable"):
        named_key("OLD_KEY")


def answers(reference: str, run_id: str, decision: str = "declined") -> pd.DataFrame:
    row = {"practice_id": "A81001", "patient_ref": reference, "run_id": run_id, "decision": decision}
    return pd.DataFrame([{**row, "reason": None, "decided_on": AS_OF}])


def kept(issued: pd.DataFrame) -> pd.DataFrame:
    """As the next night reads it: days are Python's dates."""
    return issued.assign(first_on=issued["first_on"].dt.date, last_on=issued["last_on"].dt.date)


def test_answers_changes_and_stay_on_carry_over_a_change_of_the_key() -> None:
    before, after = people(OLD), people(NEW)
    first = assign(before, RISK, as_of=AS_OF)
    issued = kept(issued_references(None, before, AS_OF))
    printed = answers(before["patient_ref"][2], f"{AS_OF:%Y%m%d}-abcdef01")
    tomorrow = AS_OF + timedelta(days=1)
    second = assign(
        after.assign(risk_severe_12m=0.05),
        RISK,
        as_of=tomorrow,
        previous=first.history,
        decisions=with_current_references(printed, issued, after),
    )
    placed = second.patients.set_index("patient_id")
    assert placed.loc["P00002", "change"] == "left: declined"
    assert placed.drop("P00002")["change"].tolist() == ["unchanged"] * 3
    assert placed.drop("P00002")["disposition"].tolist() == ["clinic"] * 3, "stay-on goes by the person"
    # and on every later night, when the old key is long gone
    later = kept(issued_references(issued, after, tomorrow))
    assert with_current_references(printed, later, after)["patient_ref"].tolist() == [after["patient_ref"][2]]


def test_without_the_table_the_answer_would_be_lost() -> None:
    before, after = people(OLD), people(NEW)
    printed = answers(before["patient_ref"][2], f"{AS_OF:%Y%m%d}-abcdef01")
    lost = with_current_references(printed, None, after)
    assert lost["patient_ref"].tolist() == [before["patient_ref"][2]]
    assert not lost["patient_ref"].isin(after["patient_ref"]).any()


def test_one_reference_for_two_people_under_two_keys_is_told_apart_by_the_run() -> None:
    day = pd.Timestamp("2026-01-10")
    rows = [
        ("A81001", "P1", "CP-SAME", day, day),
        ("A81001", "P2", "CP-SAME", day + pd.Timedelta(days=9), day + pd.Timedelta(days=20)),
    ]
    issued = pd.DataFrame(rows, columns=["practice_id", "patient_id", "patient_ref", "first_on", "last_on"])
    now = pd.DataFrame({"practice_id": "A81001", "patient_id": ["P1", "P2"], "patient_ref": ["CP-1", "CP-2"]})
    asked = pd.concat(
        [answers("CP-SAME", "20260110-aa"), answers("CP-SAME", "20260120-bb")], ignore_index=True
    )
    assert with_current_references(asked, issued, now)["patient_ref"].tolist() == ["CP-1", "CP-2"]


def test_references_are_kept_as_long_as_an_answer_can_count() -> None:
    table = issued_references(None, people(OLD, 1), date(2026, 1, 1))
    for day, kept in ((date(2026, 7, 2), 2), (date(2026, 7, 3), 1)):
        assert len(issued_references(table, people(NEW, 1), day)) == kept
    again = issued_references(table, people(OLD, 1), date(2026, 2, 1))
    assert again["first_on"].tolist() == [pd.Timestamp("2026-01-01")]
    assert again["last_on"].tolist() == [pd.Timestamp("2026-02-01")]


def test_the_key_of_a_practice_makes_its_references_and_no_others(tmp_path: Path) -> None:
    here = pd.DataFrame({"practice_id": "A81001", "patient_id": [str(n) for n in range(300)]})
    there = here.assign(practice_id="A81002")
    path = tmp_path / "A81001.key"
    path.write_text(practice_key_text(OLD, "A81001"), encoding="ascii")
    practice, key = practice_key_from(path)
    assert practice == "A81001"
    assert references_of_practice(here, key).tolist() == make_references(here, OLD).tolist()
    assert not set(references_of_practice(there, key)) & set(make_references(there, OLD))
    assert OLD not in path.read_bytes()
    for spoilt in ("", "copd-strat practice key A81001 12", "another text of five words"):
        path.write_text(spoilt, encoding="ascii")
        with pytest.raises(ConfigError, match="not the key of a practice"):
            practice_key_from(path)
