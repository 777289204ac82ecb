"""The engine against an independent, slow reading of the same definitions, on random histories."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from clinical_world import World
from random_histories import History, random_history
from reference_exacerbations import facts
from reference_spells import months_before

from copd_strat.config import EngineSettings
from copd_strat.engine import Engine

PATIENTS = 5000  # a rule; 10,000 in all
SEEDS = {"chain": 20_260_101, "anchor": 20_260_102}
# The second has no such day a year earlier, so that windows end on the last of February.
INDEX = {"chain": date(2025, 6, 30), "anchor": date(2024, 2, 29)}
SPELL_GAP = {"chain": 2, "anchor": 3}
DAYS_UNTIL_RUN = 20

CODES_BESIDES = {
    "prednisolone_30mg": "32781411000001102",
    "prednisolone_1mg": "42086811000001106",
    "ed_copd": "13645005",
    "ed_home": "306689006",
    "ed_admitted": "306706006",
    "aecopd": "195951007",
    "lrti": "50417007",
    "other": "271649006",
}
SPELL = (
    "admission_date",
    "discharge_date",
    "providers",
    "emergency",
    "copd_related",
    "finished",
    "currently_admitted",
)

Facts = dict[str, dict[str, Any]]


@pytest.fixture(scope="module", params=sorted(SEEDS))
def both(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Facts, Facts]:
    rule: str = request.param
    random, index = Random(SEEDS[rule]), INDEX[rule]
    histories = {f"p{number:05d}": random_history(random, index) for number in range(PATIENTS)}
    as_of = index + timedelta(days=DAYS_UNTIL_RUN)
    slow = {name: facts(history, index, as_of, rule, SPELL_GAP[rule]) for name, history in histories.items()}
    for one in slow.values():
        one["spells"].sort(key=in_order)
    return slow, _engine_facts(
        histories, rule, tmp_path_factory.mktemp("spill"), list(slow["p00000"]["counts"])
    )


def test_exacerbations_agree(both: tuple[Facts, Facts]) -> None:
    _agree(both, "exacerbations")


def test_spells_agree(both: tuple[Facts, Facts]) -> None:
    _agree(both, "spells")


def test_counts_agree(both: tuple[Facts, Facts]) -> None:
    _agree(both, "counts")


def test_the_histories_reach_every_corner(both: tuple[Facts, Facts]) -> None:
    """Agreement says little about what never happens: no kind of outcome is rare here."""
    slow = both[0].values()
    kinds = [episode["severity"] for one in slow for episode in one["exacerbations"]]
    assert min(kinds.count(kind) for kind in ("moderate", "ed_only", "severe")) > 100
    spells = [spell for one in slow for spell in one["spells"]]
    assert sum(spell["providers"] > 1 for spell in spells) > 100
    for name in ("emergency", "copd_related", "finished", "currently_admitted"):
        assert 50 < sum(spell[name] for spell in spells) < len(spells) - 50
    for name in next(iter(slow))["counts"]:
        assert len({one["counts"][name] for one in slow}) > 1, name


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        (date(2024, 2, 29), 12, date(2023, 2, 28)),
        (date(2025, 1, 31), 2, date(2024, 11, 30)),
        (date(2025, 12, 31), 24, date(2023, 12, 31)),
    ],
)
def test_months_before(day: date, months: int, expected: date) -> None:
    assert months_before(day, months) == expected


def in_order(spell: dict[str, Any]) -> str:
    """Two spells of one admission date stand in either order."""
    return repr(sorted(spell.items()))


def _agree(both: tuple[Facts, Facts], what: str) -> None:
    slow, quick = both
    different = [name for name in slow if slow[name][what] != quick[name][what]]
    shown = [(name, slow[name][what], quick[name][what]) for name in different[:3]]
    assert not different, f"{len(different)} of {len(slow)} differ: {shown}"


def _engine_facts(histories: dict[str, History], rule: str, spill: Path, counts: list[str]) -> Facts:
    engine = Engine.open(EngineSettings(memory_limit="1GB", threads=1), spill)
    try:
        world = World(engine)
        for name, history in histories.items():
            _tell(world, name, history, INDEX[rule])
        as_of = (INDEX[rule] + timedelta(days=DAYS_UNTIL_RUN)).isoformat()
        settings = {"episode_rule": rule, "spell_gap_days": SPELL_GAP[rule]}
        world.build(index=INDEX[rule].isoformat(), as_of=as_of, **settings)
        return _read(engine, list(histories), counts)
    finally:
        engine.close()


def _tell(world: World, name: str, history: History, index: date) -> None:
    world.patient(name)
    world.gp(name, index, "other")
    for event in history["gp"]:
        world.gp(name, event["on"], event["what"])
    for issue in history["issues"]:
        world.issue(name, issue["on"], CODES_BESIDES.get(issue["drug"], issue["drug"]), issue["quantity"])
    for row in history["episodes"]:
        told = {field: value for field, value in row.items() if field not in ("diagnoses", "episode_id")}
        start, end = told.pop("episode_start"), told.pop("episode_end")
        episode_id = f"{name}-{row['episode_id']}"
        world.episode(name, start, end, *row["diagnoses"], episode_id=episode_id, episode_start=start, **told)
    for visit in history["attendances"]:
        world.attendance(
            name, visit["on"], *(CODES_BESIDES[code] for code in visit["diagnoses"]),
            departure_date=visit["departure"], discharge_destination=CODES_BESIDES.get(visit["destination"]),
        )  # fmt: skip


def _read(engine: Engine, names: list[str], counts: list[str]) -> Facts:
    found: Facts = {name: {"exacerbations": [], "spells": [], "counts": {}} for name in names}
    for name, start, end, severity, treated in engine.rows(
        "SELECT patient_id, start_date, end_date, severity, treated FROM exacerbations"
        " ORDER BY patient_id, start_date"
    ):
        found[name]["exacerbations"].append(
            {"start": start, "end": end, "severity": severity, "treated": treated}
        )
    for name, *values in engine.rows(
        f"SELECT patient_id, {', '.join(SPELL)} FROM spells JOIN people USING (patient)"
        " ORDER BY patient_id, admission_date"
    ):
        found[name]["spells"].append(dict(zip(SPELL, values, strict=True)))
    for one in found.values():
        one["spells"].sort(key=in_order)
    for name, *values in engine.rows(f"SELECT patient_id, {', '.join(counts)} FROM features"):
        found[name]["counts"] = dict(zip(counts, values, strict=True))
    return found
