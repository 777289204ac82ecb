"""Commands of the night: run and validate."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from copd_strat import __version__, config
from copd_strat.cli import options
from copd_strat.cli.site_hooks import failure_told, tell_success
from copd_strat.cli.terminal import say, show, show_json, table
from copd_strat.errors import CopdStratError
from copd_strat.progress import Narrator
from copd_strat.publish import RunFolder
from copd_strat.publish.folder import PAGE

if TYPE_CHECKING:
    from copd_strat.plan import Plan
    from copd_strat.publish import Outcome


@click.command()
@options.config
@options.as_of
@options.index
@click.option("--dry-run", is_flag=True, help="Show the plan with its reasons, and stop.")
@click.option("--force", is_flag=True, help="Run even if nothing changed since the published run.")
@click.option(
    "--rotate-key-from",
    metavar="NAME",
    help="The reference key is a new one on purpose: NAME is the file or environment variable that holds the"
    " last run's.",
)
@options.no_store
@options.as_json
def run(
    config_path: Path,
    as_of: date,
    index: date | None,
    dry_run: bool,
    force: bool,
    rotate_key_from: str | None,
    no_store: bool,
    as_json: bool,
) -> None:
    """The nightly run: extracts in, lists, summary and manifest out, published together or not at all."""
    from copd_strat.plan import Night, plan
    from copd_strat.run import STEPS, nightly

    with checked_by_validate(config_path, as_of):
        night = Night(
            settings=config.load(config_path),
            as_of=as_of,
            index=index,
            force=force,
            rotate_key_from=rotate_key_from,
            check_again=check_again(config_path, as_of),
            store=not no_store,
        )
        say(f"copd-strat {__version__} · {night.settings.title} · run date {as_of}")
        if dry_run:
            say_plan(plan(night))
            say("This was a dry run: nothing was read beyond file names and hashes, nothing was written.")
            return
        with failure_told(night), RunFolder(night.settings.output).lock("run"):
            planned = plan(night)
            say_plan(planned)
            outcome = nightly(planned, Narrator(say, total=len(STEPS)))
        tell_success(night, outcome)
    if as_json:
        show_json(outcome.summary)
    else:
        show_outcome(outcome)


def check_again(config_path: Path, as_of: date) -> str:
    """The command that tells whether the night would go on."""
    return f"copd-strat validate --config {shlex.quote(str(config_path))} --as-of {as_of}"


# Which command is next, by exit code: what the extracts lack is checked by validate; all else (lock, disk, another
# key, disclosure, model) shows only in what was typed. Configuration and approval are doctor's (command_line.py).
_VALIDATE, _VALIDATE_WITH_PAGE = (11,), (12, 13, 16)


@contextmanager
def checked_by_validate(config_path: Path, as_of: date) -> Iterator[None]:
    """A night's error that lies in the extracts names ``validate``, which reads them and publishes nothing."""
    try:
        yield
    except CopdStratError as error:
        if error.exit_code in _VALIDATE or (error.page and error.exit_code in _VALIDATE_WITH_PAGE):
            error.then = check_again(config_path, as_of)
        raise


def say_reads(planned: Plan) -> None:
    say("Plan")
    for source in planned.sources:
        say(f"  reads   {source.layout} from {source.path}: {source.files} files, {source.megabytes:,.1f} MB")


def say_plan(planned: Plan) -> None:
    say_reads(planned)
    say(f"  writes  {what_is_written(planned)}")
    for reason in planned.reasons:
        say(f"  because {reason}")
    if planned.key_change:
        say(f"  note    {planned.key_change}")


def what_is_written(planned: Plan) -> str:
    """What the command will leave: a run, or nothing that anybody follows."""
    if planned.night.command == "validate":
        return f"a page of what was found in {planned.settings.output}; publishes nothing"
    if planned.unchanged:
        return f"nothing: run {planned.run_id} stays published"
    return f"{planned.settings.output} as run {planned.run_id}"


_STANDING = {
    "unchanged": "nothing has changed",
    "repeated": "repeated: every file came out byte for byte as published",
}


def show_outcome(outcome: Outcome) -> None:
    summary = outcome.summary
    if outcome.status != "published":
        show(f"Run {outcome.run_id} stays published: {_STANDING[outcome.status]}.")
        show(f"  {outcome.path}")
        return
    show(f"\n{rows_table(summary['tables'])}\n")
    show_quarantined(summary["tables"], outcome.path / "quality" / PAGE)
    before = summary["dispositions_before"]
    changes = [[name, count, before.get(name)] for name, count in summary["dispositions"].items()]
    show(table([f"register {summary['register']:,}", "tonight", "last run"], changes))
    show("")
    for warning in summary["warnings"]:
        show(f"Warning: {warning}")
    if summary["synthetic"]:
        show("SYNTHETIC: nobody on these lists exists.")
    show(f"Published run {outcome.run_id}")
    for name, place in summary["places"].items():
        show(f"  {name:<9} {place}")


def show_quarantined(tables: Mapping[str, Mapping[str, int]], page: Path) -> None:
    """Rows that were set aside, few as they may be, are told with the page that says where they stand."""
    told = {name: counts["quarantined"] for name, counts in tables.items() if counts["quarantined"]}
    if told:
        listed = ", ".join(f"{name} {rows:,}" for name, rows in told.items())
        show(f"Quarantined: {listed}. File, line and reason: {page}\n")


def rows_table(tables: Mapping[str, Mapping[str, int]]) -> str:
    rows = [[name, *counts.values()] for name, counts in tables.items()]
    return table(["table", "rows in", "loaded", "quarantined", "duplicates"], rows)


@click.command()
@options.config
@options.as_of
@options.index
@options.no_store
@options.as_json
def validate(config_path: Path, as_of: date, index: date | None, no_store: bool, as_json: bool) -> None:
    """Check the extracts and stop: all that a run refuses before it scores anybody. Publishes nothing."""
    from copd_strat.plan import Night, plan
    from copd_strat.run import READING
    from copd_strat.run import validate as read_and_judge

    with checked_by_validate(config_path, as_of):
        settings, again = config.load(config_path), check_again(config_path, as_of)
        night = Night(
            settings=settings,
            as_of=as_of,
            index=index,
            command="validate",
            check_again=again,
            store=not no_store,
        )
        say(f"copd-strat {__version__} · {settings.title} · checking extracts, run date {as_of}")
        with RunFolder(settings.output).lock("validate"):
            planned = plan(night)
            say_plan(planned)
            found = read_and_judge(planned, Narrator(say, total=len(READING)))
    if as_json:
        warnings = [finding.to_json() for finding in found.verdict.warnings]
        show_json({"tables": found.tables, "warnings": warnings, "quality": str(found.folder)})
        return
    show(f"\n{rows_table(found.tables)}\n")
    show_quarantined(found.tables, found.folder / PAGE)
    for finding in found.verdict.warnings:
        show(f"Warning: {finding.sentence}")
    show(f"Nothing stops a night so far. Page: {found.folder / PAGE}")


COMMANDS = (run, validate)
