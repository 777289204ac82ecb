"""Commands that look at published runs: list, verify, purge, compare, explain one patient, try a policy."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from copd_strat import config
from copd_strat.cli import options
from copd_strat.cli.run_sentences import counted, diff_sentences, run_sentence, whatif_text
from copd_strat.cli.terminal import say, show, show_json
from copd_strat.errors import InputError
from copd_strat.publish import PublishedRun, RunFolder, audit_log
from copd_strat.publish.folder import no_such_run

if TYPE_CHECKING:
    import pandas as pd

_HISTORY, _PATIENTS = "history/dispositions.parquet", "analyst/patients.parquet"
# What 'diff' reads of the later run.
_MOVED = ("patient_id", "practice_id", "patient_ref", "disposition", "change", "why_1")


def published(config_path: Path) -> tuple[config.Settings, PublishedRun]:
    """The settings and the published run; InputError before the first run."""
    settings = config.load(config_path)
    current = RunFolder(settings.output).current()
    if current is None:
        raise InputError(
            f"{settings.output}: nothing has been published here yet", fix="run 'copd-strat run'"
        )
    return settings, current


def kept_runs(settings: config.Settings) -> tuple[PublishedRun, ...]:
    """Published runs, oldest first; damaged ones are passed over with a warning."""
    kept = RunFolder(settings.output).kept()
    for name in kept.damaged:
        say(f"Warning: run {name} is damaged (its manifest is missing or was changed) and is passed over")
    return kept.runs


def named_run(settings: config.Settings, name: str) -> PublishedRun:
    kept = {run.path.name: run for run in kept_runs(settings)}
    if name in kept:
        return kept[name]
    if name in RunFolder(settings.output).kept().damaged:
        raise InputError(
            f"run {name}: its manifest is missing or was changed",
            fix="name another run: 'copd-strat runs list' shows those that are whole",
        )
    raise no_such_run(name)


@click.group()
def runs() -> None:
    """The runs that are kept."""


@runs.command("list")
@options.config
@options.as_json
def list_runs(config_path: Path, as_json: bool) -> None:
    """Every kept run with its date, register and dispositions, oldest first, and the one readers follow."""
    settings = config.load(config_path)
    folder = RunFolder(settings.output)
    pointer = folder.pointer()
    rows, told = [], []
    for run in kept_runs(settings):
        try:
            rows.append(_row(run, pointer))
            told.append(f"  {run_sentence(run)}")
        except InputError as error:
            say(f"Warning: run {run.path.name} cannot be told: {error.problem}")
    if as_json:
        show_json(rows)
    elif pointer:
        show(f"{counted(len(rows), 'run is', 'runs are')} kept, oldest first.")
        show("\n".join(told))
        show(f"Readers follow run {pointer}.")
    else:
        show("No runs yet: 'copd-strat run' makes the first one.")


def _row(run: PublishedRun, pointer: str | None) -> dict[str, Any]:
    told = run.manifest
    kept = {name: told[name] for name in ("as_of", "policy", "register")}
    return {"run": run.path.name, "current": run.path.name == pointer, **kept, **told["dispositions"]}


@runs.command("verify")
@options.config
@click.argument("run", required=False)
def verify_run(config_path: Path, run: str | None) -> None:
    """Compare every file of RUN (default: the published one) with the manifest's hashes."""
    settings, current = published(config_path)
    chosen = named_run(settings, run) if run else current
    RunFolder(settings.output).require_intact(chosen)
    if line := audit_log.first_changed(settings.output):
        say(f"Warning: {settings.output / audit_log.NAME} was changed before its line {line}")
    files = len(chosen.manifest["files"]) + len(chosen.manifest["timed_files"])
    show(f"Run {chosen.path.name}: {files} files, all as published.")


@runs.command("restore")
@options.config
@click.argument("run")
def restore_run(config_path: Path, run: str) -> None:
    """Make RUN, if it is whole, the published one again: the way out of a damaged run or pointer."""
    folder = RunFolder(config.load(config_path).output)
    with folder.lock(f"runs restore {run}"):
        restored = folder.restore(run)
    show(f"Published is now run {restored.path.name} of {restored.manifest['as_of']}.")


