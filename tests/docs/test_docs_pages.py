"""The pages tell the truth: commands, links, notebooks and promises."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from pathlib import Path

import click
import commands_page
import configuration_page
import pytest
import terminal_figure

from copd_strat.run import STEPS

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def test_the_commands_page_is_current() -> None:
    assert commands_page.PAGE.read_text(encoding="utf-8") == commands_page.page()


def test_the_configuration_page_is_current() -> None:
    assert configuration_page.PAGE.read_text(encoding="utf-8") == configuration_page.page()


def test_the_picture_of_the_terminal_shows_today_s_steps() -> None:
    said = terminal_figure.FIGURE.read_text(encoding="utf-8")
    assert re.findall(r"of (\d+)  OK     ([^:]+):", said) == [(str(len(STEPS)), step) for step in STEPS]


def test_every_command_has_a_sentence_of_help() -> None:
    for path, command in commands_page.walk(commands_page.commands, ("copd-strat",)):
        assert command.help, path
        assert len(command.help) > 20, path


def test_every_command_shows_an_example_of_itself() -> None:
    for path, command in commands_page.walk(commands_page.commands, ("copd-strat",)):
        if not isinstance(command, click.Group):
            assert f"\n  {' '.join(path)}" in (command.epilog or ""), path


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_links_and_pictures_lead_somewhere(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", text):
        if "://" not in target:
            assert (path.parent / target).exists(), target


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_no_page_claims_to_reduce_admissions(path: Path) -> None:
    text = " ".join(path.read_text(encoding="utf-8").lower().split())
    for claim in re.findall(r"[^.]*reduces? (?:emergency )?admissions[^.]*", text):
        assert re.search(r"\bno\b|never|not\b", claim), claim


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_a_notebook_is_stripped_and_its_code_is_code(path: Path) -> None:
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert code
    for cell in code:
        assert cell["outputs"] == []
        assert cell["execution_count"] is None
        ast.parse("".join(cell["source"]))


def test_there_is_a_notebook() -> None:
    assert NOTEBOOKS


def test_help_is_quick_and_loads_no_heavy_library() -> None:
    script = (
        "import sys\n"
        "from copd_strat.cli import commands\n"
        "commands(['--help'], standalone_mode=False)\n"
        "heavy = {'great_expectations', 'pandas', 'duckdb', 'sklearn', 'scipy'} & set(sys.modules)\n"
        "sys.exit(', '.join(sorted(heavy)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
