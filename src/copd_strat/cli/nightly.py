"""Commands of the night: run and validate."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from copd_strat import __version__, config
from copd_strat.cli import options
from copd_strat.cli.terminal import say, show, show_json, table
from copd_strat.progress import Narrator

if TYPE_CHECKING:
    from copd_strat.plan import Plan
    from copd_strat.reconciliation import Outcome


@click.command()
@options.config
@options.as_of
@options.index
@click.option("--dry-run", is_flag=True, help="Show the plan with its reasons, and stop.")
@click.option("--force", is_flag=True, help="Run even if nothing changed since the published run.")
@options.as_json
def run(
    config_path: Path, as_of: date, index: date | None, dry_run: bool, force: bool, as_json: bool
) -> None:
    """The nightly run: extracts in, lists, summary and manifest out, published together or not at all."""
    from copd_strat.plan import Night, plan
    from copd_strat.run import STEPS, nightly

    night = Night(settings=config.load(config_path), as_of=as_of, index=index, force=force)
    planned = plan(night)
    say(f"copd-strat {__version__} · {night.settings.title} · run date {as_of}")
    say_plan(planned)
    if dry_run:
        say("This was a dry run: nothing was read beyond file names and hashes, nothing was written.")
        return
    outcome = nightly(night, Narrator(say, total=len(STEPS)))
    if as_json:
        show_json(outcome.summary)
    else:
        show_outcome(outcome)


def say_plan(planned: Plan) -> None:
    say("Plan")
    for source in planned.sources:
        say(f"  reads   {source.layout} from {source.path}: {source.files} files, {source.megabytes:,.1f} MB")
    say(f"  writes  {planned.output} as run {planned.run_id}")
    for reason in planned.reasons:
        say(f"  because {reason}")


def show_outcome(outcome: Outcome) -> None:
    summary = outcome.summary
    if not outcome.published:
        show(f"Run {outcome.run_id} stays published: {summary['why']}.")
        show(f"  {outcome.path}")
        return
    show(f"\n{rows_table(summary)}\n")
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


def rows_table(summary: dict[str, Any]) -> str:
    rows = [[name, *counts.values()] for name, counts in summary["tables"].items()]
    return table(["table", "rows in", "loaded", "quarantined", "duplicates"], rows)


@click.command()
@options.config
@options.as_of
@options.as_json
def validate(config_path: Path, as_of: date, as_json: bool) -> None:
    """Check the extracts and stop: identifier gate, contracts, quarantine, run guard. Publishes nothing."""
    from copd_strat.plan import Night
    from copd_strat.quality.inspect_night import validation

    night = Night(settings=config.load(config_path), as_of=as_of)
    say(f"copd-strat {__version__} · {night.settings.title} · checking extracts, run date {as_of}")
    found = validation(night, Narrator(say, total=2))
    if as_json:
        show_json(found)
        return
    show(f"\n{rows_table(found)}\n")
    for warning in found["warnings"]:
        show(f"Warning: {warning}")
    show(f"Results: {found['quality']}")


COMMANDS = (run, validate)
