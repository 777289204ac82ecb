"""A night placed batch by batch is the night placed at once: rank, places, changes, answers, references."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pathways_population import AS_OF
from pathways_register import NETWORK, PRACTICES, moved_about, night, no_answers, people, register_engine

from copd_strat.engine import Engine
from copd_strat.pathways import Placement, Policy, load_policy, practice_batches
from copd_strat.pathways.policy import Capacity

TOMORROW = AS_OF + timedelta(days=1)
OTHER_KEY = b"another key for tests only, 98765432"
PER_PRACTICE = load_policy("risk_and_rules")
PER_NETWORK = PER_PRACTICE.model_copy(update={"capacity": Capacity(per="pcn", places=9)})


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    with register_engine(tmp_path) as engine:
        yield engine


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
