"""Stays as finished consultant episodes, and attendances as ECDS rows: how hospitals write things down.

A stay is split into one to four episodes; the discharge date stands on its last episode only (HES). The
code for the exacerbation may stand first, or fourth in the second episode; other emergencies of people
with COPD name COPD further down, which is no exacerbation (Rothnie 2016, Clin Epidemiol 8:771).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from copd_strat.synthetic.arrow_tables import dates, picked
from copd_strat.synthetic.care_system import PROVIDERS
from copd_strat.synthetic.codes import Bools, Ints, code_of
from copd_strat.synthetic.comorbidities import HOSPITAL_CODES
from copd_strat.synthetic.people import COPD, People
from copd_strat.synthetic.settings import SyntheticSettings
from copd_strat.synthetic.stays import ELECTIVE, EMERGENCY, EXACERBATION, TRANSFER, Attendances, Stays

DIAGNOSES, ED_DIAGNOSES = 20, 12


@dataclass(frozen=True)
class _Pattern:
    """Diagnoses of a stay's first episode and of the later ones; ``J449`` only for people with COPD."""

    share: float
    first: tuple[str, ...]
    later: tuple[str, ...]
    episodes: int = 1


_LOW_IN_SECOND = ("I489", "J960", "N179", "J440")
_PATTERNS: dict[int, tuple[_Pattern, ...]] = {
    EXACERBATION: (
        _Pattern(0.50, ("J440", "J189"), ("J440",)),
        _Pattern(0.10, ("J441", "J960"), ("J441",)),
        _Pattern(0.12, ("J181", "J440"), ("J181", "J440")),
        _Pattern(0.08, ("J22X", "J449"), ("J22X", "J449")),
        _Pattern(0.08, ("J449", "R060"), ("J449",)),
        _Pattern(0.12, ("R060", "J449"), _LOW_IN_SECOND, episodes=2),
    ),
    TRANSFER: (_Pattern(1.0, ("Z501", "J449"), ("Z501", "J449")),),
    EMERGENCY: (
        _Pattern(0.25, ("S720", "W190", "J449"), ("S720", "W190", "J449")),
        _Pattern(0.15, ("I214", "I251", "J449"), ("I214", "J449")),
        _Pattern(0.20, ("N390", "J449"), ("N390", "J449")),
        _Pattern(0.15, ("J181", "J449"), ("J181", "J449")),
        _Pattern(0.25, ("R074", "J449"), ("R074", "J449")),
    ),
    ELECTIVE: (
        _Pattern(0.4, ("H269", "J449"), ("H269", "J449")),
        _Pattern(0.3, ("K409", "J449"), ("K409", "J449")),
        _Pattern(0.3, ("M171",), ("M171",)),
    ),
}  # fmt: skip


@dataclass(frozen=True)
class _Episodes:
    """One entry an episode: position of its stay, order in it from 1, days, and what kind of row it is."""

    stay: Ints
    order: Ints
    start: Ints
    end: Ints
    last: Bools
    unfinished: Bools
    diagnoses: npt.NDArray[np.str_]


def episodes_table(
    settings: SyntheticSettings,
    people: People,
    conditions: dict[str, Ints],
    stays: Stays,
    rng: np.random.Generator,
) -> pa.Table:
    """Canonical ``hospital_episodes``: ICD-10 without dot, three characters padded with X."""
    episodes = _split(settings, people, conditions, stays, rng)
    stay, last, open_ = episodes.stay, episodes.last, episodes.unfinished
    kind = stays.kind[stay]
    person, closing = stays.person[stay], last & ~open_
    died = closing & (people.died[person] == stays.discharge[stay])
    onward = closing & stays.onward[stay] & ~died
    methods = _admission_methods(stays, rng)[stay]
    columns = {
        "patient_id": picked(person, tuple(people.identifier.tolist())),
        "episode_id": pa.array([f"EP{number:08d}" for number in rng.permutation(len(stay)).tolist()]),
        "provider": picked(stays.provider[stay], PROVIDERS),
        "admission_date": dates(stays.admission[stay]),
        "episode_start": dates(episodes.start),
        "episode_end": dates(np.where(open_, -1, episodes.end)),
        "admission_method": pa.array(methods.tolist()),
        "discharge_date": dates(np.where(closing, episodes.end, -1)),
        "episode_order": pa.array(episodes.order.astype(np.int32)),
        "admission_source": picked(kind == TRANSFER, ("19", "51")),
        "discharge_destination": picked(
            np.select([died, onward, ~closing], [1, 2, 3], 0), ("19", "79", "51", "98")
        ),
        "discharge_method": picked(np.select([died, ~closing], [1, 2], 0), ("1", "4", "8")),
        "patient_class": picked((kind == ELECTIVE) & (stays.discharge == stays.admission)[stay], ("1", "2")),
        "episode_status": picked(open_, ("3", "1")),
        "recorded_date": dates(np.where(open_, -1, np.minimum(episodes.end + 10, settings.end_day))),
    }
    for position in range(DIAGNOSES):
        columns[f"diagnosis_{position + 1:02d}"] = _texts(episodes.diagnoses, position)
    return pa.table(columns)


