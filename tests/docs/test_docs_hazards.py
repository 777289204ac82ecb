"""Every hazard is guarded by a test that exists."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROWS = re.findall(
    r"^\| (H\d+) \|(.*)\|$", (ROOT / "docs" / "hazard-log.md").read_text(encoding="utf-8"), flags=re.MULTILINE
)


def test_hazards_are_numbered_once() -> None:
    numbers = [number for number, _ in ROWS]
    assert len(numbers) == len(set(numbers)) >= 20


@pytest.mark.parametrize(("number", "row"), ROWS, ids=[number for number, _ in ROWS])
def test_a_hazard_names_tests_that_exist(number: str, row: str) -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", row)
    assert named, number
    for file, test in named:
        tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
        assert test in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}, (file, test)
