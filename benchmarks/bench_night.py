"""Three whole nights on SYNTHETIC register patients, each step against a bare scan of the same bytes.

    python benchmarks/bench_night.py --patients 20000 [--nights 3] [--memory 2GB] [--data FOLDER] [--json FILE]

The first night publishes 24 months of the summary; the later one, a day after, closes no month, and parses no file
again; the third adds the part files of one day. Each step's CPU seconds (all threads together), wall seconds, rows of
the extracts a CPU second and peak of resident memory are printed, with the ratio to the scan; Great Expectations is
also told apart. One size a process, so that peaks are its own; the peak of a step is the highest of all before it.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import wraps
from pathlib import Path
from typing import Any

import duckdb
from make_events import END, data_of

from copd_strat.config import ExtractSource, GuardSettings, PathwaySettings, Settings, SummarySettings, load
from copd_strat.engine import Engine, literal
from copd_strat.plan import Night, plan
from copd_strat.progress import Narrator, Step
from copd_strat.quality import gate, sample
from copd_strat.run import STEPS, nightly

ROOT = Path(__file__).parents[1]
NIGHTS = ("first night", "later night", "night that adds a day")
MONTHS = 24  # of the summary, published by the first night
# What the facts need of the two large tables; the small ones are read whole.
COLUMNS = {
    "gp_events": ("patient_id", "event_date", "code", "code_system", "value", "unit"),
    "prescriptions": ("patient_id", "issue_date", "dmd_code", "quantity"),
    "hospital_episodes": ("*",),
    "ed_attendances": ("*",),
    "patients": ("*",),
}


@dataclass
class Watched(Narrator):
    """Also keeps the peak of memory, in GiB, by the end of each step."""

    peaks: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def step(self, name: str) -> Iterator[Step]:
        with super().step(name) as step:
            yield step
        self.peaks[name] = peak_gib()


@dataclass
class Apart:
    """CPU seconds of a function that is part of several steps."""

    seconds: float = 0.0

    def timed(self, work: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(work)
        def call(*given: Any, **named: Any) -> Any:
            start = time.process_time()
            try:
                return work(*given, **named)
            finally:
                self.seconds += time.process_time() - start

        return call


def peak_gib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def machine() -> dict[str, Any]:
    """What a figure is worth nothing without."""
    return {
        "system": platform.platform(),
        "processors": os.cpu_count(),
        "python": platform.python_version(),
        "duckdb": duckdb.__version__,
        "load_before": os.getloadavg()[0],
    }


def settings_for(data: Path, folder: Path, memory: str | None = None) -> Settings:
    key, output = folder / "reference.key", folder / "output"
    key.touch(mode=0o600)
    key.write_text("a key for a benchmark of synthetic people\n")
    output.mkdir()
    demo = load(ROOT / "pipelines" / "demo.yaml")
    engine = demo.engine.model_copy(update={"memory_limit": memory} if memory else {})
    changed = {
        "extracts": (ExtractSource(layout="native", path=data),),
        "output": output,
        "engine": engine,
        "guard": GuardSettings(min_month_share=0.0),  # these data's months are uneven, which is not measured
        "pathways": PathwaySettings(reference_key_file=key),
        "summary": SummarySettings(months=MONTHS),
    }
    return demo.model_copy(update=changed)


def linked(data: Path, folder: Path) -> Path:
    """The extracts as links, so that a night may add to them."""
    for path in sorted(path for path in data.rglob("*") if path.is_file()):
        link = folder / path.relative_to(data)
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(path.resolve())
    return folder


def add_a_day(extracts: Path, day: date) -> None:
    """Part files of ``day``: what an earlier day held of each large table, in all its parts."""
    for table, column in (("gp_events", "event_date"), ("prescriptions", "issue_date")):
        earlier = literal(day - timedelta(days=28))
        parts = literal(str(extracts / table / "part_*.parquet"))
        rows = f"SELECT * REPLACE ({literal(day)} AS {column}) FROM read_parquet({parts}) WHERE {column} = {earlier}"
        duckdb.sql(f"COPY ({rows}) TO {literal(str(extracts / table / 'day.parquet'))} (FORMAT parquet)")


def scan(data: Path, settings: Settings, spill: Path) -> tuple[float, int]:
    """CPU seconds of touching every value of the columns, best of three so that caches are warm; and the rows."""
    return min(_scan_once(data, settings, spill) for _ in range(3))


def _scan_once(data: Path, settings: Settings, spill: Path) -> tuple[float, int]:
    rows, before = 0, time.process_time()
    with Engine.open(settings.engine, spill) as engine:
        for table, columns in COLUMNS.items():
            parts = data / table / "*.parquet" if (data / table).is_dir() else data / f"{table}.parquet"
            touched = "*" if columns == ("*",) else repr(list(columns))
            files = f"read_parquet({literal(str(parts))})"
            rows += engine.rows(f"SELECT count(*), max(COLUMNS({touched})) FROM {files}")[0][0]
    return time.process_time() - before, rows


def one_night(settings: Settings, as_of: date, floor: float, rows: int) -> dict[str, Any]:
    """A night's steps and their sums, as printed and kept."""
    expectations = Apart()
    original = gate.run_suite
    gate.run_suite = sample.run_suite = expectations.timed(original)
    narrator = Watched(lambda line: print(line, flush=True), total=len(STEPS))
    try:
        nightly(plan(Night(settings=settings, as_of=as_of)), narrator)
    finally:
        gate.run_suite = sample.run_suite = original
    steps = {
        name: {
            "cpu_seconds": round(seconds, 2),
            "wall_seconds": round(narrator.seconds[name], 2),
            "scans": round(seconds / floor, 2),
            "rows_a_cpu_second": round(rows / seconds) if seconds else None,
            "peak_gib": round(narrator.peaks[name], 2),
        }
        for name, seconds in narrator.cpu_seconds.items()
    }
    cpu = sum(narrator.cpu_seconds.values())
    return {
        "steps": steps,
        "cpu_seconds": round(cpu, 2),
        "wall_seconds": round(sum(narrator.seconds.values()), 2),
        "great_expectations_cpu_seconds": round(expectations.seconds, 2),
        "scans_without_great_expectations": round((cpu - expectations.seconds) / floor, 2),
        "peak_gib": round(peak_gib(), 2),
    }


