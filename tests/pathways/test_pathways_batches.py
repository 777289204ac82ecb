"""A night placed batch by batch is the night placed at once: rank, places, changes, answers, references."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pathways_population import AS_OF, KEY, random_population

from copd_strat.config import EngineSettings, RiskSettings
from copd_strat.contracts.own_tables import arrow_schema, own_table
from copd_strat.contracts.part_files import PartFiles
from copd_strat.engine import Engine
from copd_strat.pathways import Placement, Policy, assign_register, load_policy, practice_batches
from copd_strat.pathways.policy import Capacity
from copd_strat.risk.register_parts import ScoredRegister, score_parts

PRACTICES = tuple(f"A8100{n}" for n in range(1, 8))
NETWORK = {code: f"U0000{number // 3}" for number, code in enumerate(PRACTICES)}
TOMORROW = AS_OF + timedelta(days=1)
OTHER_KEY = b"another key for tests only, 98765432"
PER_PRACTICE = load_policy("risk_and_rules")
PER_NETWORK = PER_PRACTICE.model_copy(update={"capacity": Capacity(per="pcn", places=9)})


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    with Engine.open(EngineSettings(threads=1), tmp_path / "spill") as engine:
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


def tables(run: Path) -> dict[str, pa.Table]:
    return {path.name: pq.read_table(path) for path in sorted(run.rglob("*.parquet"))}


def same_night(one: Placement, run: Path, other: Placement, other_run: Path) -> None:
    assert tables(run).keys() == tables(other_run).keys()
    for name, table in tables(run).items():
        assert table.equals(tables(other_run)[name], check_metadata=True), name
    pd.testing.assert_frame_equal(one.changes, other.changes)
    pd.testing.assert_frame_equal(one.decisions.astype(object), other.decisions.astype(object))
    assert one.record() == other.record()


@pytest.mark.parametrize("policy", [PER_PRACTICE, PER_NETWORK], ids=["per practice", "per network"])
def test_batches_of_any_size_place_everybody_alike(policy: Policy, engine: Engine, tmp_path: Path) -> None:
    no_answers(engine)
    first = night(engine, people(1), 10**6, tmp_path / "first", policy=policy)
    tomorrow = moved_about(people(1))
    printed(engine, first)
    last = tmp_path / "first" / "run"
    at_once = night(
        engine,
        tomorrow,
        10**6,
        tmp_path / "once",
        policy=policy,
        as_of=TOMORROW,
        key=OTHER_KEY,
        previous=last,
    )
    assert len(at_once.patients.numbers) == 1
    assert at_once.sharing == (policy.capacity.per,)
    assert {"new", "up", "down", "left"} <= set(at_once.changes["kind"])
    assert {"left: died", "left: moved", "left: no longer on the register"} <= set(at_once.changes["change"])
    for size in (1, 150):
        work = tmp_path / str(size)
        placed = night(
            engine, tomorrow, size, work, policy=policy, as_of=TOMORROW, key=OTHER_KEY, previous=last
        )
        assert len(placed.patients.numbers) > 1
        same_night(placed, work / "run", at_once, tmp_path / "once" / "run")


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


def printed(engine: Engine, first: Placement) -> None:
    """Answers on the first night's lists, on those of a practice that closes too, and one about nobody."""
    some = first.frame("practice_id", "patient_ref").iloc[::7]
    answers = some.assign(
        run_id=f"{AS_OF:%Y%m%d}-abcdef01", decision="declined", reason=None, decided_on=AS_OF
    ).astype({"reason": "str"})
    answers.iloc[3, answers.columns.get_loc("practice_id")] = "Z99999"
    answers.iloc[4, answers.columns.get_loc("decision")] = "what?"
    engine.register_frame("decisions", answers)


@pytest.mark.parametrize(
    ("capacity", "shares"), [(PER_PRACTICE.capacity, lambda code: code), (PER_NETWORK.capacity, NETWORK.get)]
)
def test_practices_that_share_places_stand_in_one_batch(
    capacity: Capacity, shares: Callable[[str], str], engine: Engine
) -> None:
    engine.register_frame("register", people(2)[["patient_id", "practice_id"]])
    for size in (1, 100, 200, 10**6):
        batches = practice_batches(engine, capacity, size)
        assert set(batches) == set(PRACTICES)
        assert sorted(set(batches.values())) == list(range(len(set(batches.values()))))
        of_group: dict[str, set[int]] = {}
        for code, number in batches.items():
            of_group.setdefault(shares(code), set()).add(number)
        assert all(len(numbers) == 1 for numbers in of_group.values())
        if size == 1:
            assert len(set(batches.values())) == len(of_group)
