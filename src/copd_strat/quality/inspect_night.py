"""What is judged before anything is scored, and before anything is published."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from copd_strat import extracts
from copd_strat.contracts.contract import Contract
from copd_strat.contracts.contract_files import SUFFIX, load_contract, load_contracts
from copd_strat.engine import Engine
from copd_strat.extracts.receipts import Landing
from copd_strat.plan import Night, Plan, plan
from copd_strat.progress import Narrator
from copd_strat.publish import RunFolder
from copd_strat.publish.folder import write_errors
from copd_strat.quality import gate, guard
from copd_strat.reconciliation import check_rows, rows_in_words


@dataclass(frozen=True, kw_only=True)
class Inspected:
    """The extracts as they came in, the guard's report, and Great Expectations' verdicts on both."""

    landing: Landing
    guarded: guard.GuardReport
    verdicts: tuple[gate.Verdict, ...]


def inspect_extracts(
    engine: Engine,
    night: Night,
    planned: Plan,
    partial: Path,
    last: Mapping[str, Any] | None,
    narrator: Narrator,
) -> Inspected:
    """Read, gate, check and compare the extracts; ``last`` is the guard's report of the run before."""
    settings = night.settings
    with narrator.step("extracts and contracts") as step:
        landing = extracts.land(
            engine,
            settings.extracts,
            settings.contracts,
            inputs=[source.inputs for source in planned.sources],
            zone=settings.timezone,
            work=partial / "work",
            quality=partial / "quality",
            as_of=night.as_of,
        )
        check_rows(landing)
        step.found = rows_in_words(landing)
    with narrator.step("run guard") as step:
        verdicts = _judge_extracts(engine, night, landing)
        gate.write_results(verdicts, partial / "quality")
        gate.require(verdicts)
        guarded = guard.check(
            engine, landing.totals(), last, settings.guard, night.as_of, settings.clinical.gp_complete_to
        )
        step.found = f"{len(guarded.warnings)} warning(s)" if guarded.warnings else "nothing stands out"
    return Inspected(landing=landing, guarded=guarded, verdicts=verdicts)


def _judge_extracts(engine: Engine, night: Night, landing: Landing) -> tuple[gate.Verdict, ...]:
    contracts: dict[tuple[str, str], Contract] = {}
    for layout in {receipt.layout for receipt in landing.tables}:
        agreed = load_contracts(night.settings.contracts, layout)
        contracts |= {(layout, table): contract for table, contract in agreed.items()}
    samples = (
        gate.confirm_sample(engine, receipt, contracts[receipt.layout, receipt.table], night.as_of)
        for receipt in landing.tables
    )
    return (gate.judge_profile(landing, contracts.values()), *samples)


def judge_results(
    contracts: Path,
    own: Mapping[str, pd.DataFrame],
    published: Mapping[str, pd.DataFrame],
    inspected: Inspected,
    quality: Path,
) -> int:
    """Judge the pipeline's own tables and the published ones by their contracts; ContractError is a no-go.

    All verdicts of the night are written below ``quality``; gives how many rules were judged.
    """
    tables = [("internal", name, frame) for name, frame in own.items()]
    tables += [("published", name, frame) for name, frame in published.items()]
    judged = tuple(
        gate.judge_table(frame, load_contract(contracts / layout / f"{name}{SUFFIX}", layout))
        for layout, name, frame in tables
    )
    verdicts = (*inspected.verdicts, *judged)
    gate.write_results(verdicts, quality)
    gate.require(judged)
    return sum(len(verdict.findings) for verdict in verdicts)


def validation(night: Night, narrator: Narrator) -> dict[str, Any]:
    """Inspect the extracts and stop; results stay in ``<output>/validation``, nothing is published."""
    planned = plan(night)
    folder = RunFolder(night.settings.output)
    kept = folder.root / "validation"
    last = planned.published.manifest.get("guard") if planned.published else None
    with folder.lock():
        partial = folder.start(planned.run_id)
        try:
            engine = Engine.open(night.settings.engine, partial / "work" / "spill")
            found = inspect_extracts(engine, night, planned, partial, last, narrator)
        finally:
            with write_errors(kept):
                shutil.rmtree(kept, ignore_errors=True)
                if (partial / "quality").exists():
                    (partial / "quality").rename(kept)
            folder.discard(partial)
    return {
        "tables": found.landing.totals(),
        "warnings": [*found.landing.warnings, *found.guarded.warnings],
        "quality": str(kept),
    }
