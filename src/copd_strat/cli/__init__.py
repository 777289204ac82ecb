"""The command line: arguments into calls, results into messages and exit codes. Nothing else."""

from __future__ import annotations

import os

import click

from copd_strat import __version__
from copd_strat.cli import (
    answers,
    demonstration,
    doctor,
    evaluating,
    new_site,
    nightly,
    practice_keys,
    published_runs,
    reference_pages,
    scoring,
    summary_models,
    trace_lines,
)
from copd_strat.cli.command_line import TypedCommands
from copd_strat.cli.examples import add_examples
from copd_strat.cli.terminal import exit_codes

# Files of a run are for their owner and group only.
_UMASK = 0o027


@click.group(cls=TypedCommands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="copd-strat")
def commands() -> None:
    """COPD risk stratification: validated extracts in, explained tier lists and a safe summary out.

    It supports clinical judgement and does not replace it.
    """


for room in (
    nightly,
    answers,
    practice_keys,
    published_runs,
    summary_models,
    scoring,
    evaluating,
    reference_pages,
    demonstration,
    new_site,
    doctor,
    trace_lines,
):
    for command in room.COMMANDS:
        commands.add_command(command)


add_examples(commands)


def main() -> None:
    """Entry point of ``copd-strat``."""
    os.umask(_UMASK)
    with exit_codes():
        commands()


__all__ = ["commands", "main"]
