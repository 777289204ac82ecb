"""Published tables in the form that Power BI, Tableau and lakehouses open."""

from __future__ import annotations

from pathlib import Path

import click

from copd_strat.cli import options
from copd_strat.cli.published_runs import named_run, published
from copd_strat.cli.terminal import show
from copd_strat.errors import ConfigError, OutputError
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


@click.command()
@click.argument("run", required=False, type=click.Path(path_type=Path))
@options.config
@click.option("--analyst", type=click.Path(path_type=Path), help="Folder for the tables of patients.")
@click.option("--summary", type=click.Path(path_type=Path), help="Folder for the tables of the summary.")
def delta(run: Path | None, config_path: Path, analyst: Path | None, summary: Path | None) -> None:
    """Write the published tables as Delta tables, one more version of each with every run.

    RUN is a run's folder or name, by default the published run. As the hook on_success the command follows the
    nights. Patients' tables and the summary have folders of their own, since they have readers of their own. Needs
    the optional package deltalake: pip install 'copd-strat[delta]'.
    """
    from copd_strat.publish.delta_copy import Part, write_delta

    settings, current = published(config_path)
    chosen = named_run(settings, run.name) if run else current
    ours = [settings.output, *filter(None, [settings.publish.commissioners])]
    _require_apart([path.resolve() for path in (analyst, summary) if path], ours)
    parts: dict[Part, Path | None] = {"analyst": analyst, "summary": summary}
    for part, folder in parts.items():
        if folder:
            rows = write_delta(chosen, part, folder)
            show(f"Wrote {folder}: {len(rows)} Delta tables, {sum(rows.values()):,} rows.")


def _require_apart(asked: list[Path], ours: list[Path]) -> None:
    """ConfigError unless there is something to write, and no folder lies in another."""
    if not asked:
        raise ConfigError("nothing to write", fix="give --analyst or --summary, or both, a folder each")
    every = [*asked, *ours]
    for place, one in enumerate(every):
        for other in every[place + 1 :]:
            if {one, other} & set(asked) and (one.is_relative_to(other) or other.is_relative_to(one)):
                raise ConfigError(f"{one} and {other} lie in each other", fix="name a folder of its own")


COMMANDS = (powerbi, hyper, delta)
