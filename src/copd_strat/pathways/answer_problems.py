"""What can be wrong with an answer on a returned list, and what its author can do about it.

The words stand in the ``decisions`` table behind the place of the answer, and on the practice's list of queries.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

# A refused answer stands on the practice's list of queries for a quarter, then the list is free of it.
_A_QUARTER = timedelta(days=92)
# What asks for nothing but to be known is told for as long as it takes to read a month's lists.
_FOUR_WEEKS = timedelta(days=28)


@dataclass(frozen=True)
class AnswerProblem:
    """``words``: the cause, as it is told. ``please``: what settles it. ``beside``: told beside an answer of the same
    line, or about a line that holds none, so that only an answer on a later list settles it. ``told_for``: how long
    the list of queries has it."""

    words: str
    please: str
    beside: bool = False
    told_for: timedelta = _A_QUARTER


_ON_TODAYS_ROW = "on the row of that person in today's list"
_DAY_FIRST = "day first, as in 12/3/2026 for 12 March"

NO_DECISION = AnswerProblem(
    "a date without a decision", f"Choose a decision {_ON_TODAYS_ROW}, beside the date; or do nothing"
)
NO_REFERENCE = AnswerProblem("no reference, so nobody knows whom it is about", f"Answer {_ON_TODAYS_ROW}")
MISTYPED = AnswerProblem(
    "the reference is mistyped, its check character does not fit",
    f"Answer {_ON_TODAYS_ROW}; the reference there need not be typed",
)
ANOTHER_PRACTICE = AnswerProblem(
    "the reference is another practice's",
    "Check whose list this was; answer about your own patient on the row of today's list",
)
TYPED_OVER = AnswerProblem(
    "the reference was typed over another person's",
    f"Answer {_ON_TODAYS_ROW}, and leave the references as they are",
)
UNKNOWN_LIST = AnswerProblem(
    "the list's hidden columns are gone, so it cannot be said which list this was",
    "Answer on a fresh copy of today's list, and return it with all its columns",
)
NOT_USED_HERE = AnswerProblem(
    "a decision has no effect on this list",
    "Nothing to answer: what you code in the record moves the name. Only a reason without a decision is kept from here",
    told_for=_FOUR_WEEKS,
)
UNKNOWN_WORD = AnswerProblem(
    "not a known decision",
    f"Choose accepted, declined, already known or wrong {_ON_TODAYS_ROW}: a refusal is declined; other words go under"
    " Reason; a death or a move is coded in the record",
)
UNREADABLE_DATE = AnswerProblem(
    "the date cannot be read", f"Type decision and date {_ON_TODAYS_ROW}, {_DAY_FIRST}"
)
DATE_AHEAD = AnswerProblem(
    "the date lies after the day of return",
    f"Type decision and the day you decided {_ON_TODAYS_ROW}, {_DAY_FIRST}",
)
DATE_LONG_AGO = AnswerProblem(
    "the date lies long before the list was printed",
    f"Type decision and the day you decided {_ON_TODAYS_ROW}, {_DAY_FIRST}",
)
NAMES_SOMEBODY = AnswerProblem(
    "the reason may identify somebody, so it was not kept for the run",
    "The decision counts. If the reason matters, type it again under Reason without number, address or telephone",
    beside=True,
    told_for=_FOUR_WEEKS,
)
OUTSIDE = AnswerProblem(
    "typed outside the columns for answers",
    f"If it matters, type it under Reason {_ON_TODAYS_ROW}; what was done is coded in the record",
    beside=True,
    told_for=_FOUR_WEEKS,
)
DATE_UNDER_REASON = AnswerProblem(
    "a date stands under Reason",
    f"If it is the day of the decision, type both again {_ON_TODAYS_ROW}, the day under Date",
    beside=True,
    told_for=_FOUR_WEEKS,
)
DECISION_UNDER_REASON = AnswerProblem(
    "a decision stands under Reason and was kept as a note only",
    f"If it is your decision, choose it under Decision {_ON_TODAYS_ROW}",
    beside=True,
    told_for=_FOUR_WEEKS,
)
TWO_ANSWERS = AnswerProblem(
    "two different answers of one day",
    f"Answer {_ON_TODAYS_ROW}, with today's date; until then neither counts",
)
PROBLEMS = (
    NO_DECISION, NO_REFERENCE, MISTYPED, ANOTHER_PRACTICE, TYPED_OVER, UNKNOWN_LIST, NOT_USED_HERE, UNKNOWN_WORD,
    UNREADABLE_DATE, DATE_AHEAD, DATE_LONG_AGO, NAMES_SOMEBODY, OUTSIDE, DATE_UNDER_REASON, DECISION_UNDER_REASON,
    TWO_ANSWERS,
)  # fmt: skip
# for a table that another program or a hand has written
OTHER = AnswerProblem("refused when it came back", f"Answer again {_ON_TODAYS_ROW}")


def problem_told(text: str) -> AnswerProblem:
    """The problem that ``text`` tells behind the place of the answer; of several words the first ones count, since
    what somebody wrote follows the cause."""
    places = {text.find(problem.words): problem for problem in PROBLEMS if problem.words in text}
    return places[min(places)] if places else OTHER
