"""The same people, sent in another way or read on another machine: the same dispositions, the same bytes.

make nights
"""

from __future__ import annotations

import argparse
import csv
import ctypes
import dataclasses
import gzip
import hashlib
import io
import locale
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import warm_night
from synthetic_site import KEY
from trust_site import PEOPLE, SECOND, TrustSite, make_site

from copd_strat.synthetic import generate

# What is written for people; the verdict and the manifest tell of the files that came.
PUBLISHED = ("direct_care", "summary", "report.html", "analyst", "history")
Rows = list[dict[str, str]]
Tables = dict[str, Rows]


@dataclass(frozen=True, kw_only=True)
class Sent:
    """How the rows are sent."""

    ending: str = "csv"
    parts: int = 1
    shuffled: bool = False
    more: tuple[str, ...] = ()
    rename: Callable[[str], str] = str
    packing: str = "snappy"


@dataclass(frozen=True, kw_only=True)
class Variant:
    """How the rows are sent, what the configuration says besides, and what is done in the night's process."""

    sent: Sent = field(default_factory=Sent)
    engine: str = "{memory_limit: 500MB, threads: 1}"
    before: Callable[[], object] = dict


def elsewhere(zone: str, language: str) -> Callable[[], None]:
    """Another time zone and locale of the machine."""

    def move() -> None:
        os.environ |= {"TZ": zone, "LC_ALL": language}
        time.tzset()
        locale.setlocale(locale.LC_ALL, language)

    return move


LEAP_DAY = date(2028, 2, 29)
NEW_USER_AND_NETWORK = 0x10000000 | 0x40000000  # CLONE_NEWUSER, CLONE_NEWNET (sched.h)


def without_network() -> None:
    """A namespace without interfaces; what the process then tries of the network is a fault as well."""
    if ctypes.CDLL(None).unshare(NEW_USER_AND_NETWORK):
        print("NOT RUN in a namespace without interfaces: unshare is not permitted here")
    sys.addaudithook(_no_network)


def _no_network(event: str, _arguments: object) -> None:
    if event in ("socket.connect", "socket.getaddrinfo", "socket.sendto", "subprocess.Popen", "os.system"):
        os.write(2, f"the night asked for {event}\n".encode())
        os._exit(99)


def pseudonym(name: str) -> str:
    return f"Q{hashlib.sha256(name.encode()).hexdigest()[:12]}"


VARIANTS = {
    "row order": Variant(sent=Sent(shuffled=True)),
    "parts": Variant(sent=Sent(parts=3)),
    "gzip": Variant(sent=Sent(ending="csv.gz", parts=2)),
    "Parquet": Variant(sent=Sent(ending="parquet", packing="zstd", shuffled=True)),
    "irrelevant columns": Variant(sent=Sent(more=("local_counter", "zz_note"))),
    "threads": Variant(engine="{memory_limit: 1GB, threads: 4}"),
    "locale C, Kiritimati": Variant(before=elsewhere("Pacific/Kiritimati", "C")),
    "POSIX, St John's": Variant(before=elsewhere("America/St_Johns", "POSIX")),
    "no network": Variant(before=without_network),
    "other pseudonyms": Variant(sent=Sent(rename=pseudonym)),
}


def rows_of(folder: Path) -> Tables:
    """The extracts' rows, as text."""
    tables: Tables = {}
    for path in sorted(folder.rglob("*")):
        if path.is_dir() or path.name == "SYNTHETIC.txt":
            continue
        table = (
            path.parent.name
            if path.parent != folder
            else path.name.split(".", maxsplit=1)[0].rstrip("_0123456789")
        )
        if path.suffix == ".parquet":
            found = pq.read_table(path).to_pylist()
        else:
            packed = path.suffix == ".gz"
            text = gzip.decompress(path.read_bytes()) if packed else path.read_bytes()
            delimiter = "\t" if path.suffix == ".txt" else ","
            found = list(csv.DictReader(io.StringIO(text.decode()), delimiter=delimiter))
        rows = [{name: "" if v is None else str(v) for name, v in row.items()} for row in found]
        tables.setdefault(table, []).extend(rows)
    return tables


def send(tables: Tables, sent: Sent, folder: Path) -> None:
    """Write every table as ``sent`` says."""
    folder.mkdir()
    rng = random.Random(20261125)
    for table, rows in tables.items():
        changed = [
            {
                name: sent.rename(value) if name == "patient_id" and value else value
                for name, value in row.items()
            }
            | dict.fromkeys(sent.more, "7")
            for row in rows
        ]
        if sent.shuffled:
            rng.shuffle(changed)
        for part in range(sent.parts):
            name = f"{table}_{part}" if sent.parts > 1 else table
            _write(
                changed[part :: sent.parts] or changed[:0],
                list(changed[0]),
                folder / f"{name}.{sent.ending}",
                sent,
            )


