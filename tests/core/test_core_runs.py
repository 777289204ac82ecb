"""Publication, locking and verification, with the process killed at its worst moments."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from contextlib import nullcontext
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from copd_strat.config import Governance, PathwaySettings, load
from copd_strat.errors import (
    ApprovalError,
    ContractError,
    InputError,
    LockError,
    OutputError,
    RequestError,
    RunGuardError,
    Stopped,
)
from copd_strat.extracts.inventory import inventory
from copd_strat.plan import Night, plan
from copd_strat.publish import RunFolder, Runs, audit_log, compose, content_key, publish_run, verify
from copd_strat.publish.approval import check_approval, check_opt_outs
from copd_strat.publish.folder import write_errors
from copd_strat.publish.manifest import write_json, written_files
from copd_strat.publish.uninterrupted import uninterrupted


def build(folder: RunFolder, run_id: str, text: str) -> tuple[Path, str]:
    """A built run in its own partial folder, and the hash of its manifest."""
    partial = folder.root / f".partial-{run_id}"
    (partial / "more").mkdir(parents=True)
    (partial / "list.csv").write_text(text, encoding="utf-8")
    (partial / "more" / "list.csv").write_text(text, encoding="utf-8")
    (partial / "run_summary.json").write_text("{}")
    files, timed = written_files(partial)
    manifest = {"run_id": run_id, "as_of": "2026-01-01", "files": files, "timed_files": timed}
    return partial, write_json(partial / "manifest.json", manifest)


def publish(root: Path, run_id: str, text: str) -> Path:
    folder = RunFolder(root)
    partial, manifest = build(folder, run_id, text)
    return folder.publish(partial, run_id, manifest)


def names(root: Path) -> list[str]:
    return [run.path.name for run in RunFolder(root).kept().runs]


def test_the_pointer_leads_to_the_newest_run(tmp_path: Path) -> None:
    publish(tmp_path, "a", "old")
    publish(tmp_path, "b", "new")
    folder = RunFolder(tmp_path)
    current = folder.current()
    assert current is not None
    assert current.run_id == "b"
    assert (current.path / "list.csv").read_text() == "new"
    assert names(tmp_path) == ["a", "b"]


def test_a_published_folder_is_never_rewritten(tmp_path: Path) -> None:
    first = publish(tmp_path, "a", "old")
    second = publish(tmp_path, "a", "new")
    assert first != second
    assert (first / "list.csv").read_text() == "old"


# A publication and a purge over an older run, killed before its first operation on a file, then before its second, and
# so on until one lives to its end. Each is a fork of one process, which imports the program once.
KILLED_AT_EACH = """
import os, signal, sys
from pathlib import Path
from copd_strat.publish import RunFolder
sys.path.insert(0, {tests!r})
from test_core_runs import build, publish
import copd_strat.publish.folder as folder_module

def killed_before(moment, root):
    publish(root, "a", "old")
    calls = 0
    def counted(real):
        def call(*args, **kwargs):
            nonlocal calls
            calls += 1
            if calls == moment:
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*args, **kwargs)
        return call
    folder = RunFolder(root)
    partial, manifest = build(folder, "b", "new")
    folder_module.flush = counted(folder_module.flush)
    folder_module.shutil.rmtree = counted(folder_module.shutil.rmtree)
    for name in ("rename", "replace", "write_text"):
        setattr(Path, name, counted(getattr(Path, name)))
    folder.publish(partial, "b", manifest)
    folder.purge(1)

moment, status = 0, signal.SIGKILL
while status == signal.SIGKILL:
    moment += 1
    child = os.fork()
    if not child:
        killed_before(moment, Path({roots!r}) / str(moment))
        os._exit(0)
    _, status = os.waitpid(child, 0)
