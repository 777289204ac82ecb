"""CSV and gzip: ingest of one part of the events as text, against a count of its lines.

    python benchmarks/bench_text.py [--patients 20000]

Text is parsed, counted by a second reader, typed and written; a count of lines is the least that any of it takes.
"""

from __future__ import annotations

import argparse
import gzip
import json
import shutil
import tempfile
import time
from datetime import timedelta
from pathlib import Path

import duckdb
from bench_night import peak_gib
from make_events import END, data_of

from copd_strat import extracts
from copd_strat.config import EngineSettings, ExtractSource
from copd_strat.contracts.contract_files import packaged
from copd_strat.engine import Engine
from copd_strat.extracts.inventory import inventory


def write_text(data: Path, folder: Path, ending: str) -> Path:
    """The patients and one part of the events, as text."""
    folder.mkdir()
    part = min((data / "gp_events").iterdir())
    shutil.copy(data / "patients.parquet", folder)
    duckdb.sql(f"COPY (SELECT * FROM '{part}') TO '{folder / ('gp_events' + ending)}' (HEADER)")
    for table in ("prescriptions", "hospital_episodes", "ed_attendances"):
        found = data / table
        source = min(found.iterdir()) if found.is_dir() else found.with_suffix(".parquet")
        duckdb.sql(
            f"COPY (SELECT * FROM '{source}' LIMIT 1000) TO '{folder / table}.parquet' (FORMAT parquet)"
        )
    return folder / f"gp_events{ending}"


def count_lines(path: Path) -> float:
    start = time.process_time()
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as stream:
        while block := stream.read(1 << 22):
            block.count(b"\n")
    return time.process_time() - start


def ingest(folder: Path, out: Path) -> tuple[float, int]:
    with Engine.open(EngineSettings(), out / "spill") as engine:
        start = time.process_time()
        found = extracts.ingest_sources(
            engine,
            (ExtractSource(layout="native", path=folder),),
            packaged(),
            inputs=(inventory(folder),),
            zone="Europe/London",
            work=out / "work",
            quality=out / "quality",
            as_of=END + timedelta(days=7),
        )
        rows = next(table.totals["rows_in"] for table in found.tables if table.table == "gp_events")
        return time.process_time() - start, rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--patients", type=int, default=20_000)
    options = parser.parse_args()
    data = data_of(options.patients)
    found = {}
    for ending in (".csv", ".csv.gz"):
        with tempfile.TemporaryDirectory(dir=data.parent) as name:
            path = write_text(data, Path(name) / "in", ending)
            lines = count_lines(path)
            seconds, rows = ingest(Path(name) / "in", Path(name) / "out")
        found[ending] = {
            "rows": rows,
            "count_of_lines_cpu_seconds": round(lines, 3),
            "ingest_cpu_seconds": round(seconds, 2),
            "times_the_count": round(seconds / lines, 1),
            "peak_gib": round(peak_gib(), 2),
        }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
