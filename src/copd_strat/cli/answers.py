"""The way back: answers on returned lists become the ``decisions`` table of the next run."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from copd_strat.cli import options
from copd_strat.cli.terminal import say, show, table
from copd_strat.errors import InputError
from copd_strat.publish.folder import write_errors

if TYPE_CHECKING:
    import pandas as pd


@click.command()
@click.argument("returned", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    required=True,
    help="decisions.csv of the extracts; answers that it holds already stay.",
)
@options.as_of
def decisions(returned: tuple[Path, ...], output: Path, as_of: date) -> None:
    """Collect the answers on RETURNED lists (CSV files, workbooks, folders) for the next run.

    Answers that cannot be used are written beside OUTPUT as refused_<name>, each with its problem.
    """
    import pandas as pd

    from copd_strat.lists import lists_in, returned_decisions
    from copd_strat.pathways import override_counts, validate_decisions

    files = lists_in(returned)
    if not files:
        raise InputError("no returned list was found", fix="give CSV files, workbooks or their folder")
    checked = validate_decisions(returned_decisions(files), as_of)
    kept = _answers_in(output)
    every = pd.concat([kept, _as_text(checked.accepted)], ignore_index=True).drop_duplicates()
    refused = _as_text(checked.refused).drop_duplicates()
    _write(every, output)
    answers = len(checked.accepted) + len(checked.refused)
    say(f"lists {len(files):,}, answers {answers:,}, held already {len(kept):,}")
    counts = override_counts(every, as_of)
    shares = counts.pop("override_share").map("{:.0%}".format)
    show(table([*counts.columns, "overruled"], counts.assign(share=shares).to_numpy().tolist()))
    if len(refused):
        beside = output.with_name(f"refused_{output.name}")
        _write(refused, beside)
        for problem, number in refused["problem"].value_counts().items():
            say(f"cannot be used: {number} ({problem})")
        say(f"ask the practices: {beside}")
    show(str(output))


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
    dated = answers.assign(decided_on=answers["decided_on"].dt.strftime("%Y-%m-%d"))
    return dated.astype(object).fillna("").astype("str")


def _write(frame: pd.DataFrame, path: Path) -> None:
    """All or nothing: a table cut in half would lose answers."""
    part = path.with_name(f"{path.name}.part")
    with write_errors(path):
        frame.to_csv(part, index=False)
        part.replace(path)


COMMANDS = (decisions,)
