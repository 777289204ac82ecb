"""Names stand once, and functions stay short enough to be read at a glance."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

import copd_strat

ROOT = Path(copd_strat.__file__).parent
SOURCES = sorted(ROOT.rglob("*.py"))
# Files that have the same role in every layout's folder.
SAME_ROLE = {"__init__", "mapping", "writer"}
LONGEST = 45


def repeated(names: list[str]) -> list[str]:
    return sorted(name for name, times in Counter(names).items() if times > 1)


def definitions(path: Path, *kinds: type[ast.AST]) -> list[ast.AST]:
    return [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, kinds)]


def test_no_two_modules_share_a_name() -> None:
    names = [path.stem for path in SOURCES if path.stem not in SAME_ROLE]
    assert len(names) > 150
    assert not repeated(names)


def test_no_two_classes_share_a_name() -> None:
    classes = [node.name for path in SOURCES for node in definitions(path, ast.ClassDef)]
    assert len(classes) > 80
    assert not repeated(classes)


def test_functions_are_short() -> None:
    long = [
        f"{path.relative_to(ROOT)}:{node.name} {node.end_lineno - node.lineno + 1}"
        for path in SOURCES
        for node in definitions(path, ast.FunctionDef, ast.AsyncFunctionDef)
        if node.end_lineno - node.lineno + 1 > LONGEST
    ]
    assert not long
