"""What the configurations of all the tests' sites begin with, and their key: of people who do not exist."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[1]
KEY = {"COPD_STRAT_REFERENCE_KEY": "a key for tests with synthetic people 0123456789"}

HEAD = """title: Test ICS (SYNTHETIC)
synthetic: true
governance:
  legal_basis: nobody here exists
  approval_reference: TEST
  approval_expires: 2099-12-31
  controller: nobody
  opt_out_regime: type1
  opt_out_applied_on: 2026-03-31
output: output
engine: {memory_limit: 500MB, threads: 1}
risk: {care_setting: primary_care}
"""
