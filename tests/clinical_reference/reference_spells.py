"""Hospital episodes into continuous inpatient spells, one patient at a time.

Cleaning after the BHF Data Science Centre's HES curation; continuous inpatient spells after NHS Digital's
method as in UKHSA epidm; diagnoses after Rothnie 2016, Clin Epidemiol 8:771 (docs/decisions.md §7, §30, §38).
"""

from __future__ import annotations

import calendar
import re
from datetime import date, timedelta
from itertools import zip_longest
from typing import Any

Record = dict[str, Any]

PLACEHOLDERS = {
    date(1800, 1, 1), date(1801, 1, 1), date(1582, 10, 15), date(1899, 12, 30),
    date(1900, 1, 1), date(1970, 1, 1), date(2999, 12, 31), date(9999, 12, 31),
}  # fmt: skip
EMERGENCY = {"21", "22", "23", "24", "25", "28", "2A", "2B", "2D"}
TO_HOSPITAL = {"49", "50", "51", "52", "53", "84"}
FROM_HOSPITAL = {"49", "50", "51", "52", "53", "87"}
TRANSFER_METHOD = {"2B", "81"}
REGULAR_ATTENDER = {"3", "4"}
NOT_DISCHARGED = {"8", "9"}
STILL_IN = "98"
NEW_EMERGENCY = ("19", "51", "21")  # sent home, then brought in by another hospital: no transfer
DATES = ("admission_date", "episode_start", "episode_end", "discharge_date")
FAR = date.max


def spells(episodes: list[Record], as_of: date, gap: int) -> list[Record]:
    """Continuous inpatient spells in order of admission, as known on the run date."""
    stays = [_stay(rows) for rows in _provider_spells(_clean(episodes, as_of))]
    stays.sort(key=lambda stay: (stay["admission_date"], stay["end"] or FAR, stay["transit"]))
    _assume_missing_ends(stays)
    joined: list[list[Record]] = []
    latest_end: date | None = None
    for stay in stays:
        if joined and _continues(joined[-1][-1], stay, latest_end, gap):
            joined[-1].append(stay)
        else:
            joined.append([stay])
        latest_end = max(filter(None, [latest_end, stay["assumed_end"]]), default=None)
    return [_spell(parts, as_of) for parts in joined]


