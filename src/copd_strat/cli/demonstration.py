"""Synthetic extracts, and the demonstration: a whole night on them."""

from __future__ import annotations

import shutil
from datetime import date, timedelta
from pathlib import Path

import click

from copd_strat import config
from copd_strat.cli import options
from copd_strat.cli.terminal import say, show
from copd_strat.publish.folder import write_errors

# Published with the program, so it protects nobody: it is for people who do not exist.
_DEMO_KEY = "a demonstration key for synthetic people only\n"


def last_month_end(day: date) -> date:
    return day.replace(day=1) - timedelta(days=1)


@click.command()
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder to write to.")
@click.option("--seed", type=int, default=1, show_default=True)
@click.option("--practices", type=click.IntRange(1), default=30, show_default=True)
@click.option("--register", type=click.IntRange(1), default=6000, show_default=True, help="People with COPD.")
@click.option("--years", type=click.IntRange(2), default=5, show_default=True, help="Years of history.")
@click.option("--layout", type=click.Choice(config.layouts()), default="native", show_default=True)
@click.option(
    "--end",
    type=options.Day(),
    default=lambda: last_month_end(options.today()),
    show_default="last day of last month",
    help="Last complete day of the GP records.",
)
def synth(out: Path, seed: int, practices: int, register: int, years: int, layout: str, end: date) -> None:
    """Write SYNTHETIC extracts of people who do not exist, with the truth beside them."""
    write_extracts(
        out, seed=seed, practices=practices, register=register, years=years, layout=layout, end=end
    )


def write_extracts(
    out: Path, *, seed: int, practices: int, register: int, years: int, layout: str, end: date
) -> None:
    from copd_strat.synthetic import SyntheticSettings, generate

    settings = SyntheticSettings(
        seed=seed, practices=practices, register=register, years=years, layout=layout, end=end
    )
    report = generate(settings, out)
    people = f"{report.people:,} people, {report.register:,} with COPD"
    say(f"SYNTHETIC extracts in layout {report.layout}: {people}")
    for name, rows in report.rows.items():
        say(f"  {name:<20} {rows:>12,} rows")
    show(str(report.extracts.parent))


@click.command()
@click.option("--folder", type=click.Path(path_type=Path), default=Path("demo"), show_default=True)
@click.option("--practices", type=click.IntRange(1), default=30, show_default=True)
@click.option("--register", type=click.IntRange(1), default=6000, show_default=True, help="People with COPD.")
@click.pass_context
def demo(context: click.Context, folder: Path, practices: int, register: int) -> None:
    """Synthetic extracts, a configuration and a key in a folder, then a whole run on them."""
    from copd_strat.cli.nightly import run

    extracts = folder / "extracts"
    if (extracts / "native").exists():
        say(f"The extracts in {extracts} are there already and stay as they are.")
    else:
        end = last_month_end(options.today())
        write_extracts(
            extracts, seed=1, practices=practices, register=register, years=5, layout="native", end=end
        )
    with write_errors(folder):
        key = folder / "reference.key"
        key.touch(mode=0o600)
        key.write_text(_DEMO_KEY, encoding="utf-8")
        for name in ("demo.yaml", config.SCHEMA):
            shutil.copyfile(config.packaged_folder("pipelines") / name, folder / name)
    context.invoke(run, config_path=folder / "demo.yaml")


COMMANDS = (synth, demo)
