"""The commissioners' root: a release is there whole or not at all, and the stable path always leads to one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from copd_strat import publish
from copd_strat.errors import OutputError


def run(folder: Path, words: str, order: int) -> tuple[Path, dict[str, Any]]:
    """A run's folder with a release in it, and the record that its manifest keeps."""
    for name in ("summary/fact_indicator.parquet", "summary/fact_indicator.csv", "report.html"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"{name} {words}", encoding="utf-8")
    (folder / "direct_care").mkdir()
    (folder / "direct_care" / "list.csv").write_text("of one practice alone", encoding="utf-8")
    return folder, publish.release_record(folder, order)


def files(root: Path) -> set[str]:
    return {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}


def test_a_release_holds_summary_and_report_and_nothing_else(tmp_path: Path) -> None:
    root = tmp_path / "commissioners"
    made, record = run(tmp_path / "run", "first", 1)
    publish.release(root, made, record)
    wanted = {f"releases/{record['id']}/{name}" for name in record["files"]}
    assert files(root) == wanted | {"CURRENT.json"}
    assert (root / "current" / "report.html").read_text(encoding="utf-8") == "report.html first"
    assert json.loads((root / "CURRENT.json").read_text(encoding="utf-8")) == {
        "release": record["id"],
        "order": 1,
    }


def test_the_same_release_again_changes_nothing_and_the_next_one_moves_the_path(tmp_path: Path) -> None:
    root = tmp_path / "commissioners"
    first, one = run(tmp_path / "one", "first", 1)
    publish.release(root, first, one)
    before = {path: path.stat().st_mtime_ns for path in root.rglob("*") if path.is_file()}
    publish.release(root, first, one)
    assert {path: path.stat().st_mtime_ns for path in root.rglob("*") if path.is_file()} == before
    second, two = run(tmp_path / "two", "second", 2)
    publish.release(root, second, two)
    assert (root / "current").resolve() == (root / "releases" / two["id"]).resolve()
    assert (root / "releases" / one["id"]).is_dir()


def test_what_a_kill_left_is_made_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed while copying, or between the rename and the pointer: the next night ends it."""
    root = tmp_path / "commissioners"
    made, record = run(tmp_path / "run", "first", 1)
    leftover = root / "releases" / f".partial-{record['id']}"
    leftover.mkdir(parents=True)
    (leftover / "report.html").write_text("half", encoding="utf-8")
    with monkeypatch.context() as cut:
        cut.setattr("copd_strat.publish.commissioners._point_at", lambda *_: None)
        publish.release(root, made, record)
    assert not leftover.exists()
    assert not (root / "current").exists()
    publish.release(root, made, record)
    assert (root / "current" / "report.html").is_file()


def test_a_release_that_was_changed_in_the_run_s_folder_is_refused(tmp_path: Path) -> None:
    root = tmp_path / "commissioners"
    made, record = run(tmp_path / "run", "first", 1)
    (made / "report.html").write_text("changed", encoding="utf-8")
    with pytest.raises(OutputError, match="not the one that its run recorded"):
        publish.release(root, made, record)
    assert not (root / "current").exists()
    assert not (root / "CURRENT.json").exists()


def test_before_the_first_month_there_is_no_release(tmp_path: Path) -> None:
    made, record = run(tmp_path / "run", "empty", 0)
    publish.release(tmp_path / "commissioners", made, record)
    publish.release(None, made, record | {"order": 1})
    assert not (tmp_path / "commissioners").exists()