def _texts(matrix: npt.NDArray[np.str_], position: int) -> pa.Array[Any]:
    """A column of a matrix of texts; columns past its width, and empty texts, are gaps."""
    if position >= matrix.shape[1]:
        return pa.nulls(len(matrix), pa.string())
    return pa.array([text or None for text in matrix[:, position].tolist()], type=pa.string())


def _admission_methods(stays: Stays, rng: np.random.Generator) -> npt.NDArray[np.str_]:
    n = len(stays)
    emergency = rng.choice(("21", "22", "2A", "2D", "28"), size=n, p=(0.70, 0.10, 0.12, 0.05, 0.03))
    planned = rng.choice(("11", "12", "13"), size=n)
    moved = rng.choice(("81", "2B"), size=n, p=(0.7, 0.3))
    return np.select([stays.kind == ELECTIVE, stays.kind == TRANSFER], [planned, moved], emergency)


def _split(
    settings: SyntheticSettings,
    people: People,
    conditions: dict[str, Ints],
    stays: Stays,
    rng: np.random.Generator,
) -> _Episodes:
    n = len(stays)
    length = stays.discharge - stays.admission
    unfinished = stays.discharge > settings.hospital_end_day
    first, later, least = _choose_patterns(stays, length, rng)
    wanted = np.minimum(1 + rng.binomial(3, 0.22, n) * (length > 0), np.maximum(length, 1) + 1)
    count = np.where(unfinished, 1, np.maximum(wanted, least))
    stay = np.repeat(np.arange(n), count)
    order = np.arange(len(stay)) - np.repeat(np.cumsum(count) - count, count) + 1
    cut = length[stay] * np.stack([order - 1, order]) // count[stay]
    start, end = stays.admission[stay] + cut
    own = np.where((order == 1)[:, None], first[stay], later[stay])
    copd = (people.kind == COPD)[stays.person[stay]]
    own = np.where((own == "J449") & ~copd[:, None], "", own)
    both = np.concatenate([own, _comorbid(conditions, stays)[stay]], axis=1)
    filled_first = np.argsort(both == "", axis=1, kind="stable")
    return _Episodes(
        stay=stay,
        order=order,
        start=start,
        end=end,
        last=order == count[stay],
        unfinished=unfinished[stay],
        diagnoses=np.take_along_axis(both, filled_first, axis=1),
    )


def _choose_patterns(
    stays: Stays, length: Ints, rng: np.random.Generator
) -> tuple[npt.NDArray[np.str_], npt.NDArray[np.str_], Ints]:
    """Diagnoses of the first and of later episodes of each stay, and the fewest episodes it needs."""
    n = len(stays)
    first, later = np.full((n, 4), "", dtype="<U4"), np.full((n, 4), "", dtype="<U4")
    least = np.ones(n, dtype=np.int64)
    draw = rng.random(n)
    for kind, patterns in _PATTERNS.items():
        bounds = np.cumsum([pattern.share for pattern in patterns])
        chosen = np.minimum(np.searchsorted(bounds, draw, "right"), len(patterns) - 1)
        for position, pattern in enumerate(patterns):
            which = (stays.kind == kind) & (chosen == position)
            first[which, : len(pattern.first)] = pattern.first
            later[which, : len(pattern.later)] = pattern.later
            least[which] = pattern.episodes
    one_day = (least > 1) & (length == 0)
    first[one_day] = later[one_day]
    return first, later, np.where(one_day, 1, least)


def _comorbid(conditions: dict[str, Ints], stays: Stays) -> npt.NDArray[np.str_]:
    """ICD-10 codes of other conditions that each stay's person had by then, one column a condition."""
    columns = [
        np.where(conditions[name][stays.person] <= stays.admission, code, "")
        for name, code in HOSPITAL_CODES.items()
    ]
    return np.stack(columns, axis=1)


def attendances_table(people: People, attendances: Attendances, rng: np.random.Generator) -> pa.Table:
    """Canonical ``ed_attendances``; a quarter of those for other reasons carry no diagnosis."""
    a = attendances
    n = len(a.person)
    chest = rng.choice((code_of("aecopd"), code_of("copd"), code_of("lrti")), size=n, p=(0.6, 0.2, 0.2))
    other = rng.choice((code_of("fall"), code_of("fracture"), code_of("chest_pain"), ""), size=n)
    first = np.select([a.respiratory, a.copd_second], [chest, code_of("fracture")], other)
    second = np.where(a.copd_second, code_of("copd"), "")
    qualifier = np.where(a.suspected, code_of("suspected"), code_of("confirmed"))
    columns = {
        "patient_id": picked(a.person, tuple(people.identifier.tolist())),
        "attendance_id": pa.array([f"AT{number:08d}" for number in rng.permutation(n).tolist()]),
        "arrival_date": dates(a.arrival),
        "departure_date": dates(a.departure),
        "discharge_destination": picked(a.stay >= 0, (code_of("ed_home"), code_of("ed_admitted"))),
    }
    diagnoses = np.stack([first, second], axis=1)
    qualifiers = np.where(diagnoses == "", "", qualifier[:, None])
    for prefix, matrix in (("diagnosis", diagnoses), ("diagnosis_qualifier", qualifiers)):
        for position in range(ED_DIAGNOSES):
            columns[f"{prefix}_{position + 1:02d}"] = _texts(matrix, position)
    return pa.table(columns)
