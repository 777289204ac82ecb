"""A few invented people as native extract files, to be spoiled one at a time, and the ingested of them."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from copd_strat import extracts
from copd_strat.config import EngineSettings, ExtractSource
from copd_strat.contracts.contract import Contract
from copd_strat.contracts.contract_files import load_contract
from copd_strat.engine import Engine
from copd_strat.extracts.inventory import inventory
from copd_strat.extracts.part_store import PartStore
from copd_strat.extracts.receipts import Ingested, TableReceipt

AS_OF = date(2026, 11, 23)
CONTRACTS = Path(__file__).parents[2] / "data_contracts"
PEOPLE = 40

Rows = list[dict[str, Any]]


def person(number: int) -> str:
    return f"P{number:04d}"


def patients() -> Rows:
    return [
        {
            "patient_id": person(n),
            "practice_id": "A81001",
            "sex": "female" if n % 2 else "male",
            "birth_year": 1940 + n % 30,
            "birth_month": "",
            "ethnicity": "A",
            "imd_decile": 1 + n % 10,
            "registration_start": "2015-04-01",
            "registration_end": "",
            "death_date": "",
        }
        for n in range(PEOPLE)
    ]


def gp_events() -> Rows:
    return [
        {
            "patient_id": person(n % PEOPLE),
            "event_date": f"2025-{1 + n // 28 % 12:02d}-{1 + n % 28:02d}",
            "code": "13645005",
            "code_system": "snomed",
            "value": "",
            "unit": "",
            "recorded_date": "2025-12-31",
        }
        for n in range(200)
    ]


def prescriptions() -> Rows:
    return [
        {
            "patient_id": person(n % PEOPLE),
            "issue_date": f"2025-{1 + n % 12:02d}-15",
            "dmd_code": "42087311000001104",
            "quantity": 30 + n,
            "duration_days": 5,
            "recorded_date": "",
        }
        for n in range(60)
    ]


def hospital_episodes() -> Rows:
    return [
        {
            "patient_id": person(n % PEOPLE),
            "episode_id": f"E{n:05d}",
            "provider": "RX1",
            "admission_date": f"2025-06-{1 + n % 28:02d}",
            "episode_start": f"2025-06-{1 + n % 28:02d}",
            "episode_end": f"2025-07-{1 + n % 28:02d}",
            "admission_method": "21",
            "discharge_date": f"2025-07-{1 + n % 28:02d}",
            "episode_order": 1,
            "episode_status": "3",
            "diagnosis_01": "J440",
        }
        for n in range(50)
    ]


TABLES = {
    "patients": patients,
    "gp_events": gp_events,
    "prescriptions": prescriptions,
    "hospital_episodes": hospital_episodes,
}


def as_csv(rows: Rows, delimiter: str = ",") -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, fieldnames=list(rows[0]), delimiter=delimiter, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def write_extract(folder: Path, **changed: Rows) -> Path:
    """The four tables as CSV; ``changed`` rows replace a table's own."""
    folder.mkdir(parents=True, exist_ok=True)
    for table, make in TABLES.items():
        (folder / f"{table}.csv").write_text(as_csv(changed.get(table) or make()), encoding="utf-8")
    return folder


@dataclass(frozen=True)
class ReadNight:
    engine: Engine
    ingested: Ingested
    quality: Path

    def receipt(self, table: str) -> TableReceipt:
        return next(receipt for receipt in self.ingested.tables if receipt.table == table)

    def broken(self, table: str, layout: str = "native") -> dict[str, int]:
        """Rules (``column.check``) that any row of the table broke, each with its number of rows."""
        rules = self.receipt(table).rules
        return {code.removeprefix(f"{layout}.{table}."): rows for code, rows in rules.items() if rows}

    def count(self, table: str) -> int:
        return int(self.engine.scalar(f"SELECT count(*) FROM {table}"))

    def quarantine(self, table: str) -> list[dict[str, Any]]:
        """Rows that were refused, as the quality folder lists them."""
        return self._listed("quarantine", table)

    def set_aside(self, table: str) -> list[dict[str, Any]]:
        """Values that were set aside, as the quality folder lists them."""
        return self._listed("set_aside", table)

    def _listed(self, folder: str, table: str) -> list[dict[str, Any]]:
        path = self.quality / folder / f"{table}.parquet"
        if not path.exists():
            return []
        found = self.engine.table(
            f"SELECT * FROM read_parquet('{path}') ORDER BY file, line, rule"
        ).to_pylist()
        return [dict(row) for row in found]


RELATIONS = ("patients", "gp_events", "prescriptions", "hospital_episodes", "ed_attendances", "deaths")


def everything(night: ReadNight) -> dict[str, Any]:
    """All that a night is told about its extracts."""
    relations = {name: night.engine.rows(f"SELECT * FROM {name} ORDER BY ALL") for name in RELATIONS}
    listed = {
        f"{folder} {path.stem}": night._listed(folder, path.stem)
        for folder in ("quarantine", "set_aside")
        for path in sorted((night.quality / folder).glob("*.parquet"))
    }
    receipts = [receipt.to_json() | {"people": dict(receipt.broken_by)} for receipt in night.ingested.tables]
    return {"receipts": receipts, "linkages": night.ingested.linkages, **relations, **listed}


@contextmanager
def ingested(
    folder: Path,
    out: Path,
    layout: Any = "native",
    *,
    times: int = 1,
    contracts: Path = CONTRACTS,
    as_of: date = AS_OF,
    store: PartStore | None = None,
    **source: Any,
) -> Iterator[ReadNight]:
    """The extracts of ``folder``, given ``times`` times, ingested with all files of the run below ``out``."""
    engine = Engine.open(EngineSettings(), out / "spill")
    try:
        ingested = extracts.ingest_sources(
            engine,
            (ExtractSource(layout=layout, path=folder, **source),) * times,
            contracts,
            inputs=(inventory(folder),) * times,
            zone="Europe/London",
            work=out / "work",
            quality=out / "quality",
            as_of=as_of,
            store=store,
        )
        yield ReadNight(engine, ingested, out / "quality")
    finally:
        engine.close()


def broken_rules(rows: list[dict[str, Any]], table: str, layout: str = "native") -> Counter[str]:
    """Rules (``column.check``) that quarantined rows broke, each with its number of rows."""
    return Counter(row["rule"].removeprefix(f"{layout}.{table}.") for row in rows)


@cache
def contract(table: str, layout: str = "native") -> Contract:
    return load_contract(CONTRACTS / layout / f"{table}.odcs.yaml", layout)
