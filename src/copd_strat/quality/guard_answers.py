"""The run guard on tables that people keep by hand: they may grow and shrink, but what counted may not be lost.

Whoever declined and whose answer is gone comes back on a list, and no total of the extracts shows it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from typing import Any

from copd_strat.config import GuardSettings
from copd_strat.engine import Engine, packaged_sql, render
from copd_strat.extracts.receipts import TableReceipt
from copd_strat.quality.findings import Finding
from copd_strat.quality.guard_findings import fixed_limit, told_only

# Kept by people, list by list: these tables grow and shrink with their work.
HAND_MADE = ("decisions", "local_flags")
# Practice → month → answers.
Answers = Mapping[str, Mapping[str, int]]
# The shipped policies let an answer hold for 182 days: older ones place nobody and may be thrown away.
_HOLDS = timedelta(days=182)
# A few answers may be withdrawn by hand; so many are no withdrawal (project choice, docs/decisions.md §61).
FEWEST_LOST = 5
_SHOWN = 5


def count_answers(engine: Engine, as_of: date) -> Answers:
    """Answers of ``decisions`` that may still hold, by practice and month of their date, in whole months."""
    first = (as_of - _HOLDS).replace(day=1)
    counts: dict[str, dict[str, int]] = {}
    for practice, month, answers in engine.rows(
        render(packaged_sql("quality", "guard_answers"), {"first": first, "as_of": as_of})
    ):
        counts.setdefault(practice, {})[month] = answers
    return counts


def rows_by_hand(receipts: Iterable[TableReceipt]) -> dict[str, int]:
    """Accepted rows of each table that people keep by hand, by ``layout.table``."""
    rows: dict[str, int] = {}
    for one in receipts:
        if one.table in HAND_MADE:
            name = f"{one.layout}.{one.table}"
            rows[name] = rows.get(name, 0) + one.totals["loaded"]
    return rows


def lost_by_hand(
    answers: Answers,
    by_hand: Mapping[str, int],
    last: Mapping[str, Any],
    settings: GuardSettings,
    as_of: date,
) -> Iterator[Finding]:
    """Tables kept by hand that had rows in the last run and have none tonight, and answers that are gone."""
    gone = [name for name, rows in (last.get("by_hand") or {}).items() if rows and not by_hand.get(name)]
    for table in gone:
        rows = last["by_hand"][table]
        yield fixed_limit(
            "GRD19",
            "a table that people keep by hand is gone",
            table,
            f"{table} had {rows:,} row(s) last night and has none tonight: people who declined would come back on"
            " the lists, and what practices said of their people would be forgotten",
            settings,
            {"last_night": rows, "tonight": 0},
        )
    lost = dict(_lost_answers(answers, last.get("answers") or {}, as_of))
    if lost and not any(table.endswith(".decisions") for table in gone):
        yield _answers_lost(lost, settings)


def _lost_answers(answers: Answers, before: Answers, as_of: date) -> Iterator[tuple[tuple[str, str], int]]:
    """How many answers of a practice's month are no longer there; months whose answers hold no more are passed."""
    first = f"{as_of - _HOLDS:%Y-%m}"
    for practice, months in before.items():
        for month, earlier in months.items():
            missing = earlier - answers.get(practice, {}).get(month, 0)
            if month >= first and missing > 0:
                yield (practice, month), missing


def _answers_lost(lost: Mapping[tuple[str, str], int], settings: GuardSettings) -> Finding:
    number = sum(lost.values())
    told = [f"practice {practice} in {month}: {count:,}" for (practice, month), count in lost.items()]
    more = f"; and {len(told) - _SHOWN} more" if len(told) > _SHOWN else ""
    cause, sentence = (
        "answers of practices are gone",
        f"decisions: {number:,} answer(s) that counted last night are not there tonight"
        f" ({'; '.join(told[:_SHOWN])}{more}): people who declined would come back on the lists",
    )
    if number < FEWEST_LOST:
        return told_only("GRD19", cause, "decisions", sentence, {"lost": number})
    return fixed_limit("GRD19", cause, "decisions", sentence, settings, {"lost": number})
