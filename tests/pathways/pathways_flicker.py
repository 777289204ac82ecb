"""Thirty nights over a drifting synthetic population: names that leave the clinic list and soon return.

Run as a script it draws docs/figures/flicker.svg.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
from pathways_population import ORDINARY, typed

from copd_strat.pathways import Policy, assign, load_policy
from copd_strat.pathways.policy import StayOn

NIGHTS, PATIENTS, SOON = 30, 400, 7
START = date(2026, 3, 2)


@dataclass(frozen=True)
class Flicker:
    """``returned``: names back within a week of leaving, summed up by night; ``listed``: names a night."""

    returned: list[int]
    listed: list[int]


def drifting_risks(seed: int = 20) -> np.ndarray:
    """Risks, shape (nights, patients): each walks a little, as codes arrive and age out."""
    rng = np.random.default_rng(seed)
    start = np.log(rng.beta(2, 12, PATIENTS))
    steps = rng.normal(0, 0.05, (NIGHTS, PATIENTS)).cumsum(axis=0)
    return np.clip(np.exp(start + steps), 0.001, 0.95)


def bare_threshold(policy: Policy) -> Policy:
    """The same policy without staying on."""
    at_once = StayOn(for_days=0, leave_when=policy.self_management.when, means="not at all")
    return policy.model_copy(update={"stay_on": at_once})


def simulate(policy: Policy) -> Flicker:
    frame = pd.DataFrame({name: [value] * PATIENTS for name, value in ORDINARY.items()})
    frame["patient_id"] = [f"S{n:04d}" for n in range(PATIENTS)]
    frame["practice_id"] = [f"A8100{n % 3}" for n in range(PATIENTS)]
    previous, lists = None, []
    for night, risks in enumerate(drifting_risks()):
        register = typed(frame.assign(risk_severe_12m=risks))
        result = assign(register, policy, as_of=START + timedelta(days=night), previous=previous)
        previous = result.history
        listed = result.patients
        lists.append(set(listed.loc[listed["disposition"] == "clinic", "patient_id"]))
    return Flicker(returned=_returns(lists), listed=[len(names) for names in lists])


def _returns(lists: list[set[str]]) -> list[int]:
    """Summed up: a name on the list tonight, off it last night, on it in the week before."""
    so_far = [0]
    for night in range(1, len(lists)):
        week = set().union(*lists[max(0, night - SOON) : night - 1], set())
        so_far.append(so_far[-1] + len((lists[night] - lists[night - 1]) & week))
    return so_far


def draw(bare: Flicker, stay_on: Flicker, path: Path) -> None:
    """Two curves as a small SVG, readable without colour."""
    top = max(bare.returned[-1], 1)
    x: Callable[[int], float] = lambda night: 60 + night * 520 / (NIGHTS - 1)  # noqa: E731
    y: Callable[[int], float] = lambda count: 250 - count * 210 / top  # noqa: E731

    def curve(values: list[int], dash: str) -> str:
        points = " ".join(f"{x(night):.1f},{y(value):.1f}" for night, value in enumerate(values))
        return f'<polyline points="{points}" fill="none" stroke="#003087" stroke-width="2.5"{dash}/>'

    lines = [
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 760 300" font-family="sans-serif">',
        "<title>Names that left the clinic list and returned within 7 days, summed over 30 nights</title>",
        '<rect width="760" height="300" fill="white"/>',
        '<text x="60" y="22">Names that left the clinic list and returned within 7 days (synthetic)</text>',
        f'<path d="M60 {y(0)} H580 M60 {y(0)} V{y(top)}" stroke="#425563" fill="none"/>',
        f'<text x="50" y="{y(top) + 4}" text-anchor="end">{top}</text>',
        f'<text x="50" y="{y(0) + 4}" text-anchor="end">0</text>',
        '<text x="60" y="275">night 1</text><text x="580" y="275" text-anchor="end">night 30</text>',
        curve(bare.returned, ""),
        curve(stay_on.returned, ' stroke-dasharray="7 5"'),
        f'<text x="588" y="{y(bare.returned[-1]) + 4}">bare threshold: {bare.returned[-1]}</text>',
        f'<text x="588" y="{y(stay_on.returned[-1]) + 4}">with stay-on: {stay_on.returned[-1]}</text>',
        "</svg>",
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    default = load_policy("risk_and_rules")
    figure = Path(__file__).parents[2] / "docs" / "figures" / "flicker.svg"
    draw(simulate(bare_threshold(default)), simulate(default), figure)
