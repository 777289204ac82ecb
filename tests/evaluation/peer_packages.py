"""Do packages of others say the same of the same people?

    python tests/evaluation/peer_packages.py PYTHON            # compares; PYTHON has peer_requirements.txt
    python tests/evaluation/peer_packages.py PYTHON --write    # keeps what they say for the tests

The people are simulated from seeds. The packages live in an environment of their own (``make peers``); what they
said is kept in peer_figures.json, which the tests hold against the program each time.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from copd_strat.evaluation import measures
from copd_strat.evaluation.censoring import follow_up_weights
from copd_strat.evaluation.measures import Trial, fit_logistic, of_log_rate, share_of

HERE = Path(__file__).parent
FIGURES = HERE / "peer_figures.json"
HORIZON, PEOPLE, AGREED = 365, 300, 1e-9
THRESHOLDS = np.array([0.05, 0.1, 0.25, 0.4])
Figures = dict[str, list[float]]


def worlds() -> dict[str, pd.DataFrame]:
    """People by who is lost: their prediction, and the day and kind of what came first, however late."""
    return {
        "nobody is lost": _world(1, ("event",)),
        "some are lost": _world(2, ("event", "left")),
        "some are lost, several on one day": _world(3, ("event", "left"), distinct=False),
        "some die": _world(4, ("event", "left", "death")),
        "some die, several on one day": _world(5, ("event", "left", "death"), distinct=False),
    }


def _world(seed: int, kinds: tuple[str, ...], *, distinct: bool = True) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    predicted = rng.beta(1.5, 4, PEOPLE).clip(0.01, 0.95).round(6)
    scale = {"event": 400 / (0.2 + 2 * predicted), "left": 700, "death": 1200}
    times = np.column_stack([rng.exponential(scale[kind], PEOPLE) for kind in kinds])
    days = np.ceil(times.min(axis=1) / 30) * 30 + 5  # 365 is one of them
    if distinct:  # in the same order, but never two on one day; the horizon itself is left free
        order = times.min(axis=1).argsort().argsort()
        days = np.sort(rng.choice(np.setdiff1d(np.arange(1, 900), [HORIZON]), PEOPLE, replace=False))[order]
    ended_by = np.array(kinds)[times.argmin(axis=1)]
    return pd.DataFrame({"predicted": predicted, "days": days.astype(int), "ended_by": ended_by})


def trial_of(people: pd.DataFrame) -> Trial:
    """As the back-test sees them: until the horizon. Who leaves on its day was followed to it."""
    days, ended_by = people["days"].to_numpy(dtype=float), people["ended_by"]
    event = ((ended_by == "event") & (days <= HORIZON)).to_numpy(dtype=bool)
    lost = ((ended_by == "left") & (days < HORIZON)).to_numpy(dtype=bool)
    weight = follow_up_weights(np.minimum(days, HORIZON), ~lost)
    predicted = people["predicted"].to_numpy(dtype=float)
    return Trial(predicted=predicted, event=event, weight=weight, chosen=np.zeros(len(people)))


def own_figures(people: pd.DataFrame) -> Figures:
    """Everything that some package says, by the program."""
    trial = trial_of(people)
    observed = share_of(trial.event.astype(float), trial.weight)
    slope, intercept = measures.calibration_slope(trial), measures.calibration_intercept(trial)
    log_rate = np.log(-np.log1p(-trial.predicted))
    design = np.column_stack([np.ones(len(log_rate)), log_rate])
    line = fit_logistic(design, trial.event, trial.weight, link=of_log_rate)
    benefit, everybody = measures.net_benefit(trial, THRESHOLDS)
    return {
        "observed": [observed.value],
        "O/E": [measures.oe_ratio(trial).value],
        "calibration slope, its error": [slope.value, (slope.upper - slope.value) / measures.Z],
        "calibration intercept, its error": [
            intercept.value,
            (intercept.upper - intercept.value) / measures.Z,
        ],
        "intercept and slope on ln(rate)": [] if line is None else line.coefficients.tolist(),
        "c-statistic": [measures.c_statistic(trial).value],
        "Brier score": [measures.brier(trial).value],
        "Wilson's interval": [observed.lower, observed.upper],
        "net benefit": benefit.tolist(),
        "net benefit for everybody": everybody.tolist(),
    }


def differences(theirs: dict[str, dict[str, Figures]]) -> Iterator[str]:
    """Where a package says something else than the program, or says nothing of a world."""
    for name, people in worlds().items():
        own = own_figures(people)
        if not theirs.get(name):
            yield f"{name}: no package speaks of it"
        for figure, packages in theirs.get(name, {}).items():
            for package, values in packages.items():
                if len(values) != len(own[figure]) or not np.allclose(
                    values, own[figure], rtol=0, atol=AGREED
                ):
                    yield f"{name}, {figure}: {own[figure]} here, {values} by {package}"


def said_by_packages(python: str) -> dict[str, dict[str, Figures]]:
    with tempfile.TemporaryDirectory() as folder:
        for name, people in worlds().items():
            people.to_csv(Path(folder) / f"{name}.csv", index=False)
        done = subprocess.run(
            [python, str(HERE / "peer_side.py"), folder], check=True, capture_output=True, text=True
        )
    return dict(json.loads(done.stdout))


def main(python: str, *, write: bool) -> int:
    theirs = said_by_packages(python)
    if write:
        FIGURES.write_text(json.dumps(theirs, indent=1) + "\n", encoding="utf-8")
    faults = list(differences(theirs))
    if theirs != json.loads(FIGURES.read_text(encoding="utf-8")):
        faults.append(f"{FIGURES.name} is not what they say now: look at it, then --write")
    compared = sum(len(packages) for world in theirs.values() for packages in world.values())
    print(f"{compared} figures of {len(theirs)} worlds, to {AGREED:g}")
    print("\n".join(faults) or "no difference")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], write="--write" in sys.argv[2:]))
