"""Every spec case holds, names its rule, and stands on the page that clinicians read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import spec_page
import spec_world
from clinical_world import World
from spec_cases import Case, all_cases

from copd_strat.config import EngineSettings
from copd_strat.engine import Engine

# By their runs, the ordinary one first: most of what is wrong shows in the first world.
CASES = sorted(all_cases(), key=lambda case: case.run)


class Worlds(dict[str, World]):
    """One world a run, built with all its cases once the first of them is asked for."""

    def __init__(self, folders: pytest.TempPathFactory) -> None:
        super().__init__()
        self._folders = folders

    def __missing__(self, run: str) -> World:
        settings = EngineSettings(memory_limit="256MB", threads=1)
        world = World(Engine.open(settings, self._folders.mktemp("spill")))
        self[run] = world
        spec_world.build(world, run, [case for case in CASES if case.run == run])
        return world


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worlds]:
    built = Worlds(tmp_path_factory)
    yield built
    for world in built.values():
        world.engine.close()


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.id} {case.shows}")
def test_spec_case(case: Case, worlds: Worlds) -> None:
    world = worlds[case.run]
    assert {name: spec_world.fact(world, case, name) for name in case.facts} == case.facts


def test_every_case_has_an_id_of_its_own_a_rule_and_a_fact() -> None:
    assert len(CASES) >= 100
    assert len({case.id for case in CASES}) == len(CASES)
    assert all(case.rule and case.facts for case in CASES)


def test_the_page_of_cases_is_current() -> None:
    assert spec_page.PAGE.read_text(encoding="utf-8") == spec_page.page()


def test_a_line_that_is_no_event_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "odd.txt").write_text(
        "Odd\nAbout.\n\nZ01 a typing error\n    2025-5-1  cough\n", encoding="utf-8"
    )
    monkeypatch.setattr("spec_cases.TOPICS", tmp_path)
    with pytest.raises(ValueError, match="not an event"):
        all_cases()