@runs.command("purge")
@options.config
@click.option("--keep", type=click.IntRange(1), help="Runs to keep [default: retain_runs].")
def purge_runs(config_path: Path, keep: int | None) -> None:
    """Remove the oldest runs; the published one always stays."""
    settings = config.load(config_path)
    folder = RunFolder(settings.output)
    with folder.lock("runs purge"):
        removed = folder.purge(keep or settings.retain_runs)
    show(f"Removed {counted(len(removed), 'run')}." + "".join(f"\n  {name}" for name in removed))


@click.command()
@click.argument("run_a")
@click.argument("run_b")
@options.config
@options.as_json
def diff(run_a: str, run_b: str, config_path: Path, as_json: bool) -> None:
    """What changed between two runs: how many moved from where to where, by practice."""
    from copd_strat import pathways

    settings = config.load(config_path)
    before, after = named_run(settings, run_a), named_run(settings, run_b)
    moved = pathways.diff(
        _dispositions(before),
        pathways.read_patients(after.file(_PATIENTS), columns=_MOVED),
    )
    counts = moved.groupby(["practice_id", "kind"]).size().unstack(fill_value=0).reset_index()
    if as_json:
        show_json(counts.to_dict("records"))
    else:
        show("\n".join(diff_sentences((before, after), moved)))


def _dispositions(run: PublishedRun) -> pd.DataFrame | None:
    """Who was where in the run; InputError unless the table is as it was published."""
    from copd_strat.pathways import last_dispositions

    run.file(_HISTORY)
    return last_dispositions(run.path).to_pandas()


def _histories(settings: config.Settings, current: PublishedRun) -> Iterator[pd.DataFrame | None]:
    """What each earlier run left of who was where; a damaged one is passed over with a warning."""
    for run in kept_runs(settings):
        if run.path != current.path:
            try:
                yield _dispositions(run)
            except InputError as error:
                say(f"Warning: {error.problem}; its part of the history is left out")


@click.command()
@click.argument("reference")
@options.config
def explain(reference: str, config_path: Path) -> None:
    """One patient of the published run, by reference: facts, risk, reasons, rules, history."""
    import pandas as pd

    from copd_strat import pathways

    settings, current = published(config_path)
    past = list(_histories(settings, current))
    show(
        pathways.explain(
            reference,
            pathways.read_patients(current.file(_PATIENTS)),
            pathways.load_policy(settings.pathways.policy),
            pathways.read_reasons(current.file("analyst/reasons.parquet")),
            pd.concat(past, ignore_index=True) if past else None,
        )
    )


@click.command()
@options.config
@click.option(
    "--policy", "policies", multiple=True, required=True, help="Give it twice: today's and the other."
)
@click.option("--capacity", type=click.IntRange(0), help="Places a month, instead of the policies' own.")
@options.as_json
def whatif(config_path: Path, policies: tuple[str, ...], capacity: int | None, as_json: bool) -> None:
    """Before anyone switches: who would move, what work it makes, whom it reaches."""
    from copd_strat import pathways

    if len(policies) != 2:
        raise click.UsageError("give --policy twice")
    _, current = published(config_path)
    as_of = date.fromisoformat(current.manifest["as_of"])
    a, b = map(pathways.load_policy, policies)
    found = pathways.whatif(
        pathways.read_patients(current.file(_PATIENTS)), a, b, as_of=as_of, capacity=capacity
    )
    if as_json:
        tables: dict[str, Any] = {f.name: getattr(found, f.name) for f in dataclasses.fields(found)}
        show_json({name: frame.to_dict("records") for name, frame in tables.items()})
        return
    show(whatif_text(found, (a.label, b.label), as_of))
    say("These counts are exact and for the site only: they have not passed disclosure control.")


COMMANDS = (runs, diff, explain, whatif)