print(moment - 1, status)
"""


def test_killed_at_every_operation_one_whole_run_stands(tmp_path: Path) -> None:
    script = KILLED_AT_EACH.format(tests=str(Path(__file__).parent), roots=str(tmp_path))
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    moments, last = map(int, done.stdout.split())
    assert (last, moments > 15) == (0, True)
    for moment in range(1, moments + 1):
        root = tmp_path / str(moment)
        folder = RunFolder(root)
        current = folder.intact_current()
        assert current is not None
        texts = {path.read_text() for path in current.path.rglob("list.csv")}
        assert texts == ({"new"} if current.run_id == "b" else {"old"})
        with folder.staged("next"):
            assert [path.name for path in root.glob(".*partial-*")] == [".partial-next"]
        assert {path.name for path in (root / "runs").iterdir()} == set(names(root)), (
            "none lies there unpublished"
        )
        assert publish(root, "c", "newest").name == "c"
        assert {path.name for path in root.iterdir()} <= {"runs", "CURRENT.json"}


def test_two_runs_cannot_write_at_once(tmp_path: Path) -> None:
    with (
        RunFolder(tmp_path).lock("test"),
        pytest.raises(LockError, match="another run"),
        RunFolder(tmp_path).lock("test"),
    ):
        pass
    with RunFolder(tmp_path).lock("test"):
        pass


def test_a_changed_file_is_found(tmp_path: Path) -> None:
    path = publish(tmp_path, "a", "old")
    (path / "list.csv").write_text("tampered")
    (path / "extra.csv").write_text("x")
    (path / "run_summary.json").write_text("{ }")
    assert verify(path) == ("extra.csv", "list.csv", "run_summary.json")


def test_an_unwritable_output_is_a_clear_error(tmp_path: Path) -> None:
    blocker = tmp_path / "out"
    blocker.write_text("a file where the folder should be")
    with pytest.raises(OutputError, match="cannot be written") as caught, RunFolder(blocker).lock("test"):
        pass
    assert caught.value.exit_code == 18


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(28, "No space left on device"), "No space left on device; its disk has"),
        (OSError("a library's own words about 4 parts"), "OSError; its disk has"),
    ],
)
def test_what_cannot_be_written_says_why_and_what_its_disk_has_free(
    tmp_path: Path, error: OSError, said: str
) -> None:
    """A full disk said "(None)", and that a last run stays where there was none."""
    with pytest.raises(OutputError) as caught, write_errors(tmp_path / "not" / "there"):
        raise error
    assert f"cannot be written ({said} " in caught.value.problem
    assert " MB free)" in caught.value.problem
    assert "free space on this disk" in str(caught.value.fix)
    assert "the last run" not in str(caught.value.fix)


RESTORE = "copd-strat runs restore RUN"


@pytest.mark.parametrize(
    "pointer",
    ["", "{", "[]", '{"folder": "gone"}', '{"folder": 1}'],
)
def test_a_damaged_pointer_names_the_command_that_puts_it_right(tmp_path: Path, pointer: str) -> None:
    publish(tmp_path, "a", "old")
    (tmp_path / "CURRENT.json").write_text(pointer)
    with pytest.raises(InputError) as caught:
        RunFolder(tmp_path).intact_current()
    assert caught.value.exit_code == 11
    assert RESTORE in str(caught.value)
    assert RunFolder(tmp_path).restore("a").run_id == "a"
    assert RunFolder(tmp_path).intact_current() is not None


@pytest.mark.parametrize("name", ["list.csv", "more/list.csv", "run_summary.json", "manifest.json"])
@pytest.mark.parametrize("damage", ["changed", "removed"])
def test_a_damaged_published_run_is_not_used(tmp_path: Path, name: str, damage: str) -> None:
    publish(tmp_path, "a", "old")
    path = publish(tmp_path, "b", "new") / name
    path.write_text(path.read_text() + " ") if damage == "changed" else path.unlink()
    folder = RunFolder(tmp_path)
    with pytest.raises(
        InputError, match=name.rsplit("/", maxsplit=1)[-1].split(".", maxsplit=1)[0]
    ) as caught:
        folder.intact_current()
    assert RESTORE in str(caught.value)
    with pytest.raises(InputError, match="name another run"):
        folder.restore("b")
    assert folder.restore("a").run_id == "a"
    current = folder.intact_current()
    assert current is not None
    assert current.run_id == "a"
    assert folder.purge(1) == ("b",), "what was damaged is still counted, and goes with its turn"


def test_a_lost_pointer_is_no_first_night(tmp_path: Path) -> None:
    for run_id in "abc":
        publish(tmp_path, run_id, run_id)
    (tmp_path / "runs" / "b" / "list.csv").write_text("damaged")
    (tmp_path / "CURRENT.json").unlink()
    with pytest.raises(InputError, match=r"CURRENT\.json: is missing, though there are runs") as caught:
        RunFolder(tmp_path).intact_current()
    assert RESTORE in str(caught.value)
    RunFolder(tmp_path).restore("c")
    assert names(tmp_path) == ["a", "c"], "the whole runs are found again, and will be removed in their turn"


@pytest.mark.parametrize("folder", ["../elsewhere", "/etc", "", ".", "a/b", "a b", 1])
def test_a_pointer_leads_nowhere_but_to_runs(tmp_path: Path, folder: object) -> None:
    publish(tmp_path, "a", "old")
    pointer = {"folder": folder, "manifest": "0" * 64, "earlier": []}
    (tmp_path / "CURRENT.json").write_text(json.dumps(pointer))
    with pytest.raises(InputError, match="cannot be read"):
        RunFolder(tmp_path).current()
    with pytest.raises(RequestError, match="there is no run"):
        RunFolder(tmp_path).restore(str(folder))


def test_a_draft_leads_nowhere_but_to_runs(tmp_path: Path) -> None:
    publish(tmp_path / "out", "a", "old")
    (tmp_path / "precious").mkdir()
    draft = {"folder": "../../precious", "manifest": "", "earlier": []}
    (tmp_path / "out" / ".CURRENT.json.draft").write_text(json.dumps(draft))
    with RunFolder(tmp_path / "out").staged("next"):
        pass
    assert (tmp_path / "precious").exists()


@pytest.mark.parametrize(
    "name", ["runs", "failed", ".partial-x", ".lock", "CURRENT.json", "runs/b", "audit.jsonl"]
)
def test_a_link_in_the_output_folder_is_refused_by_name(tmp_path: Path, name: str) -> None:
    root, elsewhere = tmp_path / "out", tmp_path / "elsewhere"
    publish(root, "a", "old")
    elsewhere.mkdir()
    (elsewhere / "mine.txt").write_text("not the program's")
    place = root / name
    if place.exists():
        place.rename(tmp_path / "moved")
    place.symlink_to(elsewhere)
    with pytest.raises(OutputError, match="links inside the output folder are not followed") as caught:
        RunFolder(root).lock("test").__enter__()
    assert str(place) in str(caught.value)
    assert [path.name for path in elsewhere.iterdir()] == ["mine.txt"]


@pytest.mark.parametrize("name", ["list.csv", "more", "manifest.json"])
def test_a_link_in_a_run_is_a_damaged_run(tmp_path: Path, name: str) -> None:
    path = publish(tmp_path / "out", "a", "old") / name
    path.rename(tmp_path / "moved")
    path.symlink_to(tmp_path / "moved")
    with pytest.raises(InputError, match=RESTORE):
        RunFolder(tmp_path / "out").intact_current()


def test_a_night_with_nothing_new_makes_up_what_a_kill_left(tmp_path: Path) -> None:
    for run_id in "abc":
        publish(tmp_path, run_id, run_id)
    (tmp_path / ".partial-d").mkdir()
    shutil.copytree(tmp_path / "runs" / "c", tmp_path / "runs" / "d")
    (tmp_path / ".CURRENT.json.draft").write_text('{"folder": "d"}')
    RunFolder(tmp_path).make_up(2)
    assert {path.name for path in tmp_path.iterdir()} == {"runs", "CURRENT.json"}
    assert {path.name for path in (tmp_path / "runs").iterdir()} == {"b", "c"}


def test_a_lock_file_that_somebody_left_locks_nothing(tmp_path: Path) -> None:
    """The system frees a lock with its process; no number of a process is read, so none can be another's."""
    (tmp_path / ".lock").write_text("1")
    with RunFolder(tmp_path).lock("test"):
        pass


