"""The program's own rules, as the pages of contracts list them beside the contracts' rules."""

from __future__ import annotations

from copd_strat.contracts.documentation import ProgramRule
from copd_strat.quality.gate import GATE_RULES
from copd_strat.quality.guard_rules import GUARD_RULES

PROGRAM_RULES = (
    *(ProgramRule(r.code, "gate", r.check, "any", r.description, r.fix) for r in GATE_RULES),
    *(ProgramRule(r.code, "guard", r.name, r.threshold, r.description, r.fix) for r in GUARD_RULES.values()),
)
