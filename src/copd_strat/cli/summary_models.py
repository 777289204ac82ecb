"""The summary in the form that Power BI and Tableau open."""

from __future__ import annotations

from pathlib import Path

import click

from copd_strat.cli.terminal import show
from copd_strat.errors import OutputError
from copd_strat.publish.folder import write_errors


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--summary",
    required=True,
    help="The summary's folder as its readers name it: current and summary of the commissioners' folder.",
)
def powerbi(folder: Path, summary: str) -> None:
    """Write a Power BI project into FOLDER: tables, relations, measures and formats of the summary.

    It reads the Parquet files under the stable path, so that a refresh follows each new release. It holds no
    figures, and is written once for each version of the summary's columns, not every night.
    """
    from copd_strat.summary.power_bi import PROJECT, write_project

    if folder.exists() and any(folder.iterdir()):
        raise OutputError(f"{folder}: is there already and not empty", fix="name another folder")
    with write_errors(folder):
        write_project(folder, summary)
    show(f"Wrote {folder}. Open '{PROJECT}.pbip' in Power BI Desktop and refresh.")


@click.command()
@click.argument("summary", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    default="summary.hyper",
    show_default=True,
    help="File to write.",
)
def hyper(summary: Path, output: Path) -> None:
    """Write the tables of the summary's folder SUMMARY into one file for Tableau.

    Needs the optional package tableauhyperapi: pip install 'copd-strat[hyper]'.
    """
    from copd_strat.summary.tableau_hyper import write_hyper

    rows = write_hyper(summary, output)
    show(f"Wrote {output}: {len(rows)} tables, {sum(rows.values()):,} rows.")


COMMANDS = (powerbi, hyper)
