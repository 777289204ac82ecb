"""The way back: answers on returned lists become the ``decisions`` table of the next run."""

from __future__ import annotations

from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

import click

from copd_strat import config
from copd_strat.cli import options
from copd_strat.cli.terminal import say, show, table
from copd_strat.errors import InputError
from copd_strat.publish import RunFolder
from copd_strat.publish.folder import write_errors

if TYPE_CHECKING:
    import pandas as pd

    from copd_strat.lists import PublishedLists, Returned

_TABLE = "decisions"


@click.command()
@click.argument("returned", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--config",
    "config_path",
    type=click.Path(path_type=Path),
    help="The run's configuration: answers go where its next run looks, and are matched with its lists.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    help="decisions.csv of the extracts, where --config does not say; answers that it holds already stay.",
)
@options.as_of
def decisions(returned: tuple[Path, ...], config_path: Path | None, output: Path | None, as_of: date) -> None:
    """Collect the answers on RETURNED lists (CSV files, workbooks, folders) for the next run.

    An answer without a date is dated by its return (--as-of). What cannot be used is kept as it was written:
    in refused_<name> beside the returned lists for you, and on the next list of queries for its practice.

    \b
    copd-strat decisions returned/ --config nightly.yaml
    copd-strat decisions A81001_2026-04-02_clinic.xlsx -o extracts/decisions.csv
    """
    from copd_strat.lists import lists_in, returned_answers
    from copd_strat.pathways import override_counts

    settings = config.load(config_path) if config_path else None
    target = output or _where_the_run_looks(settings)
    refused = _beside_the_lists(returned, settings) / f"refused_{target.name}"
    files = lists_in(returned)
    if not files:
        raise InputError("no returned list was found", fix="give CSV files, workbooks or their folder")
    held = _answers_in(target)
    found = returned_answers(files, as_of, _published(settings))
    every = merged(held, _as_text(found.answers), found.dated_by_return)
    _write(every, target)
    _tell(found, len(files), len(held), len(every) - len(held))
    _tell_of_nobody(every, settings, as_of)
    _tell_of_contradictions(every, as_of)
    counts = override_counts(every, as_of)
    shares = counts.pop("override_share").map("{:.0%}".format)
    show(table([*counts.columns, "overruled"], counts.assign(share=shares).to_numpy().tolist()))
    _tell_of_refused(found, refused)
    show(str(target))
    if found.unread:
        _refuse_unread(found.unread)


def _where_the_run_looks(settings: config.Settings | None) -> Path:
    """The table that the next run reads already, or else a new one in its first folder of extracts."""
    if settings is None:
        raise click.UsageError("give --config of the run, or -o with the table to write")
    folders = [source.path for source in settings.extracts]
    there = [folder / f"{_TABLE}.csv" for folder in folders if (folder / f"{_TABLE}.csv").exists()]
    return there[0] if there else folders[0] / f"{_TABLE}.csv"


def _beside_the_lists(returned: tuple[Path, ...], settings: config.Settings | None) -> Path:
    """Where what was refused is kept as it was written: it may name somebody, so it stays with the lists that it stood
    on and never enters the extracts."""
    from copd_strat.lists.key_sheets import outside_output

    folder = returned[0] if returned[0].is_dir() else returned[0].parent
    return outside_output(folder, settings.output if settings else None)


def _published(settings: config.Settings | None) -> PublishedLists | None:
    """The lists that the site has published, with which the returned ones are compared."""
    import pandas as pd

    from copd_strat.lists import PublishedLists
    from copd_strat.pathways import read_patients

    current = RunFolder(settings.output).current() if settings else None
    if settings is None or current is None:
        return None
    patients = read_patients(current.file("analyst/patients.parquet"), columns=_SAME[:2])
    owners = pd.Series(patients["practice_id"].to_numpy(), index=patients["patient_ref"].astype(object))

    def practices_of(reference: str) -> frozenset[str]:
        return frozenset(owners.loc[[reference]]) if reference in owners.index else frozenset()

    kept = {run.run_id: run for run in RunFolder(settings.output).kept().runs}

    def files(run_id: str, pattern: str) -> list[Path] | None:
        if run_id not in kept:
            return None
        names = sorted(kept[run_id].manifest["files"])
        return [kept[run_id].file(name) for name in names if fnmatchcase(name, pattern)]

    return PublishedLists(files=files, practices_of=practices_of)


def _answers_in(output: Path) -> pd.DataFrame:
    import pandas as pd

    from copd_strat.pathways.feedback import DECISION_COLUMNS

    if not output.exists():
        return pd.DataFrame(columns=list(DECISION_COLUMNS), dtype="str")
    try:
        held = pd.read_csv(output, dtype="str", encoding="utf-8-sig", keep_default_na=False)
    except (OSError, ValueError) as error:  # pandas' and decoding errors are ValueErrors
        raise InputError(
            f"{output}: cannot be read ({type(error).__name__})", fix="fix it, or give another name with -o"
        ) from None
    if list(held.columns) != list(DECISION_COLUMNS):
        raise InputError(f"{output}: is there and is not a decisions table", fix="give another name with -o")
    return held