def audit_lines(root: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (root / "audit.jsonl").read_text(encoding="utf-8").splitlines()]


def test_the_audit_log_tells_who_did_what_and_what_stood(tmp_path: Path) -> None:
    with RunFolder(tmp_path).lock("run"):
        publish(tmp_path, "a", "old")
    with pytest.raises(ContractError), RunFolder(tmp_path).lock("validate"):
        raise ContractError("broken")
    lines = audit_lines(tmp_path)
    assert [line["what"] for line in lines] == [
        "run: begins",
        "run: done",
        "validate: begins",
        "validate: stopped, exit 12",
    ]
    assert [line["standing"] and line["standing"]["folder"] for line in lines] == [None, "a", "a", "a"]
    assert all("@" in line["who"] for line in lines)
    assert audit_log.first_changed(tmp_path) is None


def test_an_audit_log_that_was_changed_is_noticed_and_one_cut_off_goes_on(tmp_path: Path) -> None:
    for _ in range(2):
        with RunFolder(tmp_path).lock("run"):
            pass
    path = tmp_path / "audit.jsonl"
    whole = path.read_text(encoding="utf-8")
    path.write_text(whole.replace("run: done", "run: dine", 1), encoding="utf-8")
    assert audit_log.first_changed(tmp_path) == 3
    path.write_text("".join(whole.splitlines(keepends=True)[1:]), encoding="utf-8")
    assert audit_log.first_changed(tmp_path) == 1
    path.write_text(whole[:-20], encoding="utf-8")
    with RunFolder(tmp_path).lock("run"):
        pass
    assert audit_log.first_changed(tmp_path) is None


