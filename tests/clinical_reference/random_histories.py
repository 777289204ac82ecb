"""Random histories that crowd the places where rules turn: gaps of 13 to 15 days, ties on a day, transfers.

Nothing here is like a real patient; likeness would leave the corners empty.
"""

from __future__ import annotations

from datetime import date, timedelta
from random import Random
from typing import Any

History = dict[str, list[dict[str, Any]]]

CODES = [
    "aecopd",
    "lrti",
    "breathless",
    "cough",
    "sputum",
    "productive_cough",
    "review",
    "rescue_pack",
    "other",
]
DRUGS = ["amoxicillin", "azithromycin", "prednisolone", "prednisolone_earlier_id", "prednisolone_30mg",
         "prednisolone_1mg", "salbutamol"]  # fmt: skip
QUANTITIES = [None, 28, 29, 30, 40, 56, 84, 85, 5, 14, 15, 7]
GAPS = [0, 0, 1, 2, 3, 7, 12, 13, 14, 14, 15, 15, 16, 20, 21, 28, 45, 46, 90]
RUN_GAPS = [20, 21, 21, 28, 28, 30, 44, 45, 46]
PROVIDERS = ["RAA", "RAA01", "raa", "RBB", "RBB22", "RCC"]
METHODS = ["21", "21", "21", "22", "2A", "2B", "2C", "28", "11", "12", "81", "31"]
SOURCES = ["19", "19", "19", "51", "49", "87", "54"]
DESTINATIONS = ["19", "19", "51", "49", "84", "54", "98", "29"]
DIAGNOSES = ["J440", "J44.1", "J449", "J22X", "J20", "J203", "J209", "J43.9", "J42X", "J40X", "J189", "I10X",
             "S720", "J4401", "j440", "J44.0†", "J45"]  # fmt: skip
PLACEHOLDERS = [None, date(1801, 1, 1), date(1800, 1, 1), date(1900, 1, 1), date(9999, 12, 31)]


def random_history(random: Random, index: date) -> History:
    """GP codes, issues, hospital episodes and emergency attendances of one patient over some 30 months."""
    history: History = {"gp": [], "issues": [], "episodes": [], "attendances": []}
    start = index - timedelta(days=random.choice([60, 360, 380, 720, 760]))
    for day in _walk(random, start, GAPS, random.randint(0, 8)):
        _gp_day(random, history, day)
    if random.random() < 0.4:
        _regular_issues(random, history, start)
    if random.random() < 0.2:
        _weekly_packs(random, history, start)
    if random.random() < 0.6:
        for day in _walk(random, start, [0, 1, 2, 14, 15, 30, 40, 90], random.randint(1, 3)):
            _stay(random, history, day)
    for visit in history["attendances"]:
        visit["departure"] = random.choice([None, visit["on"], visit["on"] + timedelta(days=1)])
    for rows in history.values():
        random.shuffle(rows)
    return history


def _walk(random: Random, start: date, gaps: list[int], steps: int) -> list[date]:
    days = [start + timedelta(days=random.randint(0, 60))]
    for _ in range(steps):
        days.append(days[-1] + timedelta(days=random.choice(gaps)))
    return days


def _gp_day(random: Random, history: History, day: date) -> None:
    for code in random.choices(CODES, k=random.choice([0, 1, 1, 2, 3])):
        history["gp"].append({"on": day, "what": code})
    for drug in random.choices(DRUGS, k=random.choice([0, 0, 1, 2, 3])):
        history["issues"].append({"on": day, "drug": drug, "quantity": random.choice(QUANTITIES)})
    if random.random() < 0.1:
        _attend(random, history, day)


def _regular_issues(random: Random, history: History, start: date) -> None:
    """Azithromycin or a steroid every month or so, the other medicine of a course sometimes beside it."""
    drug = random.choice(DRUGS[1:5])
    quantity = random.choice(QUANTITIES)
    for day in _walk(random, start, RUN_GAPS, random.randint(2, 7)):
        amount = quantity if random.random() < 0.8 else random.choice(QUANTITIES)
        history["issues"].append({"on": day, "drug": drug, "quantity": amount})
        if random.random() < 0.6:
            history["issues"].append({"on": day, "drug": random.choice(DRUGS[:5]), "quantity": 30})


