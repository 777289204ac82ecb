"""Where the files for schedulers are, and the places that all of them name."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
PROGRAM = "/opt/copd-strat/bin/copd-strat"
CONFIG = "/etc/copd-strat/nightly.yaml"
