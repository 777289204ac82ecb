"""Exactly the files that were hashed are read, unchanged to the end, and as their sender listed them."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from extract_world import AS_OF, CONTRACTS, as_csv, gp_events, write_extract

from copd_strat import extracts
from copd_strat.config import EngineSettings, ExtractSource
from copd_strat.engine import Engine
from copd_strat.errors import InputError
from copd_strat.extracts import ingest
from copd_strat.extracts.inventory import inventory, require_unchanged
from copd_strat.extracts.receipts import Ingested


def land_listed(folder: Path, out: Path, between: Callable[[Path], None]) -> Ingested:
    """Land a folder that changes after it was listed."""
    listed = inventory(folder)
    between(folder)
    engine = Engine.open(EngineSettings(threads=1), out / "spill")
    try:
        return extracts.ingest_sources(
            engine,
            (ExtractSource(layout="native", path=folder),),
            CONTRACTS,
            inputs=[listed],
            zone="Europe/London",
            work=out / "work",
            quality=out / "quality",
            as_of=AS_OF,
        )
    finally:
        engine.close()


def _rewrite_in_place(folder: Path) -> None:
    path = folder / "gp_events.csv"
    status = path.stat()
    path.write_bytes(path.read_bytes().replace(b"P0001", b"P0002", 1))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def _replace(folder: Path) -> None:
    path = folder / "gp_events.csv"
    path.with_suffix(".new").write_bytes(path.read_bytes())
    path.with_suffix(".new").replace(path)


CHANGES: dict[str, tuple[Callable[[Path], None], str]] = {
    "a needed file taken away": (lambda folder: (folder / "gp_events.csv").unlink(), "gp_events.csv"),
    "an optional file taken away": (
        lambda folder: (folder / "hospital_episodes.csv").unlink(),
        "hospital_episodes.csv",
    ),
    "another file in its place": (_replace, "was changed while the run was reading it"),
    "other bytes with the old time": (_rewrite_in_place, "was changed while the run was reading it"),
    "rows added": (
        lambda folder: (folder / "gp_events.csv").open("a").write("P0001,2025-01-01,1,snomed,,,\n") and None,
        "was changed while the run was reading it",
    ),
}


@pytest.mark.parametrize(("change", "words"), CHANGES.values(), ids=CHANGES.keys())
def test_a_file_that_changes_after_it_was_hashed_stops_the_run(
    tmp_path: Path, change: Callable[[Path], None], words: str
) -> None:
    with pytest.raises(InputError, match=re.escape(words)) as raised:
        land_listed(write_extract(tmp_path / "in"), tmp_path, change)
    assert raised.value.exit_code == 11


def test_a_file_that_came_later_is_not_read(tmp_path: Path) -> None:
    def add(folder: Path) -> None:
        (folder / "gp_events_2.csv").write_text(as_csv(gp_events()), encoding="utf-8")
        (folder / "deaths.csv").write_text("patient_id,death_date\nP0001,2025-01-01\n", encoding="utf-8")

    ingested = land_listed(write_extract(tmp_path / "in"), tmp_path, add)
    assert ingested.totals()["native.gp_events"]["rows_in"] == 200
    assert "native.deaths" not in ingested.totals()
    assert not ingested.warnings


def test_without_the_second_look_such_a_night_would_pass(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingest, "require_unchanged", lambda inputs: None)
    land_listed(write_extract(tmp_path / "in"), tmp_path, _rewrite_in_place)


def test_unchanged_files_stay_unchanged_when_they_are_only_read(tmp_path: Path) -> None:
    listed = inventory(write_extract(tmp_path / "in"))
    for item in listed:
        item.path.read_bytes()
    require_unchanged(listed)


@pytest.mark.parametrize("kind", ["dangling link", "pipe"])
def test_what_cannot_be_a_file_is_refused_and_never_passed_over(tmp_path: Path, kind: str) -> None:
    folder = write_extract(tmp_path / "in")
    odd = folder / "deaths.csv"
    odd.symlink_to(tmp_path / "nowhere") if kind == "dangling link" else os.mkfifo(odd)
    with pytest.raises(InputError, match=r"deaths\.csv"):
        inventory(folder)


def test_a_linked_folder_is_looked_into_and_a_loop_ends(tmp_path: Path) -> None:
    folder = write_extract(tmp_path / "in")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "part.csv").write_text("patient_id,death_date\n", encoding="utf-8")
    (folder / "deaths").symlink_to(elsewhere)
    (elsewhere / "back").symlink_to(folder)
    names = [item.name for item in inventory(folder)]
    assert "deaths/part.csv" in names
    assert len(names) == 5


def sums(folder: Path, line: str) -> str:
    found = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.glob("*.csv"))
    }
    return "".join(line.format(name=name, digest=digest) for name, digest in found.items())


FORMS = {
    "sha256sum": ("SHA256SUMS", "{digest}  {name}\n"),
    "binary mark": ("sha256sums.txt", "{digest} *{name}\n"),
    "BSD": ("all.sha256", "SHA256 ({name}) = {digest}\r\n"),
    "openssl": ("manifest-sha256.txt", "SHA2-256({name})= {digest}\n"),
    "dotted": ("SHA256SUM", "{digest}  ./{name}\n"),
}


@pytest.mark.parametrize(("name", "line"), FORMS.values(), ids=FORMS.keys())
def test_a_senders_list_is_held_against_the_files(tmp_path: Path, name: str, line: str) -> None:
    folder = write_extract(tmp_path / "in")
    listed = sums(folder, line)
    (folder / name).write_text(listed, encoding="utf-8", newline="")
    ingested = land_listed(folder, tmp_path / "a", lambda folder: None)
    assert not ingested.warnings
    path = folder / "hospital_episodes.csv"
    content = path.read_bytes()
    path.write_bytes(content[:-9] + bytes([content[-9] ^ 1]) + content[-8:])
    with pytest.raises(InputError, match=r"hospital_episodes\.csv: differs from its checksum"):
        land_listed(folder, tmp_path / "b", lambda folder: None)
    path.unlink()
    with pytest.raises(InputError, match=r"hospital_episodes\.csv: is listed in .* and did not arrive"):
        land_listed(folder, tmp_path / "c", lambda folder: None)


def test_a_checksum_beside_each_file_and_a_list_that_cannot_be_read(tmp_path: Path) -> None:
    folder = write_extract(tmp_path / "in")
    digest = hashlib.sha256((folder / "gp_events.csv").read_bytes()).hexdigest()
    (folder / "gp_events.csv.sha256").write_text(digest.upper() + "\n", encoding="utf-8")
    land_listed(folder, tmp_path / "a", lambda folder: None)
    (folder / "gp_events.csv.sha256").write_text(
        "d41d8cd98f00b204e9800998ecf8427e  gp_events.csv\n", encoding="utf-8"
    )
    with pytest.raises(InputError, match=r"gp_events\.csv\.sha256: line 1 is not"):
        land_listed(folder, tmp_path / "b", lambda folder: None)


def test_a_link_that_leads_elsewhere_later_is_not_followed(tmp_path: Path) -> None:
    """Turned over between hashing and reading, and back before the last look, it would not be noticed."""
    folder = write_extract(tmp_path / "in")
    first, second = tmp_path / "first.csv", tmp_path / "second.csv"
    (folder / "gp_events.csv").rename(first)
    second.write_bytes(b"".join(first.read_bytes().splitlines(keepends=True)[:50]))
    (folder / "gp_events.csv").symlink_to(first)

    def turn(folder: Path) -> None:
        (folder / "gp_events.csv").unlink()
        (folder / "gp_events.csv").symlink_to(second)

    ingested = land_listed(folder, tmp_path, turn)
    assert ingested.totals()["native.gp_events"]["rows_in"] == 200


@pytest.mark.parametrize("moved", [".", ".."])
def test_a_folder_swapped_away_and_back_stops_the_run(tmp_path: Path, moved: str) -> None:
    """Its files are the ones that were hashed, before and after; in between others were read."""
    folder = write_extract(tmp_path / "site" / "in")
    whole = (folder / moved).resolve()
    listed = inventory(folder)
    before = whole.stat().st_ctime_ns
    while whole.stat().st_ctime_ns == before:  # a file system's clock may be slower than this loop
        whole.rename(tmp_path / "away")
        write_extract(whole)
        shutil.rmtree(whole)
        (tmp_path / "away").rename(whole)
    with pytest.raises(InputError, match=f"{re.escape(str(whole))}: the folder was moved"):
        require_unchanged(listed)


def test_a_delivery_beside_the_files_stops_nothing(tmp_path: Path) -> None:
    folder = write_extract(tmp_path / "in")
    listed = inventory(folder)
    for place in (folder, tmp_path):
        (place / "next.csv").write_text("patient_id\n", encoding="utf-8")
        (place / "next").mkdir()
    require_unchanged(listed)
