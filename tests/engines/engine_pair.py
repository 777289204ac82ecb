"""The same relations in both engines, the facts worked out in each, and where these differ."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

from clinical_world import COLUMNS, World
from random_histories import random_history
from test_clinical_reference import INDEX, SEEDS, SPELL_GAP, _tell

from copd_strat import clinical, codelists, extracts
from copd_strat.clinical.build import _make_exacerbations
from copd_strat.config import ClinicalSettings, EngineSettings, ExtractSource, packaged_folder
from copd_strat.engine import Engine, SparkEngine, SqlEngine
from copd_strat.extracts.inventory import inventory
from copd_strat.synthetic import SyntheticSettings, generate

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

    def make_anchored(self, index: date) -> None:
        """Exacerbations once more in both engines, by the anchor rule: all that the rule touches."""
        settings = ClinicalSettings(episode_rule="anchor")
        for engine in (self.embedded, self.spark):
            _make_exacerbations(engine, partial(engine.materialise, "clinical"), index, settings)

    def differences(self, *names: str) -> list[str]:
        """Of tables ``names``, or all that leave the room, those that differ, each with the first rows that do."""
        if self.told["embedded"] != self.told["spark"]:
            return ["what is counted on the way"]
        wanted = names or (*clinical.FOR_LATER_ROOMS, "monthly_register")
        return [found for name in wanted if (found := self._difference(name))]

    def _difference(self, name: str) -> str:
        here, there = self.embedded.table(f"SELECT * FROM {name}"), self.spark.table(f"SELECT * FROM {name}")
        if here.schema.names != there.schema.names:
            return f"{name}: columns {here.schema.names} and {there.schema.names}"
        if name == "features" and here.schema.types != there.schema.types:
            return f"{name}: types {here.schema} and {there.schema}"
        mine, other = _in_order(here.to_pylist()), _in_order(there.to_pylist())
        unequal = [pair for pair in zip(mine, other, strict=False) if not next_to_equal(*pair)]
        if len(mine) == len(other) and not unequal:
            return ""
        return f"{name}: {len(mine)} and {len(other)} rows, {len(unequal)} differ, first {_first(unequal)}"


def random_pair(session: Any, folder: Path, rule: str, people: int, demo: int = 0) -> Pair:
    """Both engines with ``people`` of the random histories of the independent reference, facts worked out.

    ``demo``: as many synthetic people on the register besides, who have measurements, units and flags.
    """
    pair, random, index = Pair.open(session, folder), Random(SEEDS[rule]), INDEX[rule]
    world = World(pair.embedded)
    for number in range(people):
        _tell(world, f"p{number:05d}", random_history(random, index), index)
    world._load()
    if demo:
        _add_demo(pair.embedded, folder, demo, index)
    codelists.load(pair.embedded)
    settings = ClinicalSettings.model_validate(
        {"episode_rule": rule, "spell_gap_days": SPELL_GAP[rule], "hospital_complete_to": index}
    )
    pair.build(settings, index + timedelta(days=20), index)
    return pair


def _add_demo(engine: Engine, folder: Path, register: int, end: date) -> None:
    """Put synthetic people beside those of the canonical tables."""
    generate(SyntheticSettings(seed=7, practices=3, register=register, years=2, end=end), folder / "people")
    native = folder / "people" / "native"
    with Engine.open(EngineSettings(memory_limit="500MB", threads=1), folder / "ingest") as other:
        extracts.ingest_sources(
            other,
            (ExtractSource(layout="native", path=native),),
            packaged_folder("data_contracts"),
            inputs=(inventory(native),),
            zone="Europe/London",
            work=folder / "work",
            quality=folder / "quality",
            as_of=end,
        )
        for table in ("organisations", *COLUMNS):
            engine.register_frame("demo_rows", other.table(f"SELECT * FROM {table}"))
            columns = ", ".join(engine.columns(table if table in COLUMNS else "demo_rows"))
            before = f"SELECT {columns} FROM {table} UNION ALL " if table in COLUMNS else ""
            engine.create_table(table, f"{before}SELECT {columns} FROM demo_rows")


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


def next_to_equal(mine: Iterable[Any], other: Iterable[Any]) -> bool:
    """Doubles to 1e-9, everything else exactly."""
    return all(
        math.isclose(a, b, rel_tol=0, abs_tol=1e-9)
        if isinstance(a, float) and isinstance(b, float)
        else a == b
        for a, b in zip(mine, other, strict=True)
    )


def _first(pairs: list[tuple[list[Any], list[Any]]]) -> str:
    return " / ".join(map(str, pairs[0])) if pairs else "none of those that both have"
