"""An evaluation in sentences, in the order in which they must be read: what could be found, then what was."""

from __future__ import annotations

from collections.abc import Iterator

from copd_strat.evaluation.clinic_effect import Evaluation
from copd_strat.evaluation.discontinuity import Jump


def beforehand(found: Evaluation) -> Iterator[str]:
    """What is known before the sides are compared."""
    asked, design = found.asked, found.design
    stood = "as it stood when the places were given" if found.asked_before else "not what stood then"
    yield (
        f"Asked ({stood}): {asked.outcome} exacerbations in the 12 months from {found.start}, "
        f"within {asked.bandwidth} ranks of each practice's last place, a fall of {_percent(asked.smallest_effect)}."
    )
    if found.without_clinic is None:
        yield (
            "Without any clinic: not known. Run 'copd-strat backtest' at an index a year or more before the first "
            "places; numbers fall in those chosen for a bad year whatever is done."
        )
    else:
        past = found.without_clinic
        yield (
            f"Without any clinic, exacerbations in those who would have had a place fell by {_percent(past.fall)} "
            f"(from {past.before:.2f} to {past.after:.2f} a person, back-test of {past.index}). A fall of that size "
            "before and after says nothing."
        )
    yield (
        f"{design.people:,} people in {design.practices:,} practices: {design.with_place:,} with a place, "
        f"{design.people - design.with_place:,} next in line, of whom {design.crossed:,} got one later; just next in "
        f"line waited {design.delay.value:.1f} months longer. Left out as not scored: {found.unscored:,}."
    )
    size = _percent(design.smallest_effect) if design.smallest_effect < 10 else "more than the whole"
    yield (
        f"Smallest fall that would be found in 4 of 5 such programmes: {size}. A fall of "
        f"{_percent(asked.smallest_effect)} would be found in {_percent(design.power_of_asked)}."
    )


def conclusion(found: Evaluation) -> Iterator[str]:
    """What was found, or that nothing can be said."""
    if not found.asked_before:
        yield (
            f"No conclusion: as the first places were given, the configuration asked {found.asked_then or 'nothing'}. "
            "A question chosen afterwards can be chosen by its answer. Put programme back to what it was, or set "
            "programme.starts_on to a month after this question was written."
        )
        return
    if found.effect is None:
        yield (
            "No conclusion: too few people, or the next in line waited too short a time. This is no sign that the "
            "clinic does nothing."
        )
        return
    effect = found.effect
    yield (
        f"A month without a place cost {effect.a_month:+.3f} exacerbations a person. A year of clinic without delay: "
        f"a fall of {_percent(effect.fall)} ({_percent(effect.fall_lower)} to {_percent(effect.fall_upper)}), "
        f"{'which chance does not explain' if effect.outcome.differs else 'which may be chance'}."
    )
    for name, one in found.balance.items():
        yield f"Balancing measure, {name.replace('_', ' ')}: next in line {_more(one)} a person."


def _more(one: Jump) -> str:
    lower, upper = one.interval
    return f"{one.value:+.2f} ({lower:+.2f} to {upper:+.2f})"


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"