def _write(rows: Rows, names: list[str], path: Path, sent: Sent) -> None:
    if path.suffix == ".parquet":
        columns = {name: pa.array([row[name] or None for row in rows], pa.string()) for name in names}
        pq.write_table(pa.table(columns), path, compression=sent.packing)
        return
    out = io.StringIO()
    writer = csv.DictWriter(out, fieldnames=names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    content = out.getvalue().encode()
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)


def night(base: Path, name: str, tables: Tables, variant: Variant, as_of: str = SECOND) -> TrustSite:
    """A published night of a variant; the run's id is the same in all, though it depends on the files."""
    extracts = base / name / "extracts"
    (base / name).mkdir()
    code = warm_night.forked(lambda: send(tables, variant.sent, extracts))
    site = make_site(base / name / "site", extracts)
    text = site.config.read_text(encoding="utf-8").replace(
        "{memory_limit: 500MB, threads: 1}", variant.engine
    )
    site.config.write_text(text, encoding="utf-8")

    def before() -> None:
        import copd_strat.plan

        copd_strat.plan.content_key = lambda _parts: "0" * 64  # type: ignore[attr-defined]
        variant.before()

    arguments = ["run", "--config", str(site.config), "--as-of", as_of]
    end = warm_night.called(arguments, base / name / "log", before)
    if "NOT RUN" in end.log:
        print(next(line for line in end.log.splitlines() if "NOT RUN" in line))
    if code or end.code:
        sys.exit(f"{name}: exit {end.code}\n{end.log}")
    return site


def published_bytes(site: TrustSite) -> dict[str, str]:
    """Every published file by its hash."""
    (run,) = (site.output / "runs").iterdir()
    found = {path.relative_to(run).as_posix(): path for path in sorted(run.rglob("*")) if path.is_file()}
    return {
        name: hashlib.sha256(path.read_bytes()).hexdigest()
        for name, path in found.items()
        if name.startswith(PUBLISHED)
    }


def dispositions(
    site: TrustSite, rename: Callable[[str], str] = lambda name: name
) -> dict[str, tuple[object, ...]]:
    """Each patient's disposition and what belongs to it; the rank of equals goes by reference, so it is left out."""
    (path,) = (site.output / "runs").glob("*/analyst/patients.parquet")
    columns = ("disposition", "route", "sentinel", "reason_codes", "risk_severe_12m", "exacerbations_12m")
    rows = pq.read_table(path).to_pylist()
    return {rename(row["patient_id"]): tuple(str(row[name]) for name in columns) for row in rows}


def differing(base: TrustSite, other: TrustSite, variant: Variant) -> list[str]:
    """What is not the same: files by name, or patients by number."""
    if dispositions(base, variant.sent.rename) != dispositions(other):
        return ["dispositions"]
    before, after = published_bytes(base), published_bytes(other)
    if variant.sent.parts > 1:  # the report tells how many files came
        del before["report.html"], after["report.html"]
    if variant.sent.rename("x") != "x":  # references on lists follow the patients' ids; the summary does not
        before, after = (_about_nobody(files) for files in (before, after))
    return sorted({name for name, _ in before.items() ^ after.items()})


def _about_nobody(files: dict[str, str]) -> dict[str, str]:
    return {name: content for name, content in files.items() if name.startswith(("summary", "report"))}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("variants", nargs="*", default=list(VARIANTS), help=f"of {', '.join(VARIANTS)}")
    given = parser.parse_args()
    os.environ |= KEY
    warm_night.warm_up()
    failed = False
    with tempfile.TemporaryDirectory(prefix="nights-") as name:
        folder = Path(name)
        leap = dataclasses.replace(PEOPLE, end=LEAP_DAY)
        warm_night.forked(lambda: generate(PEOPLE, folder / "people"))
        tables = rows_of(folder / "people" / "native")
        base = night(folder, "as it is", tables, Variant())
        for number, what in enumerate(given.variants):
            variant = VARIANTS[what]
            differs = differing(base, night(folder, str(number), tables, variant), variant)
            print(f"{what:<24}{'the same' if not differs else 'DIFFERS: ' + ', '.join(differs)}", flush=True)
            failed |= bool(differs)
        if given.variants == list(VARIANTS):
            warm_night.forked(lambda: generate(leap, folder / "leap"))
            tables = rows_of(folder / "leap" / "native")
            night(folder, "leap day", tables, Variant(), as_of=LEAP_DAY.isoformat())
            print(f"{'leap day':<24}published")
    sys.exit(failed)


if __name__ == "__main__":
    main()
