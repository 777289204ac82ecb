"""The mutants themselves: every one is another program, none is broken, and each is told apart."""

from __future__ import annotations

import ast
from pathlib import Path

import mutation
import pytest
from mutants import mutants_of

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
