"""Seven facts a patient in plain DuckDB, pandas and polars, to hold the product's own facts against.

    python benchmarks/bench_peers.py TOOL [--patients 20000]

The facts: days with a recorded exacerbation in the last 12 months, and the latest value of six measurements (of
several on a day the highest). Each tool in a process of its own prints its CPU seconds, its peak of memory and a
sum of its results, which must be the same for all.
"""

from __future__ import annotations

import argparse
import json
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
from bench_night import peak_gib
from make_events import END, data_of

from copd_strat.synthetic.codes import code_of

MEASURES = ("cat", "fev1_percent", "bmi", "spo2", "height", "eosinophils")
COLUMNS = ["patient_id", "event_date", "code", "value"]
YEAR_AGO = END - timedelta(days=365)


def in_duckdb(folder: Path) -> tuple[int, float]:
    codes = ", ".join(f"'{code_of(name)}'" for name in MEASURES)
    with duckdb.connect(config={"memory_limit": "2GB"}) as engine:
        engine.execute(f"CREATE VIEW events AS SELECT * FROM read_parquet('{folder}/gp_events/*.parquet')")
        days = engine.execute(
            "SELECT count(*) FROM (SELECT DISTINCT patient_id, event_date FROM events "
            f"WHERE code = '{code_of('aecopd')}' AND event_date > DATE '{YEAR_AGO}')"
        ).fetchall()
        latest = engine.execute(
            "SELECT sum(value) FROM (SELECT arg_max(value, (event_date, value)) AS value FROM events "
            f"WHERE code IN ({codes}) AND value IS NOT NULL GROUP BY patient_id, code)"
        ).fetchall()
    return int(days[0][0]), float(latest[0][0])


def in_pandas(folder: Path) -> tuple[int, float]:
    import pandas as pd

    events = pd.read_parquet(folder / "gp_events", columns=COLUMNS)
    events["event_date"] = pd.to_datetime(events["event_date"])
    acute = events[(events["code"] == code_of("aecopd")) & (events["event_date"] > pd.Timestamp(YEAR_AGO))]
    days = len(acute[["patient_id", "event_date"]].drop_duplicates())
    measured = events[events["code"].isin([code_of(name) for name in MEASURES]) & events["value"].notna()]
    ordered = measured.sort_values(["event_date", "value"])
    latest = ordered.drop_duplicates(["patient_id", "code"], keep="last")
    return days, float(latest["value"].sum())


def in_polars(folder: Path) -> tuple[int, float]:
    import polars as pl

    events = pl.scan_parquet(f"{folder}/gp_events/*.parquet").select(COLUMNS)
    acute = events.filter((pl.col("code") == code_of("aecopd")) & (pl.col("event_date") > YEAR_AGO))
    days = acute.select("patient_id", "event_date").unique().select(pl.len()).collect().item()
    codes = [code_of(name) for name in MEASURES]
    measured = events.filter(pl.col("code").is_in(codes) & pl.col("value").is_not_null())
    latest = measured.group_by("patient_id", "code").agg(
        pl.col("value").sort_by("event_date", "value").last()
    )
    return int(days), float(latest.select(pl.col("value").sum()).collect().item())


TOOLS = {"duckdb": in_duckdb, "pandas": in_pandas, "polars": in_polars}


def measure(tool: str, patients: int) -> dict[str, Any]:
    start = time.process_time()
    try:
        days, total = TOOLS[tool](data_of(patients))
    except ModuleNotFoundError as error:
        return {"tool": tool, "not_run": f"{error.name} is not installed"}
    return {
        "tool": tool,
        "cpu_seconds": round(time.process_time() - start, 2),
        "peak_gib": round(peak_gib(), 2),
        "result": [days, round(total, 2)],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tool", choices=TOOLS)
    parser.add_argument("--patients", type=int, default=20_000)
    options = parser.parse_args()
    print(json.dumps(measure(options.tool, options.patients)))


if __name__ == "__main__":
    main()
