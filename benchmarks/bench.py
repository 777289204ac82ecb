"""Everything that `make bench` measures: nights of several sizes, text, and the same facts in other tools.

    python benchmarks/bench.py [--patients 20000 200000] [--memory 1GB]

Each measurement has a process of its own, so that peaks of memory are its own. Figures are kept, with what the
machine is, in `benchmarks/results.json`; `docs/figures/growth.svg` shows how cost and memory grow with size.
Nothing here judges: machines differ and are shared.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from growth_curve import draw
from make_events import data_of

HERE = Path(__file__).parent
RESULTS = HERE / "results.json"


def run(script: str, *arguments: str) -> str:
    """What a script of this folder prints; its progress goes to the terminal."""
    command = [sys.executable, str(HERE / script), *arguments]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def night(patients: int, memory: str | None) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as name:
        kept = Path(name) / "night.json"
        limit = ["--memory", memory] if memory else []
        print(run("bench_night.py", "--patients", str(patients), "--json", str(kept), *limit))
        return dict(json.loads(kept.read_text(encoding="utf-8")))


def peers(patients: int, facts: dict[str, Any]) -> list[dict[str, Any]]:
    """Other tools on the same events, and how often the product's own facts would fit into each."""
    found = [
        json.loads(run("bench_peers.py", tool, "--patients", str(patients)))
        for tool in ("duckdb", "pandas", "polars")
    ]
    results = {tuple(one["result"]) for one in found if "result" in one}
    if len(results) > 1:
        raise SystemExit(f"the tools disagree: {results}")
    print(f"\nseven facts of {patients:,} patients; ours: {facts['cpu_seconds']} CPU s for all features")
    for one in found:
        print("  " + ", ".join(f"{name} {value}" for name, value in one.items() if name != "result"))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--patients", type=int, nargs="+", default=[20_000, 200_000])
    parser.add_argument("--memory")
    options = parser.parse_args()
    kept = (
        json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {"nights": {}, "peers": {}}
    )
    for patients in options.patients:
        if not data_of(patients).exists():
            print(run("make_events.py", "--patients", str(patients)))
        measured = night(patients, options.memory)
        kept["nights"][str(patients)] = measured
        facts = measured["first night"]["steps"]["clinical facts"]
        if patients <= 200_000:  # pandas holds all events at once
            kept["peers"][str(patients)] = peers(patients, facts)
    kept["text"] = json.loads(run("bench_text.py", "--patients", str(min(options.patients))))
    print(f"\ntext: {json.dumps(kept['text'], indent=2)}")
    RESULTS.write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")
    draw(kept["nights"].values(), HERE.parent / "docs" / "figures" / "growth.svg")


if __name__ == "__main__":
    main()