def test_a_night_by_a_clock_that_was_set_back_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The published run is of the 1st of January 2026; on that day itself a night may be repeated."""
    monkeypatch.setenv("COPD_STRAT_REFERENCE_KEY", "a key for tests with synthetic people 0123456789")
    publish(tmp_path, "a", "old")
    demo = load(Path(__file__).parents[2] / "pipelines" / "demo.yaml")
    removed = demo.governance.model_copy(update={"opt_out_applied_on": date(2025, 12, 1)})
    settings = demo.model_copy(
        update={"extracts": (), "output": tmp_path, "governance": removed, "pathways": PathwaySettings()}
    )
    for day, stop in ((date(2025, 12, 31), RunGuardError), (date(2026, 1, 1), InputError)):
        with pytest.raises(stop) as stopped:  # the last run here lacks what a night goes on with
            plan(Night(settings=settings, as_of=day))
        assert ("lies before the published run's date 2026-01-01" in str(stopped.value)) == (day.year == 2025)


def test_the_audit_log_follows_its_lines_and_not_the_clock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Clock:
        times = iter(("2026-04-09T02:00:00+00:00", "2026-04-08T02:00:00+00:00"))

        @classmethod
        def now(cls, _zone: object) -> datetime:
            return datetime.fromisoformat(next(cls.times))

    monkeypatch.setattr(audit_log, "datetime", Clock)
    with RunFolder(tmp_path).lock("run"):
        pass
    assert [line["at"][:10] for line in audit_lines(tmp_path)] == ["2026-04-09", "2026-04-08"]
    assert audit_log.first_changed(tmp_path) is None


def test_a_damaged_older_run_is_passed_over(tmp_path: Path) -> None:
    for run_id in "abc":
        publish(tmp_path, run_id, run_id)
    (tmp_path / "runs" / "b" / "manifest.json").write_text("torn")
    kept = RunFolder(tmp_path).kept()
    assert [run.run_id for run in kept.runs] == ["a", "c"]
    assert kept.damaged == ("b",)
    assert RunFolder(tmp_path).intact_current() is not None


def test_a_folder_that_lies_there_is_no_run(tmp_path: Path) -> None:
    first = publish(tmp_path, "a", "old")
    shutil.copytree(first, tmp_path / "runs" / "copied")
    assert names(tmp_path) == ["a"]
    assert RunFolder(tmp_path).purge(1) == ()


def test_purge_keeps_the_newest_and_the_current(tmp_path: Path) -> None:
    for run_id in "abcd":
        publish(tmp_path, run_id, run_id)
    assert RunFolder(tmp_path).purge(2) == ("a", "b")
    assert names(tmp_path) == ["c", "d"]
    RunFolder(tmp_path).restore("c")
    assert RunFolder(tmp_path).purge(1) == ("d",)
    assert names(tmp_path) == ["c"]


def staged(root: Path, error: BaseException) -> None:
    with RunFolder(root).staged("r") as partial:
        (partial / "quality").mkdir()
        (partial / "quality" / "validation.html").write_text("stopped")
        raise error


def test_a_failed_night_leaves_its_page_and_names_it(tmp_path: Path) -> None:
    with pytest.raises(ContractError) as caught:
        staged(tmp_path, ContractError("broken"))
    assert caught.value.page == tmp_path / "failed" / "validation.html"
    assert caught.value.page.read_text() == "stopped"
    assert not list(tmp_path.glob(".partial-*"))


def test_a_night_stopped_by_a_signal_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(Stopped):
        staged(tmp_path, Stopped(15))
    interrupted = RuntimeError("Query interrupted")
    interrupted.__cause__ = Stopped(2)
    with pytest.raises(Stopped):
        staged(tmp_path, interrupted)
    assert list(tmp_path.iterdir()) == []


def test_a_library_that_loses_the_signal_does_not_hide_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(duckdb.Error):
        staged(tmp_path, duckdb.Error("an error of Python's, without its cause"))
    (tmp_path / "next").mkdir()
    monkeypatch.setattr(Stopped, "asked", Stopped(1))
    with pytest.raises(Stopped):
        staged(tmp_path / "next", duckdb.Error("an error of Python's, without its cause"))
    assert list((tmp_path / "next").iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_waits_for_the_pointer(number: signal.Signals) -> None:
    def stop(given: int, _frame: object) -> None:
        raise Stopped(given)

    done = []

    def publish_meanwhile() -> None:
        with uninterrupted():
            signal.raise_signal(number)
            done.append("published")

    before = signal.signal(number, stop)
    try:
        with pytest.raises(Stopped):
            publish_meanwhile()
        assert done == ["published"]
        assert signal.getsignal(number) is stop
    finally:
        signal.signal(number, before)


@pytest.mark.parametrize(
    ("record", "said"),
    [(None, "holds no verdict"), ("{", "holds no verdict"), ('{"success": false}', "says stop")],
)
def test_no_run_is_published_without_a_verdict_that_says_go(
    tmp_path: Path, record: str | None, said: str
) -> None:
    folder = RunFolder(tmp_path)
    with folder.staged("r") as partial:
        if record is not None:
            (partial / "quality").mkdir()
            (partial / "quality" / "validation.json").write_text(record)
        with pytest.raises(OutputError, match=said):
            publish_run(folder, partial, {"run_id": "r"}, {}, Runs(published=None, previous=None))
    assert not (tmp_path / "CURRENT.json").exists()


def test_rows_that_cannot_be_removed_are_not_published(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Kept from the faults: permissions lost while the staged rows were being removed."""
    folder = RunFolder(tmp_path)

    def refuse(path: Path, **_: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    with folder.staged("r") as partial:
        (partial / "work").mkdir()
        monkeypatch.setattr(shutil, "rmtree", refuse)
        with pytest.raises(OutputError, match="work: cannot be written"):
            publish_run(folder, partial, {"run_id": "r"}, {}, Runs(published=None, previous=None))
        monkeypatch.undo()
    assert not (tmp_path / "CURRENT.json").exists()


def test_two_rooms_cannot_give_the_manifest_the_same_key() -> None:
    assert compose({"a": 1}, {"b": 2})["b"] == 2
    with pytest.raises(ValueError, match="given twice: a"):
        compose({"a": 1}, {"a": 1})


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
    check_opt_outs(approval(), index=date(2026, 10, 8))
    with pytest.raises(ApprovalError, match="more than 7 days"):
        check_opt_outs(approval(), index=date(2026, 10, 9))
    check_opt_outs(approval(opt_out_regime="type1"), index=date(2026, 10, 9))


def test_opt_outs_cannot_have_been_applied_in_the_future() -> None:
    with pytest.raises(ApprovalError, match="after the run date"):
        check_approval(approval(), as_of=date(2026, 9, 1))


@pytest.mark.parametrize(
    "name", [".lock", "audit.jsonl", "CURRENT.json", "runs/a/manifest.json", "runs/a/list.csv"]
)
def test_a_pipe_in_the_output_folder_makes_nobody_wait(tmp_path: Path, name: str) -> None:
    publish(tmp_path, "a", "old")
    (tmp_path / name).unlink(missing_ok=True)
    os.mkfifo(tmp_path / name)
    folder = RunFolder(tmp_path)
    with pytest.raises(OutputError, match="neither a file nor") if "/" not in name else nullcontext():
        folder.lock("test").__enter__()
    with pytest.raises(InputError) if "/" in name or name == "CURRENT.json" else nullcontext():
        folder.intact_current()


def test_every_entry_of_a_run_is_flushed_before_it_is_pointed_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run's own folder as well: without it, a power cut may lose the names of its files."""
    flushed: list[str] = []
    monkeypatch.setattr("copd_strat.publish.folder.flush", lambda path: flushed.append(path.name))
    publish(tmp_path, "a", "old")
    before_pointing = flushed[: flushed.index(".CURRENT.json.draft")]
    built = {".partial-a", "list.csv", "more", "manifest.json", "run_summary.json"}
    assert built <= set(before_pointing)
