"""The commissioners' root: releases, and a stable path to the latest one. Nothing else is written there.

    CURRENT.json                names the release that readers follow, and its order
    current -> releases/<id>    the same as a path that never changes
    releases/<id>/summary/, report.html

A run carries its release; here it is copied aside, renamed into place, and only then pointed at. What a kill
leaves between is made up by the next night, also by one with nothing new.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from copd_strat.errors import OutputError
from copd_strat.publish.content import content_key
from copd_strat.publish.folder import POINTER, flush, refuse_links, write_errors
from copd_strat.publish.manifest import written_files

FOLDER, REPORT = "summary", "report.html"
_STABLE = "current"
_ASIDE = ".partial-"


def release_record(run: Path, order: int) -> dict[str, Any]:
    """What a run's manifest keeps of the release it carries: its order, its id, its files with their hashes.

    The id comes from the content, so that the same figures are the same release.
    """
    files, _ = written_files(run / FOLDER)
    named = {f"{FOLDER}/{name}": file for name, file in files.items()}
    report, _ = written_files(run)
    named |= {REPORT: report[REPORT]}
    return {"order": order, "id": f"{order:03d}-{content_key(named)[:12]}", "files": named}


def release(root: Path | None, run: Path, record: Mapping[str, Any]) -> None:
    """Make the run's release the one that commissioners follow; nothing to do before the first one.

    OutputError if it cannot be written, or is not as the run's manifest says.
    """
    if root is None or not record["order"]:
        return
    with write_errors(root):
        for leftover in (root / "releases").glob(f"{_ASIDE}*"):
            shutil.rmtree(leftover)
        refuse_links(root, root / "releases", but=_STABLE)
        target = root / "releases" / record["id"]
        if not _is_whole(target, record):
            shutil.rmtree(target, ignore_errors=True)
            _copy(run, target, record)
        _point_at(root, record)


def _is_whole(target: Path, record: Mapping[str, Any]) -> bool:
    """Whether the release lies there as its run recorded it: a damaged one is made again."""
    try:
        return release_record(target, record["order"]) == record
    except KeyError:
        return False  # its report is gone


def _copy(run: Path, target: Path, record: Mapping[str, Any]) -> None:
    """The release's files under ``target``: whole or not at all."""
    aside = target.with_name(f"{_ASIDE}{target.name}")
    (aside / FOLDER).mkdir(parents=True)
    for name in record["files"]:
        shutil.copyfile(run / name, aside / name)
    if release_record(aside, record["order"]) != record:
        raise OutputError(
            f"{aside}: the release is not the one that its run recorded",
            fix="nothing was released; run 'copd-strat runs list' to see whether the run's folder was changed",
        )
    for path in (*sorted(aside.rglob("*")), aside):
        flush(path)
    aside.rename(target)
    flush(target.parent)


def _point_at(root: Path, record: Mapping[str, Any]) -> None:
    """Swap the stable path, then the pointer, each at once; not at all where both are right."""
    pointer = {"release": record["id"], "order": record["order"]}
    text = json.dumps(pointer, indent=1) + "\n"
    link, file, place = root / _STABLE, root / POINTER, Path("releases", record["id"])
    if not link.is_symlink() or link.readlink() != place:
        draft = root / f".{_STABLE}.draft"
        draft.unlink(missing_ok=True)
        draft.symlink_to(place, target_is_directory=True)
        draft.replace(link)
    if not file.exists() or file.read_bytes() != text.encode():
        draft = root / f".{POINTER}.draft"
        draft.write_text(text, encoding="utf-8")
        flush(draft)
        draft.replace(file)
    flush(root)
