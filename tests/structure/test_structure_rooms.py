"""The house keeps its shape: rooms depend one way, and every SQL text stays portable."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlglot
from sqlglot import expressions as exp

import copd_strat

ROOT = Path(copd_strat.__file__).parent

# What each room may import besides the standard library and packages: docs/architecture.md.
BELOW = {"errors", "model_faults", "config", "file_permissions", "engine"}
MAY_IMPORT: dict[str, set[str]] = {
    "errors": set(),
    "progress": set(),
    "model_faults": {"errors"},
    "config": {"errors", "model_faults"},
    "file_permissions": {"config", "errors", "model_faults"},
    "engine": {"config", "errors"},
    "checks": {"contracts", *BELOW},
    "contracts": {"checks", *BELOW},
    "extracts": {"contracts", "checks", *BELOW},
    "quality": {"extracts", "contracts", "checks", *BELOW},
    "codelists": BELOW,
    "clinical": {"codelists", "contracts", *BELOW},
    "risk": {"clinical", "contracts", *BELOW},
    "pathways": {"risk", "clinical", "contracts", *BELOW},
    "plan": {"contracts", "extracts", "pathways", "publish", *BELOW},
    "followup": {"pathways", "clinical", "plan", "contracts", *BELOW},
    "lists": {"followup", "pathways", "risk", "plan", *BELOW},
    "summary": {"pathways", "risk", "plan", "contracts", *BELOW},
    "report": {"summary", "pathways", "risk", "plan", "contracts", *BELOW},
    "tracing": {
        "followup",
        "pathways",
        "risk",
        "clinical",
        "codelists",
        "extracts",
        "contracts",
        "plan",
        "publish",
        *BELOW,
    },
    "publish": {"contracts", *BELOW},
    "control_people": {
        "summary",
        "followup",
        "pathways",
        "risk",
        "clinical",
        "codelists",
        "extracts",
        *BELOW,
    },
    "evaluation": {"quality", "pathways", "risk", "clinical", "contracts", "publish", *BELOW},
    "synthetic": {"codelists", "extracts", "contracts", *BELOW},
}
# The night's steps call every room; the night itself calls the steps.
MAY_IMPORT["night_steps"] = {"progress", *MAY_IMPORT}
MAY_IMPORT["run"] = {*MAY_IMPORT["night_steps"], "night_steps"}
MAY_IMPORT["backtesting"] = MAY_IMPORT["run"]
MAY_IMPORT["library"] = {*MAY_IMPORT["run"], "run"}
MAY_IMPORT["programme_run"] = MAY_IMPORT["training_run"] = {*MAY_IMPORT["run"], "backtesting"}


# Functions that exist in the embedded engine alone, or mean something else in Spark.
BANNED_SQL = {
    "list_transform",
    "list_filter",
    "list_reduce",
    "arg_max_by",
    "strptime_ns",
    "regexp_full_match",
}


def imports_of(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names: list[str] = []
        if isinstance(node, ast.ImportFrom):
            inside = node.module == "copd_strat"
            names = [f"copd_strat.{alias.name}" for alias in node.names] if inside else [node.module or ""]
        names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        for name in names:
            if name.startswith("copd_strat.") and name != "copd_strat.__version__":
                yield name.split(".")[1]


def sources() -> list[Path]:
    return sorted(path for path in ROOT.rglob("*.py") if path.parent != ROOT or path.stem != "__init__")


def room_of(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", sources(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_room_imports_only_what_lies_before_it(path: Path) -> None:
    room = room_of(path)
    if room == "cli":
        return
    allowed = MAY_IMPORT[room] | {room}
    assert set(imports_of(path)) <= allowed, f"{room} imports {set(imports_of(path)) - allowed}"


def test_nothing_imports_the_command_line() -> None:
    assert not [path for path in sources() if room_of(path) != "cli" and "cli" in imports_of(path)]


def sql_files() -> list[Path]:
    return sorted(ROOT.rglob("*.sql"))


@pytest.mark.parametrize("path", sql_files(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_an_sql_text_is_one_portable_select(path: Path) -> None:
    text = re.sub(r"\$[a-z_]+", "NULL", path.read_text(encoding="utf-8"))
    statements = [statement for statement in sqlglot.parse(text, read="duckdb") if statement is not None]
    assert len(statements) == 1
    assert isinstance(statements[0], exp.Query)
    used = {call.name.lower() for call in statements[0].find_all(exp.Anonymous)}
    assert not used & BANNED_SQL
    assert text.lstrip().startswith("--"), "the header says what, by which rule, from which source"
    assert sqlglot.transpile(text, read="duckdb", write="spark")