def show(name: str, night: dict[str, Any]) -> None:
    print(f"\n{name}\n{'step':<22}{'CPU s':>8}{'wall s':>8}{'x scan':>8}{'rows / CPU s':>14}{'peak GiB':>10}")
    for step, found in night["steps"].items():
        print(
            f"{step:<22}{found['cpu_seconds']:>8.1f}{found['wall_seconds']:>8.1f}{found['scans']:>8.1f}"
            f"{found['rows_a_cpu_second'] or 0:>14,}{found['peak_gib']:>10.2f}"
        )
    print(
        f"whole night: {night['cpu_seconds']:.1f} CPU s, "
        f"of which Great Expectations {night['great_expectations_cpu_seconds']:.1f}; "
        f"without it {night['scans_without_great_expectations']:.1f} scans"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--patients", type=int, default=100_000)
    parser.add_argument("--data", type=Path)
    parser.add_argument(
        "--nights", type=int, default=len(NIGHTS), help="how many of the three, in their order"
    )
    parser.add_argument("--memory", help="the engine's memory limit, such as 256MB")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    data = options.data or data_of(options.patients)
    os.umask(0o027)
    with tempfile.TemporaryDirectory(dir=data.parent) as scratch:
        folder = Path(scratch)
        extracts = linked(data, folder / "extracts")
        settings = settings_for(extracts, folder, options.memory)
        floor, rows = scan(data, settings, folder / "spill")
        print(f"bare scan of the same columns: {floor:.2f} CPU s, {rows:,} rows")
        found: dict[str, Any] = {
            "patients": options.patients,
            "scan_cpu_seconds": round(floor, 3),
            "rows": rows,
        }
        found |= {"machine": machine(), "memory_limit": settings.engine.memory_limit}
        for days, name in enumerate(NIGHTS[: options.nights], start=7):
            if name == NIGHTS[-1]:
                add_a_day(extracts, END + timedelta(days=1))
            found[name] = one_night(settings, END + timedelta(days=days), floor, rows)
            show(name, found[name])
            if options.json:
                options.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
