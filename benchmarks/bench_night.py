"""A whole night on 100,000 SYNTHETIC register patients, against a bare scan of the same columns and files.

    python benchmarks/bench_night.py [--patients 100000]

Prints each step's CPU seconds (all threads together) as a multiple of the scan's, and the peak of resident
memory by its end. The bars: clinical facts (code lists to one row a patient) at most 6 scans, and until they
stand under 2 GiB.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

from copd_strat.config import ExtractSource, GuardSettings, PathwaySettings, Settings, load
from copd_strat.engine import Engine, literal
from copd_strat.plan import Night
from copd_strat.progress import Narrator, Step
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
    key.touch(mode=0o600)
    key.write_text("a key for a benchmark of synthetic people\n")
    demo = load(ROOT / "pipelines" / "demo.yaml")
    changed = {
        "extracts": (ExtractSource(layout="native", path=data),),
        "output": folder / "output",
        "guard": GuardSettings(min_month_share=0.0),  # these data's months are uneven, which is not measured
        "pathways": PathwaySettings(reference_key_file=key),
    }
    return demo.model_copy(update=changed)


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
        narrator = Watched(lambda line: print(line, flush=True), total=len(STEPS))
        nightly(Night(settings=settings, as_of=END + timedelta(days=7)), narrator)
    report(floor, narrator)


@dataclass
class Watched(Narrator):
    """Also keeps the peak of memory, in GiB, by the end of each step."""

    peaks: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def step(self, name: str) -> Iterator[Step]:
        with super().step(name) as step:
            yield step
        self.peaks[name] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def report(floor: float, watched: Watched) -> None:
    print(f"\nbare scan of the same columns: {floor:.1f} CPU s\n")
    print(f"{'step':<24} {'CPU s':>8} {'x scan':>8} {'share':>7} {'peak GiB':>9}")
    total = sum(watched.cpu_seconds.values())
    for step, seconds in watched.cpu_seconds.items():
        share, peak = seconds / total, watched.peaks[step]
        print(f"{step:<24} {seconds:>8.1f} {seconds / floor:>8.1f} {share:>7.0%} {peak:>9.2f}")
    print(f"{'whole night':<24} {total:>8.1f} {total / floor:>8.1f}")
    facts, peak = watched.cpu_seconds["clinical facts"] / floor, watched.peaks["clinical facts"]
    print(f"\nfacts {facts:.1f} x scan (bar {FACTS_BAR:g}); peak {peak:.2f} GiB (bar {MEMORY_BAR_GIB:g})")


if __name__ == "__main__":
    main()