def months_before(day: date, months: int) -> date:
    """The same day of an earlier month, or its last day where it has no such day."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def admissions(found: list[Record]) -> list[Record]:
    """Finished emergency spells for COPD, which are severe exacerbations and count as admissions."""
    return [spell for spell in found if spell["finished"] and spell["emergency"] and spell["copd_related"]]


def _clean(episodes: list[Record], as_of: date) -> list[Record]:
    known = [_as_known(row, as_of) for row in episodes]
    return sorted(_one_row_an_id(list(filter(_usable, known))), key=_order)


def _as_known(row: Record, as_of: date) -> Record:
    """Placeholders become unknown; so does what lies after the run date."""
    row = dict(row)
    for name in DATES:
        if row[name] in PLACEHOLDERS:
            row[name] = None
    for name in ("episode_end", "discharge_date"):
        if row[name] is not None and row[name] > as_of:
            row[name] = None
            row["episode_status"] = 1
    if row["episode_start"] is not None and row["episode_start"] > as_of:
        row["episode_start"] = None
    if row["admission_date"] is None and row["episode_order"] == 1 and not _came_by_transfer(row):
        row["admission_date"] = row["episode_start"]
    return row


def _usable(row: Record) -> bool:
    start, end = row["episode_start"], row["episode_end"]
    if start is None or not (row["provider"] or "").strip():
        return False
    return row["patient_class"] not in REGULAR_ATTENDER and (end is None or start <= end)


def _one_row_an_id(rows: list[Record]) -> list[Record]:
    """Of rows with one episode id the finished, latest one."""
    best: dict[str, Record] = {}
    for row in rows:
        held = best.get(row["episode_id"])
        if held is None or _standing(row) > _standing(held):
            best[row["episode_id"]] = row
    return list(best.values())


def _standing(row: Record) -> tuple[int, date]:
    return row["episode_status"], row["episode_end"] or date.min


def _order(row: Record) -> tuple[Any, ...]:
    return (
        row["episode_start"],
        row["episode_end"] or FAR,
        row["episode_order"],
        _transit(row),
        row["episode_id"],
    )


def _transit(row: Record) -> int:
    """0 none, 1 out, 2 in and out, 3 in: on a day of two hospitals the one that sends comes first."""
    out = row["discharge_destination"] in TO_HOSPITAL
    if _came_by_transfer(row):
        return 2 if out else 3
    return 1 if out else 0


def _came_by_transfer(row: Record) -> bool:
    return row["admission_source"] in FROM_HOSPITAL or row["admission_method"] in TRANSFER_METHOD


def _provider_spells(rows: list[Record]) -> list[list[Record]]:
    stays: list[list[Record]] = []
    for row in rows:
        if stays and _same_stay(stays[-1][-1], row):
            stays[-1].append(row)
        else:
            stays.append([row])
    return stays


def _same_stay(before: Record, row: Record) -> bool:
    if _trust(before) != _trust(row):
        return False
    return (
        (row["admission_date"] is not None and before["admission_date"] == row["admission_date"])
        or before["episode_start"] == row["episode_start"]
        or (before["discharge_method"] in NOT_DISCHARGED and before["episode_end"] == row["episode_start"])
    )


def _trust(row: Record) -> str:
    """A site's code is its trust's code and two characters more."""
    code: str = row["provider"].strip().upper()
    return code[:3]


def _stay(rows: list[Record]) -> Record:
    """A stay with one provider: admitted as its first episode says, discharged as its last one says."""
    first, last = rows[0], rows[-1]
    admitted = min(row["admission_date"] or row["episode_start"] for row in rows)
    return {
        "admission_date": admitted,
        "end": _end(rows, admitted),
        "provider": _trust(first),
        "method": first["admission_method"],
        "source": first["admission_source"],
        "destination": last["discharge_destination"],
        "transit": _transit(first),
        "received": _came_by_transfer(first),
        "copd_related": any(_meets_rothnie(row["diagnoses"]) for row in rows),
    }


def _end(rows: list[Record], admitted: date) -> date | None:
    """The day of discharge where a row tells it; else the last day, if every episode ended and nobody stayed.

    A stay never ends before its last episode.
    """
    last = rows[-1]
    ends = [row["episode_end"] for row in rows if row["episode_end"] is not None]
    discharged: date | None = max(
        (row["discharge_date"] for row in rows if row["discharge_date"]), default=None
    )
    if discharged is not None and discharged >= admitted:
        return max(discharged, *ends) if ends else discharged
    all_ended = all(row["episode_status"] == 3 and row["episode_end"] is not None for row in rows)
    stayed = last["discharge_method"] in NOT_DISCHARGED or last["discharge_destination"] == STILL_IN
    return max(ends) if all_ended and not stayed else None


def _assume_missing_ends(stays: list[Record]) -> None:
    """A missing end lies where the next stay begins, or a day before (UKHSA epidm proxy_episode_dates)."""
    for stay, following in zip_longest(stays, stays[1:]):
        stay["assumed_end"] = stay["end"]
        if stay["end"] is None and following is not None:
            days = 0 if stay["destination"] in {"51", STILL_IN} else 1
            assumed = following["admission_date"] - timedelta(days=days)
            stay["assumed_end"] = max(stay["admission_date"], assumed)


def _continues(before: Record, stay: Record, latest_end: date | None, gap: int) -> bool:
    """Still in hospital; or within the gap since, and one side says "transfer"."""
    if latest_end is None or (stay["admission_date"] - latest_end).days > gap:
        return False
    if stay["admission_date"] < latest_end:
        return True
    if (before["destination"], stay["source"], stay["method"]) == NEW_EMERGENCY:
        return False
    return before["destination"] in TO_HOSPITAL or stay["received"]


def _spell(parts: list[Record], as_of: date) -> Record:
    last = parts[-1]
    still_in = last["assumed_end"] is None
    admitted = min(part["admission_date"] for part in parts)
    return {
        "admission_date": admitted,
        "discharge_date": None if still_in else max(part["assumed_end"] for part in parts),
        "providers": len({part["provider"] for part in parts}),
        "emergency": parts[0]["method"] in EMERGENCY,
        "copd_related": any(part["copd_related"] for part in parts),
        "finished": last["end"] is not None,
        "currently_admitted": still_in and admitted > months_before(as_of, 6),
    }


def _meets_rothnie(diagnoses: list[str | None]) -> bool:
    codes = [re.sub(r"[^A-Z0-9]", "", (code or "").upper()) for code in diagnoses]
    codes = [code.removesuffix("X") for code in codes]
    acute = any(re.fullmatch(r"J44[01]|J20\d?|J22\d?", code) for code in codes)
    return acute or (bool(codes) and re.fullmatch(r"J4[1-4]\d?", codes[0]) is not None)
