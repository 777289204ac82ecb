"""The pages build strictly into a site, each stands in one section, and every command in them can be given."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from copd_strat.cli import commands

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", *sorted(DOCS.glob("*.md"))]
KINDS = ("For your role", "Tutorial", "How to", "Reference", "Explanation")


def test_the_site_builds_without_a_warning_and_fetches_nothing(tmp_path: Path) -> None:
    done = subprocess.run(
        [Path(sys.executable).parent / "mkdocs", "build", "--strict", "--site-dir", tmp_path / "site"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stderr
    pages = list((tmp_path / "site").rglob("*.html"))
    assert len(pages) > len(KINDS)
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert not re.search(r"(?:src|<link[^>]*href)=\"(?:https?:)?//", text), page.name


def test_every_page_stands_in_one_section() -> None:
    nav: list[dict[str, Any]] = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))["nav"]
    sections = {name: pages for entry in nav for name, pages in entry.items()}
    assert tuple(sections) == ("Home", *KINDS)
    placed = [page for kind in KINDS for entry in sections[kind] for page in entry.values()]
    assert not [page for page, times in Counter(placed).items() if times > 1]
    assert {*placed, sections["Home"]} == {page.name for page in DOCS.glob("*.md")}


def given_commands(page: Path) -> list[tuple[str, bool]]:
    """Every command line of the program in a page, and whether it is whole: a block's is, a mention need not be."""
    text = re.sub(r"\\\n\s+", "", page.read_text(encoding="utf-8"))
    blocks = re.findall(r"^ *(copd-strat (?!stopped)[a-z].*)$", text, flags=re.MULTILINE)
    inline = re.findall(r"`(copd-strat [a-z][^`]*)`", " ".join(text.split()))
    return [*((line, True) for line in blocks), *((line, False) for line in inline)]


GIVEN = [
    (page.name, re.sub(r"\s+#.*", "", line), whole) for page in PAGES for line, whole in given_commands(page)
]


@pytest.mark.parametrize(("page", "line", "whole"), GIVEN, ids=lambda value: str(value)[:60])
def test_a_command_of_a_page_can_be_given(page: str, line: str, whole: bool) -> None:
    """Its name, options and arguments are those of the program; nothing is run."""
    words = shlex.split(line.replace("…", "x"))[1:]
    command: click.Command = commands
    name = "copd-strat"
    while isinstance(command, click.Group) and words:
        name = words.pop(0)
        assert name in command.commands, f"{page}: {line}"
        command = command.commands[name]
    if isinstance(command, click.Group):
        return  # named as a whole
    try:
        command.make_context(name, words, **commands.context_settings).close()
    except click.MissingParameter:
        assert not whole, f"{page}: {line}"


def test_there_are_commands_to_try() -> None:
    assert len(GIVEN) > 30
    assert {"README.md", "tutorial.md", "start-a-site.md", "lists.md"} <= {page for page, _, _ in GIVEN}


def test_shells_are_given_their_completion_as_the_page_says() -> None:
    text = (DOCS / "shell-completion.md").read_text(encoding="utf-8")
    shells = re.findall(r"_COPD_STRAT_COMPLETE=(\w+)_source copd-strat", text)
    assert shells == ["bash", "zsh", "fish"]
    for shell in ("zsh", "fish"):  # for bash, click asks the shell itself for its version
        done = subprocess.run(
            [sys.executable, "-c", "from copd_strat.cli import commands; commands(prog_name='copd-strat')"],
            env=os.environ | {"_COPD_STRAT_COMPLETE": f"{shell}_source", "PYTHONPATH": str(ROOT / "src")},
            capture_output=True,
            text=True,
            check=False,
        )
        assert "_COPD_STRAT_COMPLETE" in done.stdout, done.stderr


def test_every_file_that_proves_a_rap_level_is_there() -> None:
    text = (DOCS / "rap-levels.md").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line.startswith("| ") and "asked for" not in line]
    lines = [line for line in lines if "level asks for" not in line]
    assert len(lines) == 5 + 9 + 4 + 9
    for line in lines:
        files = [
            name for name in re.findall(r"`([^`]+)`", line.split("|")[2]) if not name.startswith("make ")
        ]
        assert files or "not" in line, line
        for name in files:
            assert (ROOT / name).exists(), name


def test_every_decision_is_a_record_and_every_citation_finds_one() -> None:
    records = re.split(r"^### ", (DOCS / "decisions.md").read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    numbers = {int(found[1]) for record in records if (found := re.match(r"(\d+)( \(lists\))?\. \S", record))}
    assert len(numbers) > 40
    for record in records:
        status = re.search(r"^\*Status: (accepted|needs sign-off|superseded)", record, flags=re.MULTILINE)
        assert status, record.splitlines()[0]
        assert len(record.split("\n\n")) > 2, "a record says what and why"
    pages = [
        *DOCS.glob("*.md"),
        ROOT / "README.md",
        *(ROOT / "src").rglob("*.py"),
        *(ROOT / "src").rglob("*.sql"),
    ]
    cited = {
        int(number)
        for page in pages
        for group in re.findall(
            r"decisions\.md\)? §§?([0-9]+(?:, §?[0-9]+)*)", " ".join(page.read_text(encoding="utf-8").split())
        )
        for number in re.findall(r"[0-9]+", group)
    }
    assert cited
    assert not cited - numbers
