"""Every rule of the native contracts, broken once in synthetic extracts: each caught, none lost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import zip_longest
from pathlib import Path

import pyarrow.csv
import pyarrow.parquet
import pytest

from copd_strat import extracts
from copd_strat.checks.faults import Fault, inject
from copd_strat.config import EngineSettings, ExtractSource
from copd_strat.contracts.contract import Contract
from copd_strat.contracts.contract_files import load_contracts
from copd_strat.engine import Engine
from copd_strat.extracts.inventory import inventory
from copd_strat.extracts.receipts import Ingested
from copd_strat.extracts.source_files import find
from copd_strat.quality.gate import confirm_sample
from copd_strat.synthetic.generate import generate
from copd_strat.synthetic.settings import SyntheticSettings

CONTRACTS = Path(__file__).parents[2] / "data_contracts"
AS_OF = date(2026, 11, 10)
# What lies in another table: no row of the table itself can be made to break it.
BROKEN_ELSEWHERE = {"patient_left_out"}
DECISIONS = "practice_id,patient_ref,run_id,decision,reason,decided_on\n" + "\n".join(
    f"A81{n:03d},CP-7K3M-9QWX-4,20261001-1,accept,seen,2026-10-{n:02d}" for n in range(1, 13)
)

SUCCESSORS = "provider,successor,valid_from\n" + "\n".join(f"RX{n},RXZ,2020-04-01" for n in range(1, 10))


@dataclass(frozen=True)
class Spoiled:
    landing: Ingested
    faults: list[Fault]
    quarantine: set[tuple[str, int, str]]
    disagreements: list[str]


def make_extracts(folder: Path) -> Path:
    """Synthetic extracts with the tables that a site adds, and one part of the GP events as text."""
    extract = generate(SyntheticSettings(register=200, practices=12), folder).extracts
    (extract / "decisions.csv").write_text(DECISIONS + "\n", encoding="utf-8")
    (extract / "provider_successors.csv").write_text(SUCCESSORS + "\n", encoding="utf-8")
    organisations = (extract / "organisations.csv").read_text(encoding="utf-8").splitlines()
    succeeded = [
        line + extra for line, extra in zip_longest(organisations, [",successor_id"], fillvalue=",A81999")
    ]
    (extract / "organisations.csv").write_text("\n".join(succeeded) + "\n", encoding="utf-8")
    part = extract / "gp_events" / "part_01.parquet"
    pyarrow.csv.write_csv(pyarrow.parquet.read_table(part), part.with_suffix(".csv"))
    part.unlink()
    return extract


def land(engine: Engine, extract: Path, out: Path, contracts: Path) -> Ingested:
    source = ExtractSource(layout="native", path=extract)
    return extracts.ingest_sources(
        engine,
        (source,),
        contracts,
        inputs=[inventory(extract)],
        zone="Europe/London",
        work=out / "work",
        quality=out / "quality",
        as_of=AS_OF,
    )


@pytest.fixture(scope="module")
def contracts() -> dict[str, Contract]:
    return load_contracts(CONTRACTS, "native")


@pytest.fixture(scope="module")
def spoiled(tmp_path_factory: pytest.TempPathFactory, contracts: dict[str, Contract]) -> Iterator[Spoiled]:
    out = tmp_path_factory.mktemp("spoiled")
    extract = make_extracts(out / "synthetic")
    faults = [
        fault
        for contract in contracts.values()
        for fault in inject(find(extract, contract), contract, seed=7)
    ]
    engine = Engine.open(EngineSettings(), out / "spill")
    landing = land(engine, extract, out, CONTRACTS)
    quarantined = f"read_parquet('{out}/quality/quarantine/*.parquet')"
    rows = engine.rows(f"SELECT file, line, rule FROM {quarantined}")
    verdicts = [confirm_sample(engine, r, contracts[r.table], AS_OF) for r in landing.tables]
    yield Spoiled(landing, faults, set(rows), [f.description for v in verdicts for f in v.failures])
    engine.close()


def test_every_rule_is_broken_once(spoiled: Spoiled, contracts: dict[str, Contract]) -> None:
    codes = [
        rule.code
        for contract in contracts.values()
        for rule in contract.rules
        if rule.check not in BROKEN_ELSEWHERE
    ]
    assert sorted(fault.code for fault in spoiled.faults) == sorted(codes)
    assert len(codes) >= 60


def test_every_fault_is_counted_by_its_rule(spoiled: Spoiled) -> None:
    counts = {code: count for receipt in spoiled.landing.tables for code, count in receipt.rules.items()}
    assert [fault for fault in spoiled.faults if counts[fault.code] == 0] == []


def test_every_refused_row_is_quarantined_with_file_line_and_rule(
    spoiled: Spoiled, contracts: dict[str, Contract]
) -> None:
    rules = {rule.code: rule for c in contracts.values() for rule in c.rules if rule.rejects}
    found = {(Path(file).name, line, code) for file, line, code in spoiled.quarantine}
    planted = {(f.file, f.line, f.code) for f in spoiled.faults if f.code in rules}
    # Of two rows with one key the better one stays, whichever line it stands on.
    repeated = {fault for fault in planted if rules[fault[2]].check == "unique_key"}
    assert planted - repeated - found == set()
    assert {code for _, _, code in repeated} <= {code for _, _, code in found}


def test_no_row_is_lost(spoiled: Spoiled) -> None:
    for receipt in spoiled.landing.tables:
        totals = receipt.totals
        assert totals["rows_in"] == totals["loaded"] + totals["quarantined"] + totals["duplicates"]


def test_great_expectations_counts_the_same(spoiled: Spoiled) -> None:
    assert spoiled.disagreements == []


def test_without_faults_nothing_is_found(tmp_path: Path) -> None:
    engine = Engine.open(EngineSettings(), tmp_path / "spill")
    landing = land(engine, make_extracts(tmp_path / "synthetic"), tmp_path, CONTRACTS)
    broken = {code: n for receipt in landing.tables for code, n in receipt.rules.items() if n}
    assert broken == {}
