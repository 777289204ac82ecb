"""A whole night on 100,000 SYNTHETIC register patients, against a bare scan of the same columns and files.

    python benchmarks/bench_night.py [--patients 100000]

Prints each step's CPU seconds (all threads together) as a multiple of the scan's, and the peak of resident
memory so far before every line. The bars: clinical facts (code lists to one row a patient) at most 6 scans,
everything under 2 GiB.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

from copd_strat.config import ExtractSource, GuardSettings, PathwaySettings, Settings, load
from copd_strat.engine import Engine, literal
from copd_strat.plan import Night
from copd_strat.progress import Narrator
from copd_strat.run import STEPS, nightly

ROOT = Path(__file__).parents[1]
END = date(2026, 10, 31)
FACTS_BAR, MEMORY_BAR_GIB = 6.0, 2.0
# What the facts need of the two large tables; the small ones are read whole.
COLUMNS = {
    "gp_events": ("patient_id", "event_date", "code", "code_system", "value", "unit"),
    "prescriptions": ("patient_id", "issue_date", "dmd_code", "quantity"),
    "hospital_episodes": ("*",),
    "ed_attendances": ("*",),
    "patients": ("*",),
}


def settings_for(data: Path, folder: Path) -> Settings:
    key = folder / "reference.key"
    key.write_text("a key for a benchmark of synthetic people\n")
    demo = load(ROOT / "pipelines" / "demo.yaml")
    return replace(
        demo,
        extracts=(ExtractSource(layout="native", path=data),),
        output=folder / "output",
        guard=GuardSettings(min_month_share=0.0),  # these data's months are uneven, which is not measured
        pathways=PathwaySettings(reference_key_file=key),
    )


def scan_seconds(data: Path, settings: Settings, spill: Path) -> float:
    """CPU seconds of touching every value of the columns, best of three so that caches are warm for both."""
    return min(_scan_once(data, settings, spill) for _ in range(3))


def _scan_once(data: Path, settings: Settings, spill: Path) -> float:
    engine = Engine.open(settings.engine, spill)
    before = time.process_time()
    for table, columns in COLUMNS.items():
        parts = data / table / "*.parquet" if (data / table).is_dir() else data / f"{table}.parquet"
        touched = "*" if columns == ("*",) else repr(list(columns))
        engine.rows(f"SELECT max(COLUMNS({touched})) FROM read_parquet({literal(str(parts))})")
    engine.close()
    return time.process_time() - before


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--patients", type=int, default=100_000)
    parser.add_argument("--data", type=Path, default=ROOT / "benchmarks" / "data")
    options = parser.parse_args()
    if not (options.data / "gp_events").exists():
        make = [sys.executable, str(ROOT / "benchmarks" / "make_events.py")]
        subprocess.run([*make, "--patients", str(options.patients), "--out", str(options.data)], check=True)
    os.umask(0o027)
    with tempfile.TemporaryDirectory(dir=options.data.parent) as name:
        folder = Path(name)
        settings = settings_for(options.data, folder)
        floor = scan_seconds(options.data, settings, folder / "spill")
        narrator = Narrator(lambda line: print(f"{peak_gib():5.2f} GiB {line}", flush=True), total=len(STEPS))
        nightly(Night(settings=settings, as_of=END + timedelta(days=7)), narrator)
    report(floor, narrator)


def report(floor: float, narrator: Narrator) -> None:
    print(f"\nbare scan of the same columns: {floor:.1f} CPU s\n")
    print(f"{'step':<24} {'CPU s':>8} {'x scan':>8} {'share':>7}")
    total = sum(narrator.cpu_seconds.values())
    for step, seconds in narrator.cpu_seconds.items():
        print(f"{step:<24} {seconds:>8.1f} {seconds / floor:>8.1f} {seconds / total:>7.0%}")
    print(f"{'whole night':<24} {total:>8.1f} {total / floor:>8.1f}")
    facts = narrator.cpu_seconds["clinical facts"] / floor
    print(
        f"\nfacts {facts:.1f} x scan (bar {FACTS_BAR:g});"
        f" peak memory {peak_gib():.2f} GiB (bar {MEMORY_BAR_GIB:g})"
    )


def peak_gib() -> float:
    """The most resident memory that this process ever had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


if __name__ == "__main__":
    main()
