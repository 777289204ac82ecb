"""Commands that make things to start from: synthetic extracts and the demonstration."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import click

from copd_strat.cli import options
from copd_strat.cli.terminal import say, show
from copd_strat.config import LAYOUTS
from copd_strat.errors import OutputError
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
@click.option("--layout", type=click.Choice(LAYOUTS), default="native", show_default=True)
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
@click.option("--config", "config_path", type=click.Path(path_type=Path), default=Path("pipelines/demo.yaml"))
@click.pass_context
def demo(context: click.Context, folder: Path, config_path: Path) -> None:
    """Synthetic extracts, then a whole run on them."""
    from copd_strat.cli.nightly import run

    extracts = folder / "extracts"
    if not (extracts / "native").exists():
        end = last_month_end(options.today())
        write_extracts(extracts, seed=1, practices=30, register=6000, years=5, layout="native", end=end)
    (folder / "reference.key").write_text(_DEMO_KEY, encoding="utf-8")
    context.invoke(run, config_path=config_path)


_CONFIG = """\
# Proposed by 'copd-strat init'. Fill in what stands in angle brackets, then:
#   copd-strat doctor --config {name}
title: <name of the integrated care system>
governance:
  legal_basis: <for example section 251, regulation 5>
  approval_reference: <reference of the approval>
  approval_expires: <date>
  controller: <name of the controller>
  opt_out_regime: <type1, type1_and_national or none_direct_care>
  opt_out_applied_on: <date>
extracts:
  - {{layout: {layout}, path: "{path}"}}
contracts: "{contracts}"
output: <folder for runs>
risk:
  care_setting: <primary_care or hospital_clinic>
"""


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path), default="nightly.yaml", show_default=True)
@click.option("--contracts", type=click.Path(path_type=Path), default="data_contracts", show_default=True)
def init(folder: Path, output: Path, contracts: Path) -> None:
    """Look at the headers of the files in FOLDER, propose a layout and write a configuration for it."""
    from copd_strat.extracts.propose_layout import propose

    if output.exists():
        raise OutputError(f"{output}: is there already", fix="give another name with -o")
    found = propose(folder, contracts)
    for name, files in found.tables.items():
        say(f"  {name:<20} {', '.join(files[:3])}{' …' if len(files) > 3 else ''}")
    for sentence in found.unread:
        say(f"  not read: {sentence}")
    text = _CONFIG.format(
        name=output, layout=found.layout, path=found.folder.resolve(), contracts=contracts.resolve()
    )
    with write_errors(output):
        output.write_text(text, encoding="utf-8")
    show(f"Layout {found.layout}: {found.files} files fit. Wrote {output}; fill in the angle brackets.")


COMMANDS = (synth, demo, init)
