"""What published runs and policies come to, in sentences: for ``runs``, ``diff`` and ``whatif``."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

from copd_strat.cli.terminal import table

if TYPE_CHECKING:
    import pandas as pd

    from copd_strat.pathways import WhatIf
    from copd_strat.publish import PublishedRun

_DISPOSITIONS = ("clinic", "self_management", "clinical_review", "not_listed")
# Kinds of change in the order in which a reader wants them; "first" is a practice's first night.
_MOVES = {
    "new": "new",
    "up": "up to a list of higher need",
    "down": "down to one of lower need",
    "left": "left",
}


def counted(number: int, one: str, many: str = "") -> str:
    """``1 run``, ``12 runs``."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def plain(name: str) -> str:
    return name.replace("_", " ")


def run_sentence(run: PublishedRun) -> str:
    """``run 20260410-… of 2026-04-10: 400 people on the register (102 clinic, …), policy …``"""
    told = run.manifest
    counts = told["dispositions"]
    where = ", ".join(f"{counts[name]:,} {plain(name)}" for name in _DISPOSITIONS)
    register = counted(told["register"], "person", "people")
    return f"run {run.path.name} of {told['as_of']}: {register} on the register ({where}), policy {told['policy']}"


def diff_sentences(runs: Sequence[PublishedRun], moved: pd.DataFrame) -> list[str]:
    """Who moved between two runs: in all, then by practice; a practice's first lists are told as such."""
    before, after = (f"run {run.path.name} of {run.manifest['as_of']}" for run in runs)
    people = moved[moved["kind"].isin(list(_MOVES))]
    firsts = moved[moved["kind"] == "first"]
    head = f"From {before} to {after}: {counted(len(people), 'person', 'people')} moved"
    lines = [f"{head} ({_kinds(people)})." if len(people) else f"{head}."]
    lines += [f"  {practice}: {_kinds(rows)}" for practice, rows in people.groupby("practice_id")]
    lines += [f"  {row.practice_id}: {row.why}, {row.change}" for row in firsts.itertuples()]
    return lines


def _kinds(moved: pd.DataFrame) -> str:
    found = moved["kind"].value_counts()
    return ", ".join(f"{found[kind]:,} {words}" for kind, words in _MOVES.items() if kind in found)


def whatif_text(found: WhatIf, labels: tuple[str, str], as_of: date) -> str:
    """Both policies side by side: who would move, what work it makes, whom it reaches."""
    return "\n".join(
        [
            f"{labels[1]} instead of {labels[0]}, everybody placed anew on {as_of}.",
            "",
            *_moves(found.moves),
            "",
            "What work each makes:",
            *_workload(found.workload, labels),
            "",
            "Looking back (both policies look at the same year, so this shows agreement with the past, not"
            " foresight):",
            *(_severe(row) for _, row in found.severe.iterrows()),
            "",
            "Who is in the clinic tier, of the register:",
            _balance(found.balance, labels),
        ]
    )


def _moves(moves: pd.DataFrame) -> list[str]:
    square = moves.set_index("under_a")
    every = int(square.to_numpy().sum())
    away = [
        (int(number), here, there)
        for here, numbers in zip(square.index.astype(str), square.to_numpy(dtype=int), strict=True)
        for there, number in zip(square.columns.astype(str), numbers, strict=True)
        if here != there and number
    ]
    if not away:
        return [f"Nobody of {counted(every, 'person', 'people')} would be elsewhere."]
    total = sum(number for number, _, _ in away)
    lines = [f"{total:,} of {counted(every, 'person', 'people')} would be elsewhere:"]
    lines += [
        f"  {number:,} from {plain(here)} to {plain(there)}" for number, here, there in sorted(away)[::-1]
    ]
    return lines


def _workload(workload: pd.DataFrame, labels: tuple[str, str]) -> list[str]:
    sums = {label: workload.loc[workload["policy"] == label, list(_WORK_WORDS)].sum() for label in labels}
    lines = [
        f"  {label}: "
        + ", ".join(f"{int(sums[label][name]):,} {words}" for name, words in _WORK_WORDS.items())
        for label in labels
    ]
    now, then = (workload[workload["policy"] == label] for label in labels)
    both = now.merge(then, on="practice_id", suffixes=("_now", "_then")).sort_values("practice_id")
    columns = ["practice_id", *(f"{name}_{side}" for name in _WORK for side in ("now", "then"))]
    rows = both[columns].to_numpy(dtype=object).tolist()
    head = ["practice", *(f"{words} {side}" for words in _SHORT for side in ("now", "then"))]
    return [*lines, "", table(head, rows)]


_WORK = ["clinic", "place_clinic", "place_reserve", "self_management", "clinical_review"]
_SHORT = ("clinic", "places", "reserve", "app", "review")
_WORK_WORDS = {
    "clinic": "in the clinic tier",
    "place_clinic": "of them with a place this month",
    "self_management": "for self-management",
    "clinical_review": "for clinical review",
    "not_listed": "not listed",
}


def _severe(row: pd.Series) -> str:
    share = row["share_in_clinic_tier"]
    inside = f"{row['in_clinic_tier']:,}" + (f" ({100 * share:.0f} %)" if share == share else "")
    unseen = row["patients_not_observable"]
    also = f"; of {counted(unseen, 'person', 'people')} they are not observable" if unseen else ""
    return (
        f"  {row['policy']}: of {counted(row['severe_exacerbations'], 'severe exacerbation')} last year {inside}"
        f" were those of people in the clinic tier, {row['with_place']:,} of people with a place{also}"
    )


def _balance(balance: pd.DataFrame, labels: tuple[str, str]) -> str:
    both = [balance[balance["policy"] == label] for label in labels]
    rows = [
        [
            plain(str(a["dimension"])),
            str(a["group"]).removesuffix(".0"),
            a["register"],
            *(f"{100 * side['clinic_share']:.0f} %" for side in (a, b)),
            *(side["places"] for side in (a, b)),
        ]
        for a, b in zip(*(side.to_dict("records") for side in both), strict=True)
    ]
    return table(["", "group", "register", "clinic now", "clinic then", "places now", "places then"], rows)
