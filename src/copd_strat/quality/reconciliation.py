"""Do the counts add up? Every row from file to table, every patient from register to list.

Each pair of counts compared here comes from two different ways of counting, so that a fault in one of them
cannot hide itself: rows in are counted by another reader than the one that loads (``extracts``), lists are
counted back from the written files (``lists``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date

import pandas as pd

from copd_strat.engine import Engine, packaged_sql, render
from copd_strat.extracts.receipts import TableReceipt
from copd_strat.quality.findings import RuleResult, SuiteResult
from copd_strat.quality.gate_rules import (
    EVENTS_IN_THEIR_MONTH,
    FIGURES_ADD_UP,
    PATIENTS_ADD_UP,
    PUBLISHED_AS_DECLARED,
    RELATIONS_ADD_UP,
    ROWS_ADD_UP,
    SEEN_IN_ROWS,
    STATUS_HELD,
    VALUES_FOLLOW,
    GateRule,
)

# practice → disposition → how many
ByDisposition = Mapping[str, Mapping[str, int]]
# Both rules of disclosure control give counts to the nearest 5.
MOST_ROUNDED = 2
# Values have four decimals.
LEAST_TOLD = 1e-4


def rows_add_up(receipts: Iterable[TableReceipt]) -> SuiteResult:
    """Rows in = loaded + quarantined + duplicates, for every file."""
    results = [
        proof_result(
            ROWS_ADD_UP,
            f"{receipt.layout}.{receipt.table}: {file.name}",
            {
                "rows_in": file.rows_in,
                "loaded": file.loaded,
                "quarantined": file.quarantined,
                "duplicates": file.duplicates,
            },
            success=file.rows_in == file.loaded + file.quarantined + file.duplicates,
        )
        for receipt in receipts
        for file in receipt.files
    ]
    return SuiteResult(name="rows of every file", results=tuple(results))


def relations_add_up(rows: Mapping[str, int], accepted: Mapping[str, int]) -> SuiteResult:
    """No canonical table (its ``rows``) has more rows than the accepted rows of the tables that feed it."""
    results = [
        proof_result(
            RELATIONS_ADD_UP,
            relation,
            {"rows": count, "accepted_rows": accepted[relation]},
            success=count <= accepted[relation],
        )
        for relation, count in rows.items()
    ]
    return SuiteResult(name="rows of every canonical table", results=tuple(results))


def statuses_held(engine: Engine, as_of: date) -> SuiteResult:
    """The register against the accepted rows: nobody dead or too young, nothing seen where no row is."""
    counts = render(packaged_sql("quality", "held_statuses"), {"as_of": as_of})
    ((dead, young, observable, in_hospital),) = engine.rows(counts)
    held = proof_result(
        STATUS_HELD, "register", {"dead": dead, "under_35": young}, success=not dead and not young
    )
    seen = proof_result(
        SEEN_IN_ROWS,
        "hospital_episodes",
        {"severe_observable": observable, "patients_with_hospital_records": in_hospital},
        success=bool(in_hospital) or not observable,
    )
    return SuiteResult(name="statuses of the register", results=(held, seen))


def patients_add_up(
    register: int, dispositions: Mapping[str, int], placed: ByDisposition, listed: ByDisposition
) -> SuiteResult:
    """Register = sum of dispositions, and by practice each list has a row for each of its patients.

    ``register`` is counted in the engine, before any patient is placed, ``listed`` in the written files.
    ``placed`` are the patients that belong on lists.
    """
    total = sum(dispositions.values())
    whole = proof_result(
        PATIENTS_ADD_UP,
        "register",
        {"register": register, "dispositions": total},
        success=register == total,
    )
    return SuiteResult(name="patients", results=(whole, *_lists_add_up(placed, listed)))


def published_as_declared(facts: pd.DataFrame, practices: Mapping[date, int]) -> SuiteResult:
    """Figures for commissioners as a reader finds them, against what they declare of themselves.

    facts: the published ``fact_indicator``. practices: month → practices with people on its register, counted in
    the engine. Both rules of disclosure control hide 1 to 7 and round to 5: nothing between 0 and 10 is left.
    """
    months = facts[facts["period_type"] == "month"]
    shown = pd.concat([facts["numerator"], facts["denominator"]]).dropna()
    starts = pd.PeriodIndex(pd.to_datetime(months["period_start"]).unique(), freq="M")
    gaps = 0 if starts.empty else (starts.max() - starts.min()).n + 1 - len(starts)
    at_practices = months[months["org_key"].str.startswith("practice:")]
    every = months["period_start"].unique()
    there = at_practices.groupby("period_start")["org_key"].nunique().reindex(every, fill_value=0)
    lacking = sum(count > there[month] for month, count in practices.items() if month in there.index)
    observed: dict[str, float] = {
        "below_10": int(((shown > 0) & (shown < 10)).sum()),
        "not_multiples_of_5": int((shown % 5 != 0).sum()),
        "months_lacking": int(gaps),
        "months_that_lack_practices": int(lacking),
    }
    result = proof_result(
        PUBLISHED_AS_DECLARED, "fact_indicator", observed, success=not any(observed.values())
    )
    return SuiteResult(name="figures for commissioners", results=(result,))


def figures_add_up(facts: pd.DataFrame, engine: Engine) -> SuiteResult:
    """Figures of boards against the events of everybody on the register, counted at once and by no place.

    facts: the published ``fact_indicator``. Of months counted tonight, and of quarters and years made of these alone.
    A revised figure may be lower: a practice that nobody knew at first stays out of it (docs/summary.md).
    """
    boards = facts[
        facts["org_key"].str.startswith("icb:")
        & (facts["breakdown_type"] == "all")
        & facts["is_latest"].astype(bool)
    ]
    # dispositions are counted on the nights alone that close a month
    queries = ["register_months", *(["placed_months"] if engine.has_table("summary_snapshots") else [])]
    found = [come for query in queries for come in _figures_that_come(boards, engine, query)]
    observed = {"figures": len(found), "figures_that_differ": found.count(False)}
    result = proof_result(FIGURES_ADD_UP, "fact_indicator", dict(observed), success=all(found))
    return SuiteResult(name="figures of boards", results=(result,))


def _figures_that_come(boards: pd.DataFrame, engine: Engine, query: str) -> Iterator[bool]:
    """Of every period and indicator of ``boards`` that ``query`` counts in all its months: does it come to that?"""
    rows = engine.rows(packaged_sql("quality", query))
    counted = {(month, name): int(n) for month, name, n in rows}
    months, names = ({row[place] for row in rows} for place in (0, 1))
    own = boards[boards["indicator_id"].isin(names)]
    for (start, end, name), figures in own.groupby(["period_start", "period_end", "indicator_id"]):
        period = pd.date_range(str(start), str(end), freq="MS").date
        if months.issuperset(period):
            yield _come_to(figures, sum(counted.get((month, name), 0) for month in period))


def _come_to(boards: pd.DataFrame, n: int) -> bool:
    """Whether the rounded figures of one indicator and period can be parts of ``n``, or all of it if all are shown."""
    shown, slack = boards["numerator"].dropna(), MOST_ROUNDED * len(boards)
    total = float(shown.sum())
    whole = len(shown) == len(boards) and bool((boards["revision"] == 0).all())
    return total <= n + slack and (not whole or total >= n - slack)


def events_in_their_month(engine: Engine) -> SuiteResult:
    """Every exacerbation in the month of its first day, once: all events are given to months by one step."""
    differing = engine.rows(packaged_sql("quality", "exacerbation_months"))
    result = proof_result(
        EVENTS_IN_THEIR_MONTH,
        "monthly_events",
        {"months_that_differ": len({row[0] for row in differing})},
        success=not differing,
    )
    return SuiteResult(name="events by month", results=(result,))


def values_follow(facts: pd.DataFrame, indicators: pd.DataFrame) -> SuiteResult:
    """Each published value against its own counts; facts, indicators: ``fact_indicator`` and ``dim_indicator``."""
    declared = indicators.set_index("indicator_id")
    own = declared.reindex(facts["indicator_id"])
    alone = own["kind"].eq("count").to_numpy()
    given = facts["numerator"] / facts["denominator"].where(~alone, 1.0)
    value, given = facts["value"], given * own["multiplier"].to_numpy(dtype=float)
    # of a group whose number was released earlier there can be more than everybody, which no limit reaches
    reached = facts["numerator"] <= facts["denominator"]
    below, above = facts["ci_lower"] - value > LEAST_TOLD, reached & (value - facts["ci_upper"] > LEAST_TOLD)
    observed = {
        "values_that_differ": int(((value - given).abs() > LEAST_TOLD).sum()),
        "values_outside_their_limits": int((below | above).sum()),
    }
    result = proof_result(VALUES_FOLLOW, "fact_indicator", dict(observed), success=not any(observed.values()))
    return SuiteResult(name="rates and percentages", results=(result,))


def practices_by_month(engine: Engine) -> dict[date, int]:
    """Month → practices with people on its register, of the months that were counted tonight."""
    counted = "SELECT month, count(DISTINCT practice_id) FROM monthly_register GROUP BY month"
    return dict(engine.rows(counted))


def _lists_add_up(placed: ByDisposition, listed: ByDisposition) -> Iterator[RuleResult]:
    for name in sorted({name for lists in (*placed.values(), *listed.values()) for name in lists}):
        pairs = {
            practice: (placed.get(practice, {}).get(name, 0), listed.get(practice, {}).get(name, 0))
            for practice in placed.keys() | listed.keys()
        }
        patients, rows = (sum(pair[place] for pair in pairs.values()) for place in (0, 1))
        differing = sum(patients != rows for patients, rows in pairs.values())
        yield proof_result(
            PATIENTS_ADD_UP,
            f"list {name}",
            {"patients": patients, "list_rows": rows, "practices_that_differ": differing},
            success=differing == 0,
        )


def proof_result(rule: GateRule, subject: str, observed: dict[str, float], *, success: bool) -> RuleResult:
    """What one proof found; where it fails the night stops."""
    return RuleResult(
        code=rule.code,
        table=subject,
        level="fail",
        success=success,
        description=rule.description,
        fix=rule.fix,
        observed=observed,
    )