def _weekly_packs(random: Random, history: History, start: date) -> None:
    """A steroid in packs of a week, now and then a day early or late, sometimes with an antibiotic."""
    drug, a_day = random.choice(["prednisolone", "prednisolone_1mg"]), random.choice([1, 1, 2, 3])
    for day in _walk(random, start, random.choice([[7], [7, 7, 7, 8, 6], [7, 7, 14]]), random.randint(4, 20)):
        history["issues"].append({"on": day, "drug": drug, "quantity": 7 * a_day})
        if random.random() < 0.2:
            history["issues"].append({"on": day, "drug": "amoxicillin", "quantity": 21})


def _attend(random: Random, history: History, day: date) -> None:
    history["attendances"].append(
        {
            "on": day,
            "departure": None,
            "destination": random.choice([None, "ed_home", "ed_admitted"]),
            "diagnoses": random.choices(["aecopd", "lrti", "ed_copd", "other"], k=random.choice([0, 1, 2])),
        }
    )


def _stay(random: Random, history: History, admitted: date) -> None:
    """One to four consultant episodes, perhaps moving between providers, with the faults of real extracts."""
    if random.random() < 0.3:
        _attend(random, history, admitted - timedelta(days=random.choice([0, 0, 1, 2])))
    provider, start, order, admission = random.choice(PROVIDERS), admitted, 0, admitted
    episodes = random.choice([1, 1, 2, 3, 4])
    for number in range(episodes):
        order += 1
        end = start + timedelta(days=random.choice([0, 0, 1, 2, 5]))
        last = number == episodes - 1
        moves = not last and random.random() < 0.5
        row = {
            "episode_id": f"{len(history['episodes'])}-{random.randint(0, 9)}", "provider": provider,
            "admission_date": admission, "episode_start": start, "episode_end": end, "episode_order": order,
            "admission_method": random.choice(METHODS), "admission_source": random.choice(SOURCES),
            "discharge_date": end if last or moves else None,
            "discharge_method": random.choice(["1", "1", "2", "8"]) if last or moves else "8",
            "discharge_destination": random.choice(DESTINATIONS) if last or moves else "98",
            "patient_class": "1", "episode_status": 3,
            "diagnoses": random.choices(DIAGNOSES, k=random.choice([1, 2, 3, 4])),
        }  # fmt: skip
        _spoil(random, row)
        history["episodes"].append(row)
        _repeat(random, history, row)
        start = end
        if moves:
            start = end + timedelta(days=random.choice([0, 0, 1, 2, 3]))
            provider, admission, order = random.choice(PROVIDERS), start, 0


def _spoil(random: Random, row: dict[str, Any]) -> None:
    """A fault in some rows: placeholders, no provider, dates turned round, regular attenders, unfinished."""
    if random.random() > 0.2:
        return
    fault = random.randint(0, 6)
    if fault == 0:
        row["admission_date"] = random.choice(PLACEHOLDERS)
    elif fault == 1:
        row["episode_start"] = random.choice(PLACEHOLDERS)
    elif fault == 2:
        row["provider"] = random.choice(["", " "])
    elif fault == 3:
        row["episode_end"] -= timedelta(days=1)
    elif fault == 4:
        row["discharge_date"] = random.choice([*PLACEHOLDERS, row["episode_start"] - timedelta(days=1)])
    elif fault == 5:
        row["patient_class"] = random.choice(["2", "3", "4"])
    else:
        destination = random.choice(["98", "98", None, "51"])
        row |= {"episode_status": 1, "episode_end": None, "discharge_date": None, "discharge_method": "8",
                "discharge_destination": destination}  # fmt: skip


def _repeat(random: Random, history: History, row: dict[str, Any]) -> None:
    """The same row again, or the row of the year before, when the episode had not finished."""
    chance = random.random()
    if chance < 0.05:
        history["episodes"].append(dict(row))
    elif chance < 0.1:
        unfinished = {"episode_status": 1, "episode_end": None, "discharge_date": None}
        history["episodes"].append({**row, **unfinished})