def _as_text(answers: pd.DataFrame) -> pd.DataFrame:
    """Texts that no spreadsheet runs: this table, too, is opened by hand."""
    from copd_strat.lists.cells import texts

    return answers.assign(**{name: texts(answers[name]) for name in answers.columns}).astype("str")


def merged(held: pd.DataFrame, new: pd.DataFrame, dated_by_return: list[bool]) -> pd.DataFrame:
    """``held`` and what ``new`` adds to it. The same answer twice is one; where the day of its return stands
    for its date, also if it comes back again on another day."""
    import numpy as np
    import pandas as pd

    known = pd.MultiIndex.from_frame(new[_SAME]).isin(pd.MultiIndex.from_frame(held[_SAME]))
    # Without an answer the list is empty, and has no type of its own.
    fresh: pd.DataFrame = new.loc[~(known & np.array(dated_by_return, dtype=bool))]
    return pd.concat([held, fresh], ignore_index=True).drop_duplicates(ignore_index=True)


_SAME = ["practice_id", "patient_ref", "run_id", "decision", "reason"]


def _tell(found: Returned, files: int, held: int, new: int) -> None:
    import numpy as np

    usable = found.answers["decision"] != "refused"
    refused = len(found.refused)
    say(f"lists {files:,}, answers {usable.sum():,}, refused {refused:,}, new {new:,}, held already {held:,}")
    undated = int((usable.to_numpy() & np.array(found.dated_by_return, dtype=bool)).sum())
    if undated:
        say(f"without a date, so dated by their return: {undated:,}")
    notes = int((found.answers["decision"] == "note").sum())
    if notes:
        say(f"reasons without a decision, kept as notes: {notes:,}")


def _tell_of_nobody(every: pd.DataFrame, settings: config.Settings | None, as_of: date) -> None:
    """Answers whose reference the published lists do not know: people who left, or another key."""
    from copd_strat.pathways import about_nobody, read_patients, validate_decisions

    current = RunFolder(settings.output).current() if settings else None
    if current is None:
        return
    patients = read_patients(current.file("analyst/patients.parquet"), columns=_SAME[:2])
    lost = about_nobody(validate_decisions(every, as_of).accepted, patients)
    if len(lost):
        say(f"about nobody on the published lists (left, or another reference key): {len(lost):,}")


def _tell_of_contradictions(every: pd.DataFrame, as_of: date) -> None:
    from copd_strat.pathways.feedback import contradictory

    people = len(contradictory(every, as_of))
    if people:
        say(f"two different answers of one day, neither counts until one is given anew: {people:,}")


def _tell_of_refused(found: Returned, beside: Path) -> None:
    if found.not_compared:
        say(
            f"lists not compared with what was printed: {found.not_compared:,}; what was typed over a printed cell, or"
            " on a worklist, is not seen there (needs --config, and a run that is still kept)"
        )
    if found.refused.empty:
        return
    _write(_with_earlier(_as_text(found.refused), beside), beside)
    causes = found.refused["problem"].str.split(":").str[0].value_counts()
    for cause, number in causes.items():
        say(f"cannot be used: {number} ({cause})")
    say(f"as they were written: {beside}; the practices find them on their next list of queries")


def _with_earlier(refused: pd.DataFrame, beside: Path) -> pd.DataFrame:
    """What was refused in earlier returns stays; the same line that comes back again is one."""
    import pandas as pd

    if not beside.exists():
        return refused
    try:
        earlier = pd.read_csv(beside, dtype="str", encoding="utf-8-sig", keep_default_na=False)
    except (OSError, ValueError) as error:
        raise InputError(
            f"{beside}: cannot be read ({type(error).__name__})", fix="move it away; it is written anew"
        ) from None
    same = [name for name in refused.columns if name != "returned_on"]
    return pd.concat([earlier, refused], ignore_index=True).drop_duplicates(same, ignore_index=True)


def _refuse_unread(unread: tuple[InputError, ...]) -> None:
    """Said last, after everything that could be read is safe."""
    raise InputError(
        "\n".join(error.problem for error in unread),
        fix=f"{unread[0].fix or 'return them again'}; all other lists are collected",
    )


def _write(frame: pd.DataFrame, path: Path) -> None:
    """All or nothing: a table cut in half would lose answers."""
    part = path.with_name(f"{path.name}.part")
    with write_errors(path):
        frame.to_csv(part, index=False)
        part.replace(path)


COMMANDS = (decisions,)
