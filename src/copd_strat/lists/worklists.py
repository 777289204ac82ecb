"""Each practice's worklist after exacerbations, beside its lists: CSV and workbook, counted back from the files."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from copd_strat.engine import Engine, packaged_sql
from copd_strat.errors import OutputError
from copd_strat.followup import Worklist
from copd_strat.lists.csv_file import list_name, write_csv
from copd_strat.lists.list_columns import ListColumn
from copd_strat.lists.read_back import read_lines, require_alike
from copd_strat.lists.readme import WARNING, Lines
from copd_strat.lists.workbook import Page, write_workbook
from copd_strat.lists.worklist_columns import worklist_columns, worklist_sheets, worklist_table
from copd_strat.lists.write import ODS_PRACTICE, ListFile, practices_by_code
from copd_strat.pathways.sentences import date_in_words_of
from copd_strat.plan import RunStamp

_NAME = "worklist"


def write_worklists(
    engine: Engine, root: Path, found: Worklist, stamp: RunStamp, *, practice_pattern: str = ODS_PRACTICE
) -> list[ListFile]:
    """Write ``direct_care/<practice>/<practice>_<run date>_worklist.csv`` and ``.xlsx`` for every practice.

    A practice without lines gets its files all the same. OutputError if the files read back do not hold each line
    once, in its own practice.
    """
    columns = worklist_columns(found, stamp)
    table = worklist_table(found, stamp, columns)
    organisations = engine.frame(packaged_sql("lists", "listed_practices"))
    parts = dict(iter(table.groupby("practice_id", sort=False)))
    silent = found.duties[found.duties["palliative"]].groupby("practice_id")["patient_id"].nunique()
    codes = {*table["practice_id"], *organisations["practice_id"]}
    written = []
    for code, name in practices_by_code(codes, organisations, practice_pattern).items():
        folder = root / "direct_care" / code
        folder.mkdir(parents=True, exist_ok=True)
        practice = f"{code}, {name}" if name else code
        own = parts.get(code, table.head(0))
        key = _key(found, practice, stamp, len(own), int(silent.get(code, 0)), columns)
        stem = folder / list_name(code, stamp.as_of, _NAME)
        write_csv(stem.with_suffix(".csv"), own)
        write_workbook(stem.with_suffix(".xlsx"), worklist_sheets(own, columns), key, _page(practice, stamp))
        written += [
            ListFile(path=stem.with_suffix(suffix), practice_id=code, name=_NAME, rows=len(own))
            for suffix in (".csv", ".xlsx")
        ]
    _count_back(written, found.lines, columns)
    return written


def _page(practice: str, stamp: RunStamp) -> Page:
    label = "SYNTHETIC  " if stamp.synthetic else ""
    return Page(
        heading=(
            f"{label}Worklist after exacerbations of {practice}, {date_in_words_of(stamp.as_of)},"
            f" data to {date_in_words_of(stamp.index_date)}"
        ),
        footer=f"{label}Supports, does not replace, clinical judgement. Run {stamp.run_id}",
        made_on=stamp.as_of,
        properties=stamp.run_id,
    )


def _key(
    found: Worklist,
    practice: str,
    stamp: RunStamp,
    rows: int,
    palliative: int,
    columns: tuple[ListColumn, ...],
) -> Lines:
    """What a reader must know: whose list, what is due when and why, what could not be seen, the words."""
    policy = found.policy
    duties = [duty for duty in policy.duties if set(duty.after) & set(policy.events)]
    return [
        *([("SYNTHETIC", "not real patients")] if stamp.synthetic else []),
        ("Worklist", practice),
        ("", WARNING),
        ("", "It moves nobody on the other lists, and it need not be sent back."),
        (
            "Data as at",
            f"{date_in_words_of(stamp.index_date)}; stays known by {date_in_words_of(stamp.as_of)}",
        ),
        ("Lines", f"{rows} today; the first {policy.today} are marked for today, all others stay below them"),
        ("A line goes", f"when the record shows all its duties, or {policy.keep_days} days after the event"),
        (
            "Left undone",
            f"what is open then stands at the end for {policy.tell_days} days more, paler, and then goes",
        ),
        (
            "Dates",
            "a stay counts from the day of going home, another exacerbation from its first day; the lists give the"
            " first day of both",
        ),
        (
            "Palliative care",
            f"{palliative} with an event: none of these duties is theirs, they are only counted",
        ),
        ("", ""),
        *((duty.says[:1].upper() + duty.says[1:], f"{duty.means} ({duty.source})") for duty in duties),
        *(
            (f"Not observable: {name}".replace("_", " "), why)
            for name, why in sorted(found.unobservable.items())
        ),
        ("", ""),
        ("Words", ""),
        *((column.heading, column.meaning) for column in columns if not column.hidden),
    ]


def _count_back(written: list[ListFile], lines: pd.DataFrame, columns: tuple[ListColumn, ...]) -> None:
    """Read the files back: every line once, in the folder of its practice, and nothing else; every workbook as its
    CSV."""
    found = []
    for file in written:
        if file.path.suffix == ".csv":
            rows = read_lines(file.path)
            found += [(file.practice_id, row["patient_ref"], row["event_date"]) for row in rows]
            require_alike(file.path.with_suffix(".xlsx"), rows, columns)
    expected = [
        (str(practice), str(reference), pd.Timestamp(day).date().isoformat())
        for practice, reference, day in zip(
            lines["practice_id"], lines["patient_ref"], lines["event_date"], strict=True
        )
    ]
    if sorted(found) != sorted(expected):
        raise OutputError(
            f"the worklists hold {len(found)} lines, but {len(expected)} are due, each once",
            fix="this is a fault of the program: nothing was published; please report it",
        )
