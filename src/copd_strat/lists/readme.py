"""What a reader of the lists must know: the key in each workbook, the page beside a practice's lists."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from copd_strat.lists.list_columns import (
    DECISION_CHOICES,
    LISTS,
    MISSING_OR_NEW,
    RANK,
    TITLES,
    WHY,
    ListColumn,
)
from copd_strat.pathways.sentences import date_in_words_of
from copd_strat.plan import RunStamp

WARNING = "These lists support clinical judgement. They do not replace it."

_PURPOSE = {
    "clinic": "for the multi-professional clinic: first whom to invite this month, then who is next in line",
    "self_management": "to offer supported self-management",
    "clinical_review": "to look at, because the record cannot say",
    "changes": "who is new, moved up, moved down or left since the last run",
    "queries": "what does not fit in the record, or on a list you returned; nobody here is to be invited",
}

Lines = list[tuple[str, str]]

_HOW_TO_ANSWER = (
    (
        "How to answer",
        f"On the clinic list: choose a decision ({', '.join(DECISION_CHOICES)}), give a reason and the date.",
    ),
    ("", "Return the list as it is; the next run holds names on or off the clinic list accordingly."),
    ("", "A reason alone is kept as a note. Without a date, the day on which the list comes back counts."),
    ("", "On the other lists a decision has no effect: what you code in the record moves the name."),
    ("", "Of two different answers of one day neither counts, and you are asked."),
    ("", "What cannot be used comes back to you on the list of queries, with its row and what to do."),
)


def reader_key(
    practice: str,
    stamp: RunStamp,
    rows: Mapping[str, int],
    not_listed: int,
    columns: Iterable[ListColumn],
    who: Mapping[str, str],
) -> Lines:
    """Pairs of a word and its meaning. ``practice``: code and name. ``rows``: the lines of each list. ``who``: who is
    on which list and in which order, by the policy."""
    return [
        *([("SYNTHETIC", "not real patients")] if stamp.synthetic else []),
        ("COPD lists", practice),
        ("", stamp.title),
        ("", WARNING),
        ("Data as at", f"{date_in_words_of(stamp.index_date)}; 'in 12 months' counts back from that day"),
        (
            "Dates",
            "an exacerbation has the date of its first day: a stay that belongs to it may begin days later",
        ),
        ("Made on", f"{date_in_words_of(stamp.as_of)}, run {stamp.run_id}"),
        ("Policy", stamp.policy),
        ("Risk model", stamp.model),
        ("", ""),
        ("Lists", "a list without lines means that nobody is on it today"),
        *((TITLES[name], f"{_lines(rows[name])} today, {_PURPOSE[name]}") for name in LISTS),
        (
            "Worklist",
            "a file of its own: what is due after an exacerbation; code what was done, it need not be returned",
        ),
        ("Not listed", f"{not_listed} of the register (palliative care, or declined), counted only"),
        ("", ""),
        ("Who is where", "the first that holds, by the policy"),
        *((TITLES.get(name, RANK.heading), words) for name, words in who.items()),
        ("", ""),
        *_HOW_TO_ANSWER,
        ("", ""),
        ("Words", ""),
        *((column.heading, column.meaning) for column in [*_shown(columns), WHY, MISSING_OR_NEW]),
    ]


def _shown(columns: Iterable[ListColumn]) -> list[ListColumn]:
    made_into_one = ("why_1", "why_2", "why_3", "data_warning")
    return [c for c in columns if not c.hidden and c.name not in made_into_one]


def _lines(rows: int) -> str:
    return f"{rows} line" if rows == 1 else f"{rows} lines"


def as_text(key: Sequence[tuple[str, str]]) -> str:
    """The same as a page of text."""
    lines = (f"{word}: {meaning}" if word and meaning else word or meaning for word, meaning in key)
    return "\r\n".join([*lines, ""])
