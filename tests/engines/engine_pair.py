"""The same relations in both engines, the facts worked out in each, and where these differ."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

from clinical_world import World
from random_histories import random_history
from test_clinical_reference import INDEX, SEEDS, SPELL_GAP, _tell

from copd_strat import clinical, codelists
from copd_strat.config import ClinicalSettings, EngineSettings
from copd_strat.engine import Engine, SparkEngine, SqlEngine

MONTHS = (date(2023, 12, 1), date(2024, 1, 1), date(2025, 5, 1))


@dataclass
class Pair:
    """Two engines with the same relations; ``told`` is what each says on the way, by engine."""

    embedded: Engine
    spark: SparkEngine
    told: dict[str, dict[str, Any]] = field(default_factory=dict)

    @classmethod
    def open(cls, session: Any, folder: Path) -> Pair:
        embedded = Engine.open(EngineSettings(memory_limit="1GB", threads=1), folder / "spill")
        return cls(embedded, SparkEngine(session, folder / "spark"))

    def close(self) -> None:
        self.embedded.close()
        self.spark.close()

    def build(self, settings: ClinicalSettings, as_of: date, index: date) -> None:
        """The facts in both engines, from the relations of the embedded one."""
        self.spark.take(self.embedded, *clinical.NEEDED)
        for name, engine in (("embedded", self.embedded), ("spark", self.spark)):
            self.told[name] = _told(engine, settings, as_of, index)

    def differences(self) -> list[str]:
        """Tables in which the engines differ, each with the first rows that only one of them has."""
        if self.told["embedded"] != self.told["spark"]:
            return ["what is counted on the way"]
        return [found for name in (*clinical.FOR_LATER_ROOMS, "monthly_register") if (found := self._difference(name))]

    def _difference(self, name: str) -> str:
        here, there = self.embedded.table(f"SELECT * FROM {name}"), self.spark.table(f"SELECT * FROM {name}")
        if here.schema.names != there.schema.names:
            return f"{name}: columns {here.schema.names} and {there.schema.names}"
        if name == "features" and here.schema.types != there.schema.types:
            return f"{name}: types {here.schema} and {there.schema}"
        mine, other = _in_order(here.to_pylist()), _in_order(there.to_pylist())
        unequal = [pair for pair in zip(mine, other, strict=False) if not _equal(*pair)]
        if len(mine) == len(other) and not unequal:
            return ""
        return f"{name}: {len(mine)} and {len(other)} rows, {len(unequal)} differ, first {_first(unequal)}"


def random_pair(session: Any, folder: Path, rule: str, people: int) -> Pair:
    """Both engines with ``people`` of the random histories of the independent reference, facts worked out."""
    pair, random, index = Pair.open(session, folder), Random(SEEDS[rule]), INDEX[rule]
    world = World(pair.embedded)
    for number in range(people):
        _tell(world, f"p{number:05d}", random_history(random, index), index)
    world._load()
    codelists.load(pair.embedded)
    settings = ClinicalSettings.model_validate(
        {"episode_rule": rule, "spell_gap_days": SPELL_GAP[rule], "hospital_complete_to": index}
    )
    pair.build(settings, index + timedelta(days=20), index)
    return pair


def _told(engine: SqlEngine, settings: ClinicalSettings, as_of: date, index: date) -> dict[str, Any]:
    facts = clinical.build(engine, settings, as_of=as_of, index=index)
    clinical.build_monthly(engine, MONTHS)
    return {"facts": facts, "matches": codelists.check_matches(engine)}


def _in_order(rows: list[dict[str, Any]]) -> list[list[Any]]:
    values = [list(row.values()) for row in rows]
    return sorted(values, key=lambda row: [_rough(value) for value in row])


def _rough(value: Any) -> str:
    """A key for sorting in which doubles that are next to equal are equal."""
    return f"{value:.6f}" if isinstance(value, float) else str(value)


def _equal(mine: Iterable[Any], other: Iterable[Any]) -> bool:
    return all(
        math.isclose(a, b, rel_tol=0, abs_tol=1e-9) if isinstance(a, float) and isinstance(b, float) else a == b
        for a, b in zip(mine, other, strict=True)
    )


def _first(pairs: list[tuple[list[Any], list[Any]]]) -> str:
    return " / ".join(map(str, pairs[0])) if pairs else "none of those that both have"
