"""Nights of a random register over several practices, as the night's pathways step places it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pathways_population import AS_OF, KEY, random_population

from copd_strat.config import EngineSettings, RiskSettings
from copd_strat.contracts.own_tables import arrow_schema, own_table
from copd_strat.contracts.part_files import PartFiles
from copd_strat.engine import Engine
from copd_strat.pathways import Placement, Policy, assign_register, practice_batches
from copd_strat.risk.register_parts import ScoredRegister, score_parts

PRACTICES = tuple(f"A8100{n}" for n in range(1, 8))
NETWORK = {code: f"U0000{number // 3}" for number, code in enumerate(PRACTICES)}


@contextmanager
def register_engine(folder: Path) -> Iterator[Engine]:
    """An engine with what placing a register needs besides facts and answers."""
    with Engine.open(EngineSettings(threads=1), folder / "spill") as engine:
        rows = ", ".join(f"('{code}', '{NETWORK[code]}')" for code in PRACTICES)
        engine.create_table(
            "organisations",
            "SELECT practice_id, pcn, 'Q1' AS sub_icb, 'E1' AS icb, CAST(NULL AS DATE) AS valid_from,"
            f" CAST(NULL AS DATE) AS valid_to FROM (VALUES {rows}) AS t(practice_id, pcn)",
        )
        engine.create_table(
            "status_conflicts",
            "SELECT 'P00001' AS patient_id, 'A81001' AS practice_id, 'two open registrations' AS kind,"
            " DATE '2026-01-05' AS since, CAST(NULL AS DATE) AS last_record",
        )
        dead = ", ".join(f"('P{n:05d}', {n})" for n in range(0, 400, 9))
        engine.create_table("people", f"SELECT * FROM (VALUES {dead}) AS t(patient_id, patient)")
        engine.create_table(
            "eligibility",
            "SELECT patient, FALSE AS alive, TRUE AS registered, TRUE AS unresolved, TRUE AS possible_age,"
            " TRUE AS aged_35_or_over, TRUE AS ever_diagnosed FROM people",
        )
        yield engine


def people(seed: int, *, practices: tuple[str, ...] = PRACTICES) -> pd.DataFrame:
    """Features alone of a random register, everything else that their contract asks for empty."""
    found = random_population(seed, 400, practices)
    columns = own_table("internal", "features").columns
    filled: dict[str, Any] = {"date": AS_OF, "boolean": False, "integer": 0, "number": 0.0, "string": ""}
    gaps = {c.name: filled[c.type] for c in columns if c.required and c.name not in found}
    gaps |= {c.name: found[c.name].fillna(filled[c.type]) for c in columns if c.required and c.name in found}
    return found.assign(**gaps).reindex(columns=[column.name for column in columns])


def in_parts(frame: pd.DataFrame, batches: Mapping[str, int], folder: Path) -> PartFiles:
    parts = PartFiles(folder)
    numbers = frame["practice_id"].astype(str).map(batches)
    for number in sorted(set(numbers)):
        mine = frame[numbers == number].sort_values("patient_id")
        parts.add(number, mine, arrow_schema(own_table("internal", "features")))
    return parts


def night(
    engine: Engine,
    frame: pd.DataFrame,
    size: int,
    work: Path,
    *,
    policy: Policy,
    as_of: date = AS_OF,
    key: bytes = KEY,
    previous: Path | None = None,
) -> Placement:
    """Place ``frame`` in batches of about ``size`` people and write the night's tables to ``work/run``."""
    engine.register_frame("register", frame[["patient_id", "practice_id"]])
    batches = practice_batches(engine, policy.capacity, size)
    features = in_parts(frame, batches, work / "features")
    scored: ScoredRegister = score_parts(features, RiskSettings(care_setting="primary_care"), work)
    placed = assign_register(
        engine, features, scored, policy=policy, key=key, as_of=as_of, previous=previous, work=work
    )
    engine.create_table(
        "exacerbations",
        "SELECT " + ", ".join(f"NULL AS {c.name}" for c in own_table("internal", "exacerbations").columns),
    )
    placed.write_tables(engine, work / "run")
    return placed


def moved_about(before: pd.DataFrame) -> pd.DataFrame:
    """A day later: some changed practice, some left, one practice closed, one is new, many got worse or better."""
    rng = np.random.default_rng(3)
    practice = before["practice_id"].astype(object)
    practice = practice.where(rng.random(len(before)) > 0.1, rng.permutation(practice))
    closed = practice.mask(practice == PRACTICES[-1], PRACTICES[0])
    after = before.assign(practice_id=closed.astype(before["practice_id"].dtype))
    worse = rng.permutation(len(before))
    for column in ("severe_exacerbations_12m", "mrc", "fev1_pct_predicted", "palliative"):
        after[column] = before[column].where(rng.random(len(before)) > 0.3, before[column].take(worse).array)
    return after[(rng.random(len(before)) > 0.1) | before["patient_id"].isin(["P00010", "P00011"])]


def no_answers(engine: Engine) -> None:
    names = ("practice_id", "patient_ref", "run_id", "decision", "reason", "decided_on")
    empty = ", ".join(f"CAST(NULL AS {'DATE' if n == 'decided_on' else 'VARCHAR'}) AS {n}" for n in names)
    engine.create_table("decisions", f"SELECT {empty} WHERE FALSE")
