"""The mutants themselves: every one is another program, none is broken, and each is told apart."""

from __future__ import annotations

import ast
from pathlib import Path

import mutation
import pytest
from mutants import mutants_of
from order_of_tests import TestOrder

pytest_plugins = ["pytester"]

PYTHON = "def f(a: int, b: int) -> bool:\n    g(a)\n    return a < b and not a == 1 or sum([a, b]) > 2\n"
SQL = "SELECT max(a) AS a FROM t LEFT JOIN u ON t.k = u.k WHERE a >= $low AND b IN ('x', 'y') ORDER BY a\n"


def texts(folder: Path, name: str, text: str) -> list[str]:
    (folder / name).write_text(text, encoding="utf-8")
    return [" ".join(mutant.text.split()) for mutant in mutants_of(folder, Path(name))]


def test_python_is_changed_in_one_place_at_a_time(tmp_path: Path) -> None:
    found = texts(tmp_path, "f.py", PYTHON)
    assert any("a <= b" in text for text in found)
    assert any("max([a, b])" in text for text in found)
    assert any("pass" in text for text in found), "a call that is left out"
    assert not any("int |" in text for text in found)
    assert len(set(found)) == len(found)
    for text in found:
        assert " ".join(ast.unparse(ast.parse(PYTHON)).split()) != text


def test_sql_is_changed_in_its_tree(tmp_path: Path) -> None:
    found = texts(tmp_path, "q.sql", SQL)
    for part in (
        "MIN(a)",
        "a > $low",
        "t.k <> u.k",
        "WHERE TRUE",
        "b IN ('x')",
        "FROM t JOIN u",
        "ORDER BY a DESC",
    ):
        assert any(part in text for text in found), part


def test_what_noticed_others_comes_first_and_then_what_is_cheap(pytester: pytest.Pytester) -> None:
    """Tests that share a fixture stay together: taken apart, each would make it anew."""
    pytester.makepyfile(
        test_a="""
        import pytest
        @pytest.fixture(scope="module")
        def dear(): return 1
        def test_one(dear): pass
        def test_two(dear): pass
        def test_alone(): pass
        def test_killer(): assert False
        """
    )
    costs = {
        f"test_a.py::test_{name}": cost
        for name, cost in (("one", 3), ("two", 3), ("alone", 4), ("killer", 9))
    }
    order = TestOrder(costs, {"test_a.py::test_killer": 2})
    done = pytester.inline_run("-p", "no:cacheprovider", plugins=[order])
    called = [call.item.name for call in done.getcalls("pytest_runtest_call")]
    assert called == ["test_killer", "test_one", "test_two", "test_alone"]
    assert order.failed == "test_a.py::test_killer"


@pytest.mark.slow
@pytest.mark.parametrize("room", mutation.ROOMS)
def test_every_room_has_mutants_with_names_of_their_own(room: str) -> None:
    for name in mutation.ROOMS[room].files:
        made = mutants_of(mutation.ROOT, mutation.PROGRAM / name)
        assert made, name
        assert len({mutant.name for mutant in made}) == len(made)
    for test in " ".join(mutation.ROOMS[room].tests).split():
        path, _, name = test.partition("::")
        assert (mutation.ROOT / path).exists(), test
        assert not name or f"def {name}(" in (mutation.ROOT / path).read_text(encoding="utf-8"), test


@pytest.mark.slow
def test_every_survivor_on_the_page_is_still_a_mutant() -> None:
    every = {
        mutant.name
        for room in mutation.ROOMS.values()
        for name in room.files
        for mutant in mutants_of(mutation.ROOT, mutation.PROGRAM / name)
    }
    assert mutation.explained() <= every
