"""How a cause is told: what was seen, tonight's figure beside the one it is compared with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import ceil

from copd_strat.quality.findings import RuleResult, number_text
from copd_strat.quality.guard_changes import Movement
from copd_strat.quality.guard_rules import GUARD_RULES

# So many of a kind are named in a sentence; the page's tables hold all.
_NAMED = 5
# Files that make so much of a change are what changed.
_MOST = 0.9
# A table that lost so much of what its missing files held has lost them; else their rows came in other files.
_MISSING_ROWS = 0.5


@dataclass(frozen=True)
class ChangedFile:
    """A file's rows last night and tonight; None where it was not there."""

    name: str
    before: int | None
    now: int | None

    def lost_more_than(self, share: float) -> bool:
        """Whether more than ``share`` of last night's rows are gone."""
        return self.before is not None and (self.now or 0) < (1 - share) * self.before

    @property
    def words(self) -> str:
        if self.now is None:
            return f"file {self.name} is missing tonight ({self.before:,} rows last night)"
        if self.before is None:
            return f"file {self.name} is new ({self.now:,} rows)"
        return f"file {self.name} has {self.now:,} rows tonight, {self.before:,} last night"


def changed_files(before: Mapping[str, int], now: Mapping[str, int]) -> list[ChangedFile]:
    """Files that make most of a table's change, largest first: together at least nine tenths of it."""
    files = sorted(_paired(before, now), key=lambda file: -abs((file.now or 0) - (file.before or 0)))
    total = sum(abs((file.now or 0) - (file.before or 0)) for file in files)
    kept: list[ChangedFile] = []
    covered = 0
    for file in files:
        if covered >= _MOST * total:
            break
        covered += abs((file.now or 0) - (file.before or 0))
        kept.append(file)
    return kept


def gone_files(before: Mapping[str, int], now: Mapping[str, int]) -> list[ChangedFile]:
    """Files of last night without a counterpart tonight; none where as many came, or most of their rows did.

    Where a sender dates the names, nothing tells which of them it is: then all of last night's are given. Rows
    that are here all the same came in fewer, larger files.
    """
    fewer = len(before) - len(now)
    if fewer <= 0:
        return []
    gone = [name for name in sorted(before) if name not in now]
    share = min(1.0, fewer / len(gone))
    missing = share * sum(before[name] for name in gone)
    if not missing or sum(before.values()) - sum(now.values()) < _MISSING_ROWS * missing:
        return []
    return [ChangedFile(name, before[name], None) for name in gone]


def gone_files_sentence(movement: Movement, gone: list[ChangedFile]) -> str:
    told = f"{movement.subject} has {_both(movement, 'file(s)')}"
    if len(gone) > movement.before - movement.now:
        names = ", ".join(file.name for file in gone[:_NAMED])
        return f"{told}; last night's that none of tonight's is called like: {names}"
    return f"{told}: {_listed([file.words for file in gone])}; most likely it was not sent, or not copied"


def _paired(before: Mapping[str, int], now: Mapping[str, int]) -> list[ChangedFile]:
    """Files that changed, matched by name; where a sender dates the names, by their order."""
    if not before.keys() & now.keys() and len(before) == len(now):
        pairs = zip(sorted(before), sorted(now), strict=True)
        files = [ChangedFile(new, before[old], now[new]) for old, new in pairs]
    else:
        files = [ChangedFile(name, before.get(name), now.get(name)) for name in sorted({*before, *now})]
    return [file for file in files if file.before != file.now]


def files_sentence(table: str, files: list[ChangedFile]) -> str:
    return f"{table}: {_listed([file.words for file in files])}"


def table_sentence(movement: Movement, files: list[ChangedFile]) -> str:
    told = f"{movement.subject} has {_both(movement, 'accepted rows')}"
    return f"{told}: {_listed([file.words for file in files])}" if files else told


def fault_sentence(results: list[RuleResult]) -> str:
    """'native.gp_events: gp_events.csv: rows in 12,689, loaded 10,877, …' and what should hold."""
    told = [f"{found.table}: {_numbers(found.observed)}" for found in results]
    return f"{results[0].description.rstrip('.')}: {_listed(told)}"


def breach_sentence(results: list[RuleResult]) -> str:
    """The worst broken rule of a column, or of several, with its counts, and how many more rules are broken."""
    worst = max(results, key=lambda found: found.observed.get("share", 0))
    columns = list(dict.fromkeys(found.column for found in results if found.column))
    named = f"column{'s' if len(columns) > 1 else ''} {', '.join(columns)}"
    where = f"{worst.table}, {named}" if columns else worst.table
    others = len({found.code for found in results}) - 1
    also = f"; {others} more rule(s) of it are broken" if others else ""
    return f"{where}: {_observed(worst)}. {worst.description.rstrip('.')} ({worst.code}){also}"


def _observed(found: RuleResult) -> str:
    numbers = found.observed
    if {"breaking", "rows", "share"} <= numbers.keys():
        told = (
            f"{numbers['breaking']:,.0f} of {numbers['rows']:,.0f} rows break its contract"
            f" ({number_text('share', numbers['share'])}"
        )
        allowed = numbers.get("tolerated_rows")
        return f"{told}; {allowed:,.0f} are allowed)" if allowed is not None else f"{told})"
    return _numbers(numbers) or "nothing could be measured, the column may be absent"


