"""What an indicator counts: one query each, ``indicators/sql/<indicator_id>.sql``.

A query gives one row an event: ``patient_id``, ``day`` (any day of the month it counts in) and ``n``. Those
of the cohort ``register`` read tables of the clinical room, those of ``placed`` read ``summary_snapshots``.
The totals of the two cohorts have no query: the people themselves are counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import pandas as pd

from copd_strat.engine import Engine, literal, packaged_sql
from copd_strat.summary.cube import COHORTS, indicators

# 24 months of 1.4 million people, two years of quarters among them, did not fit into 1 GB at once.
_PEOPLE_TIMES_MONTHS = 5_000_000


def count_events(engine: Engine, months: Sequence[date]) -> None:
    """Make ``monthly_events`` for ``months``, each given by its first day.

    Columns: month, patient_id, indicator, n (n >= 1). Needs the tables of ``clinical.build``.
    People who have died or left since are in it.
    """
    engine.create_table(
        "monthly_events",
        "SELECT CAST(NULL AS DATE) AS month, '' AS patient_id, '' AS indicator, CAST(0 AS BIGINT) AS n WHERE FALSE",
    )
    # Some months and one indicator after the other, so that little memory will do however many people there are.
    at_once = max(1, _PEOPLE_TIMES_MONTHS // (1 + int(engine.scalar("SELECT count(*) FROM people"))))
    for first in range(0, len(months), at_once):
        _count_events_of(engine, months[first : first + at_once])


def _count_events_of(engine: Engine, months: Sequence[date]) -> None:
    engine.register_frame("month_starts", pd.DataFrame({"month": pd.to_datetime(list(months))}))
    engine.create_table(
        "summary_months",
        "SELECT CAST(month AS DATE) AS month, CAST(month + INTERVAL 1 MONTH AS DATE) AS next_month"
        " FROM month_starts",
    )
    for shared in ("quarter_end_care", "readmissions"):  # what several indicators read
        engine.create_view(shared, packaged_sql("summary", shared))
    for indicator, query in _queries("register").items():
        engine.execute(f"""
            INSERT INTO monthly_events
            SELECT months.month, events.patient_id, {literal(indicator)}, CAST(sum(events.n) AS BIGINT)
            FROM summary_months AS months
            INNER JOIN ({query}) AS events ON events.day >= months.month AND events.day < months.next_month
            GROUP BY months.month, events.patient_id""")


def events_of_people(engine: Engine) -> None:
    """Make ``summary_events``: cohort, month, patient_id, indicator, n, for the months of ``summary_due``.

    Needs ``monthly_events`` and ``summary_snapshots``.
    """
    placed = "\nUNION ALL\n".join(
        f"SELECT patient_id, day, n, {literal(name)} AS indicator FROM (\n{query}\n)"
        for name, query in _queries("placed").items()
    )
    engine.create_table(
        "placed_events",
        f"SELECT day AS month, patient_id, indicator, CAST(n AS BIGINT) AS n FROM ({placed}) AS events",
    )
    engine.create_view(
        "summary_events",
        """
        SELECT 'register' AS cohort, events.month, events.patient_id, events.indicator, events.n
        FROM monthly_events AS events
        INNER JOIN summary_due AS due ON due.month = events.month
        UNION ALL
        SELECT 'placed' AS cohort, month, patient_id, indicator, n FROM placed_events""",
    )


def _queries(cohort: str) -> dict[str, str]:
    """Indicator → query, of a cohort's indicators."""
    declared = indicators()
    wanted = declared.index[(declared["cohort"] == cohort) & (declared.index != COHORTS[cohort])]
    return {name: packaged_sql("summary.indicators", name) for name in wanted}
