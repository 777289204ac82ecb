"""Writes docs/contracts.md anew from the contracts: ``python tests/contracts/contracts_page.py``."""

from __future__ import annotations

from pathlib import Path

from copd_strat.contracts.documentation import page
from copd_strat.quality.program_rules import PROGRAM_RULES

ROOT = Path(__file__).parents[2]
CONTRACTS = ROOT / "data_contracts"
PAGE = ROOT / "docs" / "contracts.md"

if __name__ == "__main__":
    PAGE.write_text(page(CONTRACTS, PROGRAM_RULES), encoding="utf-8")