def unknown_patients_sentence(results: list[RuleResult]) -> str:
    told = [
        f"{number_text('share', found.observed['share'])} of the rows of {found.table}"
        f" ({found.observed['breaking']:,.0f} of {found.observed['rows']:,.0f})"
        for found in results
    ]
    return f"{_listed(told)} are about people who are not among the patients"


def practices_sentence(found: list[Movement]) -> str:
    return _listed([f"practice {one.practice} has {_both(one, 'patients')}" for one in found])


def _both(one: Movement, unit: str) -> str:
    return f"{one.now:,.0f} {unit} tonight, {one.before:,.0f} last night"


def patients_sentence(movement: Movement, files: list[ChangedFile]) -> str:
    where = f"practice {movement.practice}" if movement.practice else "all practices together"
    told = f"{where}: {_both(movement, 'patients')}"
    return f"{told}; {_listed([file.words for file in files])}" if files else told


def months_sentence(subject: str, found: list[Movement]) -> str:
    """Each month once: against last night where that is known, else against a usual month."""
    by_month: dict[str | None, Movement] = {}
    for movement in found:
        if movement.month not in by_month or movement.code == "GRD07":
            by_month[movement.month] = movement
    told = [
        f"{month}: {one.now:,.0f} records tonight, {one.before:,.0f} "
        f"{'last night' if one.code == 'GRD07' else 'in a usual month'}"
        for month, one in sorted(by_month.items(), key=lambda pair: str(pair[0]))
    ]
    return f"{subject} in {_listed(told)}"


def feeds_sentence(subject: str, found: list[Movement]) -> str:
    told = [
        f"practice {one.practice} sent {one.now:,.0f} records in four weeks, usually {one.before:,.0f}"
        for one in sorted(found, key=lambda one: (one.level != "fail", str(one.practice)))
    ]
    return f"{subject}: {_listed(told)}"


def stale_sentence(found: list[Movement]) -> str:
    if found[0].code == "GRD10":
        return "there is no GP record at all, so nothing tells how old the extract is"
    return f"the latest GP record is {found[0].now:,.0f} days old; {found[0].before:,.0f} days are allowed"


def concepts_sentence(found: list[Movement]) -> str:
    return _listed([f"{one.subject} has {_both(one, 'events')}" for one in _largest(found)])


def dispositions_sentence(found: list[Movement]) -> str:
    return _listed([f"{one.subject} has {_both(one, 'patients')}" for one in _largest(found)])


def guard_fix(codes: Iterable[str]) -> str:
    """What to do, and which key lets through a change that is meant, for comparisons with fixed limits."""
    rules = [GUARD_RULES[code] for code in dict.fromkeys(codes)]
    fixed = [rule.code for rule in rules if rule.threshold == _LET_THROUGH]
    return "; ".join(dict.fromkeys(rule.fix for rule in rules)) + let_through((), fixed)


def let_through(movements: Iterable[Movement], fixed: Iterable[str]) -> str:
    """Every key, with its value, that a night needs to go on where all of this is meant; empty if there is none.

    ``fixed``: codes of comparisons with fixed limits. Of a key that several movements need, the value that lets all
    of them through; what has more than doubled, which no share allows, is let through by its code.
    """
    codes, needed = set(fixed), dict[str, float]()
    for one in movements:
        key = GUARD_RULES[one.code].threshold
        if key == _LET_THROUGH or _more_than_doubled(one):
            codes.add(one.code)
        elif key.startswith("guard."):
            needed[key] = max(needed.get(key, 0), _value(one))
    keys = [f"{key}: {value:g}" for key, value in sorted(needed.items())]
    keys += [f"{_LET_THROUGH}: [{', '.join(sorted(codes))}]"] if codes else []
    return (
        f"; if the change is meant, set {' and '.join(keys)} for one night (docs/run-guard.md)"
        if keys
        else ""
    )


_LET_THROUGH = "guard.let_through"


def _value(one: Movement) -> float:
    """The limit that ``one`` keeps, in whole hundredths: days for an old extract, else a share."""
    if one.code == "GRD01":
        return one.now
    if one.code in ("GRD05", "GRD06"):
        return 0
    return ceil(100 * round(abs(one.now - one.before) / one.before, 6)) / 100


def _more_than_doubled(one: Movement) -> bool:
    return one.code != "GRD01" and one.now > 2 * one.before


def _largest(found: list[Movement]) -> list[Movement]:
    return sorted(found, key=lambda one: (one.level != "fail", -abs(one.now - one.before), one.subject))


def _numbers(numbers: Mapping[str, float]) -> str:
    return ", ".join(
        f"{name.replace('_', ' ')} {number_text(name, value)}" for name, value in numbers.items()
    )


def _listed(told: Iterable[str]) -> str:
    parts = list(told)
    more = f"; and {len(parts) - _NAMED} more" if len(parts) > _NAMED else ""
    return "; ".join(parts[:_NAMED]) + more
