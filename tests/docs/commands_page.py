"""Writes docs/commands.md from the commands' own help: python tests/docs/commands_page.py"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from copd_strat.cli import commands

PAGE = Path(__file__).parents[2] / "docs" / "commands.md"

HEAD = """\
# Commands

Results go to standard output, everything else to standard error. Each command prints this with `--help`.
Exit codes are in [decisions.md](decisions.md) §27.
"""


def page() -> str:
    parts = [HEAD]
    for path, command in walk(commands, ("copd-strat",)):
        # the settings of the group, which a context of its own does not know
        context = click.Context(
            command,
            info_name=" ".join(path),
            max_content_width=100,
            terminal_width=100,
            help_option_names=commands.context_settings["help_option_names"],
        )
        parts.append(f"## {' '.join(path)}\n\n```text\n{command.get_help(context)}\n```\n")
    return "\n".join(parts)


def walk(command: click.Command, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """The command and everything below it, in alphabetical order."""
    yield path, command
    if isinstance(command, click.Group):
        for name, child in sorted(command.commands.items()):
            yield from walk(child, (*path, name))


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
