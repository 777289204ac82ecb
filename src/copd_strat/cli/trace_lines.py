"""Commands that follow a line of a list back to the extract, and a row of the extract to a list."""

from __future__ import annotations

import dataclasses
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

from copd_strat.cli import options
from copd_strat.cli.published_runs import published
from copd_strat.cli.terminal import say, show, show_json
from copd_strat.publish.folder import PARTIAL, RunFolder

if TYPE_CHECKING:
    from copd_strat.tracing import Trace


@click.command()
@click.argument("reference", required=False)
@click.option(
    "--file", "file", help="Instead of a reference: a file of the extract, by its name below the folder."
)
@click.option(
    "--line", type=click.IntRange(1), help="The line of that file; the header is line 1 of a text file."
)
@options.config
@options.as_json
def trace(
    reference: str | None, file: str | None, line: int | None, config_path: Path, as_json: bool
) -> None:
    """From a line of a list to the rows that made it, or from a row to whom it moved.

    Give REFERENCE as it stands on a list of the published run, or --file and --line. Works on extracts in the native
    layout. Each sentence is told with the rows without which it would not be said.
    """
    from copd_strat.tracing import trace_reference, trace_row

    if (reference is None) == (file is None) or (file is None) != (line is None):
        raise click.UsageError("give a reference, or --file and --line")
    settings, current = published(config_path)
    # Like a run's, what a kill leaves of a person's rows goes with the next night; the audit log tells who looked.
    with (
        RunFolder(settings.output).lock("trace"),
        tempfile.TemporaryDirectory(dir=settings.output, prefix=PARTIAL) as work,
    ):
        if reference is not None:
            found = trace_reference(settings, current, reference, Path(work))
        else:
            found = trace_row(settings, current, str(file), int(line or 0), Path(work))
    if as_json:
        show_json(dataclasses.asdict(found))
    else:
        _show(found, file, line)


def _show(found: Trace, file: str | None, line: int | None) -> None:
    show(f"{found.reference or 'Somebody who is not on the register'} {found.practice_id}".rstrip())
    wanted = found.sentences if file is None else found.about(file, int(line or 0))
    if not wanted:
        show("  This row moves nothing that is said of the person.")
    for sentence in wanted:
        show(f"\n  {sentence.sentence}")
        if sentence.several:
            show(
                "    no row is needed for it: more than one thing on record, any of which is enough, keeps it"
            )
        elif not sentence.rows:
            show("    rests on what is not on record")
        elif sentence.together:
            show("    no row alone makes it; without all of these it is not said")
        for table, name, number in sentence.rows:
            show(f"    {name}, line {number} ({table})")
    for text in found.elsewhere if file is None else ():
        show(f"\n  {text}\n    rests on a practice's answer or an earlier night, not on rows of the extract")
    say("Rows of a person's record: for the site's own team only.")


COMMANDS = (trace,)
