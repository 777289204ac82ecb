"""The last run is one of an older program: each key of its manifest, each table of its history and each column of
these is missing in turn, and a night begins on it.

Its hashes are right, so that it passes for whole. The night ends with one sentence (exit 11) and leaves the last run
in place, or it publishes; never anything else.

    make older
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import warm_night
from synthetic_site import KEY
from trust_site import FIRST, SECOND, TrustSite, make_people, make_site

Change = Callable[[Path, dict[str, Any]], None]
TOLD = "a program of another version wrote it"


def without_key(*names: str) -> Change:
    def change(_run: Path, manifest: dict[str, Any]) -> None:
        for name in names[:-1]:
            manifest = manifest[name]
        del manifest[names[-1]]

    return change


def without_file(name: str) -> Change:
    def change(run: Path, manifest: dict[str, Any]) -> None:
        (run / name).unlink()
        del manifest["files"][name]

    return change


def without_column(name: str, column: str) -> Change:
    def change(run: Path, manifest: dict[str, Any]) -> None:
        path = run / name
        pq.write_table(pq.read_table(path).drop_columns([column]), path)
        content = path.read_bytes()
        manifest["files"][name] = {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}

    return change


def changes_of(run: Path) -> Iterator[tuple[str, Change]]:
    """What an older program's run may lack, by what is missing."""
    manifest = json.loads((run / "manifest.json").read_text(encoding="utf-8"))
    for name, value in manifest.items():
        yield name, without_key(name)
        if name in ("guard", "monitoring", "release"):
            yield from ((f"{name}.{inner}", without_key(name, inner)) for inner in value)
    for inner in manifest["monitoring"]["reference"]:
        yield f"monitoring.reference.{inner}", without_key("monitoring", "reference", inner)
    tables = [name for name in manifest["files"] if name.startswith("history/")]
    for name in (*tables, "analyst/patients.parquet"):
        yield name, without_file(name)
        yield from ((f"{name} {one}", without_column(name, one)) for one in pq.read_schema(run / name).names)


def make_older(output: Path, change: Change) -> None:
    """Change the published run below ``output``, and make its hashes right again."""
    pointer = json.loads((output / "CURRENT.json").read_text(encoding="utf-8"))
    run = output / "runs" / pointer["folder"]
    manifest = json.loads((run / "manifest.json").read_text(encoding="utf-8"))
    change(run, manifest)
    text = json.dumps(manifest)
    (run / "manifest.json").write_text(text, encoding="utf-8")
    pointer["manifest"] = hashlib.sha256(text.encode()).hexdigest()
    (output / "CURRENT.json").write_text(json.dumps(pointer), encoding="utf-8")


def tried(site: TrustSite, place: Path, change: Change) -> tuple[str, str]:
    """What a night on the changed run came to, and what is wrong with that, empty if nothing is."""
    shutil.copytree(site.folder, place, symlinks=True)
    copy = TrustSite(place)
    make_older(copy.output, change)
    before = (copy.output / "CURRENT.json").read_text(encoding="utf-8")
    end = warm_night.called(["run", "--config", str(copy.config), "--as-of", SECOND], place / "log")
    stands = (copy.output / "CURRENT.json").read_text(encoding="utf-8") == before
    shutil.rmtree(place)
    if end.code == 0:
        return "published", "the pointer did not move" if stands else ""
    refused = end.code == 11 and (TOLD in end.log or "copd-strat runs restore" in end.log)
    return "refused", "" if refused and stands else f"exit {end.code}\n{end.log[-1500:]}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--every", type=int, default=1, metavar="N", help="every N-th thing that may lack")
    every = parser.parse_args().every
    os.environ |= KEY
    warm_night.warm_up()
    wrong, counted = [], Counter[str]()
    with tempfile.TemporaryDirectory(prefix="older-") as folder:
        base = Path(folder)
        warm_night.forked(lambda: make_people(base / "people"))
        site = make_site(base / "site", base / "people" / "native")
        first = warm_night.called(["run", "--config", str(site.config), "--as-of", FIRST], base / "log")
        if first.code:
            sys.exit(first.log)
        (run,) = (site.output / "runs").iterdir()
        for number, (what, change) in enumerate(list(changes_of(run))[::every]):
            came, fault = tried(site, base / f"try-{number}", change)
            counted[came] += 1
            print(f"without {what}: {fault or came}", flush=True)
            wrong += [what] if fault else []
    print(
        f"{counted.total()} nights: {counted['refused']} refused, {counted['published']} published; {len(wrong)} wrong"
    )
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
