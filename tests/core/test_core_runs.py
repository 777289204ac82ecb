"""Publication, locking and verification, with the process killed at its worst moments."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from copd_strat.config import Governance
from copd_strat.errors import ApprovalError, InputError, LockError, OutputError
from copd_strat.extracts.inventory import inventory
from copd_strat.publish import RunFolder, content_key, published_files, verify
from copd_strat.publish.approval import check_approval
from copd_strat.publish.manifest import write_json


def build(folder: RunFolder, run_id: str, text: str, order: int = 0) -> Path:
    partial = folder.start(run_id)
    (partial / "list.csv").write_text(text, encoding="utf-8")
    (partial / "more").mkdir()
    (partial / "more" / "list.csv").write_text(text, encoding="utf-8")
    files = published_files(partial)
    manifest = {"run_id": run_id, "as_of": "2026-01-01", "published_order": order, "files": files}
    write_json(partial / "manifest.json", manifest)
    return partial


def publish(root: Path, run_id: str, text: str, order: int = 0) -> Path:
    folder = RunFolder(root)
    return folder.publish(build(folder, run_id, text, order), run_id)


def test_the_pointer_leads_to_the_newest_run(tmp_path: Path) -> None:
    publish(tmp_path, "a", "old", 1)
    publish(tmp_path, "b", "new", 2)
    folder = RunFolder(tmp_path)
    current = folder.current()
    assert current is not None
    assert current.run_id == "b"
    assert (current.path / "list.csv").read_text() == "new"
    assert [run.run_id for run in folder.runs()] == ["a", "b"]


def test_a_published_folder_is_never_rewritten(tmp_path: Path) -> None:
    first = publish(tmp_path, "a", "old")
    second = publish(tmp_path, "a", "new")
    assert first != second
    assert (first / "list.csv").read_text() == "old"


KILLED_AT = """
import os, signal, sys
from pathlib import Path
from copd_strat.publish import RunFolder
sys.path.insert(0, {tests!r})
from test_core_runs import build
import copd_strat.publish.folder as folder_module

calls = 0
def counted(real):
    def call(*args, **kwargs):
        global calls
        calls += 1
        if calls == {moment}:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*args, **kwargs)
    return call

folder_module._flush = counted(folder_module._flush)
Path.rename = counted(Path.rename)
Path.replace = counted(Path.replace)
Path.write_text = counted(Path.write_text)
folder = RunFolder(Path({root!r}))
folder.publish(build(folder, "b", "new", 2), "b")
"""


LAST_MOMENT = 13


@pytest.mark.parametrize("moment", range(1, LAST_MOMENT + 2))
def test_a_killed_publication_leaves_one_whole_run(tmp_path: Path, moment: int) -> None:
    publish(tmp_path, "a", "old", 1)
    script = KILLED_AT.format(tests=str(Path(__file__).parent), moment=moment, root=str(tmp_path))
    killed = subprocess.run([sys.executable, "-c", script], capture_output=True, check=False)
    current = RunFolder(tmp_path).current()
    assert current is not None
    assert verify(current.path) == ()
    texts = {path.read_text() for path in current.path.rglob("list.csv")}
    assert texts == ({"new"} if current.run_id == "b" else {"old"})
    assert killed.returncode == (-9 if moment <= LAST_MOMENT else 0)
    assert publish(tmp_path, "c", "newest", 3).exists()
    assert not list(tmp_path.glob(".partial-*"))


def test_two_runs_cannot_write_at_once(tmp_path: Path) -> None:
    with (
        RunFolder(tmp_path).lock(),
        pytest.raises(LockError, match="another run"),
        RunFolder(tmp_path).lock(),
    ):
        pass
    with RunFolder(tmp_path).lock():
        pass


def test_a_changed_file_is_found(tmp_path: Path) -> None:
    path = publish(tmp_path, "a", "old")
    (path / "list.csv").write_text("tampered")
    (path / "extra.csv").write_text("x")
    assert verify(path) == ("extra.csv", "list.csv")


def test_an_unwritable_output_is_a_clear_error(tmp_path: Path) -> None:
    blocker = tmp_path / "out"
    blocker.write_text("a file where the folder should be")
    with pytest.raises(OutputError, match="cannot be written") as caught, RunFolder(blocker).lock():
        pass
    assert caught.value.exit_code == 18


def test_a_broken_pointer_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "CURRENT.json").write_text(json.dumps({"run_id": "x", "folder": "gone"}))
    with pytest.raises(InputError, match="does not lead to a complete run"):
        RunFolder(tmp_path).current()


def test_purge_keeps_the_newest_and_the_current(tmp_path: Path) -> None:
    for order, run_id in enumerate("abcd"):
        publish(tmp_path, run_id, run_id, order)
    assert RunFolder(tmp_path).purge(2) == ("a", "b")
    assert [run.run_id for run in RunFolder(tmp_path).runs()] == ["c", "d"]


def contents(folder: Path) -> list[tuple[str, int, str]]:
    return [item.content for item in inventory(folder)]


def test_the_content_key_follows_content_and_not_names_of_folders(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    for folder in (one, two):
        folder.mkdir()
        (folder / "patients.csv").write_text("patient_id\nx\n")
    key = content_key({"inputs": contents(one), "as_of": date(2026, 1, 1)})
    assert key == content_key({"as_of": date(2026, 1, 1), "inputs": contents(two)})
    (two / "patients.csv").write_text("patient_id\ny\n")
    assert key != content_key({"inputs": contents(two), "as_of": date(2026, 1, 1)})


def test_a_missing_extract_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"absent: no such folder"):
        inventory(tmp_path / "absent")


def approval(**changes: object) -> Governance:
    values: dict[str, object] = {
        "legal_basis": "x",
        "approval_reference": "R1",
        "approval_expires": date(2027, 1, 1),
        "controller": "c",
        "opt_out_regime": "type1_and_national",
        "opt_out_applied_on": date(2026, 10, 1),
    }
    return Governance(**(values | changes))  # type: ignore[arg-type]


def test_an_expired_approval_stops_the_run() -> None:
    check_approval(approval(), as_of=date(2027, 1, 1))
    with pytest.raises(ApprovalError, match="expired on 2027-01-01") as caught:
        check_approval(approval(), as_of=date(2027, 1, 2))
    assert caught.value.exit_code == 19


def test_the_national_opt_out_must_be_fresh() -> None:
    check_approval(approval(), as_of=date(2026, 10, 20), index=date(2026, 10, 8))
    with pytest.raises(ApprovalError, match="more than 7 days"):
        check_approval(approval(), as_of=date(2026, 10, 20), index=date(2026, 10, 9))
    check_approval(approval(opt_out_regime="type1"), as_of=date(2026, 10, 20), index=date(2026, 10, 9))


def test_opt_outs_cannot_have_been_applied_in_the_future() -> None:
    with pytest.raises(ApprovalError, match="after the run date"):
        check_approval(approval(), as_of=date(2026, 9, 1))
