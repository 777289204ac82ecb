"""Dates as people in Britain write them and as spreadsheets save them: the day comes first."""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime, timedelta

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_FULL = ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october",
         "november", "december")  # fmt: skip
_NUMBER_OF = {name: n for names in (_MONTHS, _FULL) for n, name in enumerate(names, start=1)} | {"sept": 9}
_WEEKDAY = re.compile(r"\b(mon|tue|tues|wed|weds|wednes|thu|thur|thurs|fri|sat|satur|sun)(day)?\b\.?,?")
_CLOCK = re.compile(r"[t ]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?\s*(z|am|pm|[+-]\d{2}:?\d{2})?$")
_ORDINAL = re.compile(r"(?<=\d)(st|nd|rd|th)\b")
_SERIAL = re.compile(r"\d{5}([.,]\d+)?")
# day 0 of spreadsheets, moved by the day that they count and the calendar does not have (29 February 1900)
_SPREADSHEET_EPOCH = date(1899, 12, 30)


def read_date(cell: object, today: date) -> date | None:
    """The day that ``cell`` means, or None. A day without a year is the latest that is not after ``today``.

    Never the month first: 3/4/2026 is 3 April, and 3/25/2026 cannot be read.
    """
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, date):
        return cell
    text = _plain(str(cell))
    if _SERIAL.fullmatch(text):
        return _SPREADSHEET_EPOCH + timedelta(days=int(text[:5]))
    return _from_parts(_parts(text), today)


def _plain(text: str) -> str:
    """Lower case, one kind of blank and hyphen, no weekday, clock time or ordinal ending."""
    text = unicodedata.normalize("NFKC", text).replace("\u2013", "-").replace("\u2014", "-").lower().strip()
    text = _WEEKDAY.sub("", text.strip("'\"")).strip()
    return _ORDINAL.sub("", _CLOCK.sub("", text)).strip()


def _parts(text: str) -> list[str]:
    """Day, month and year as written, in the order of writing; [] if there is anything else."""
    together = re.fullmatch(r"(\d{4})(\d{2})(\d{2})", text)
    if together and _is_year(together[1]) and int(together[2]) <= 12:
        return list(together.groups())
    day_first = re.fullmatch(r"(\d{2})(\d{2})(\d{4}|\d{2})", text)
    if day_first:
        return list(day_first.groups())
    # 1Mar26: a letter and a digit may touch
    apart = re.sub(r"(?<=\d)(?=[a-z])|(?<=[a-z])(?=\d)", " ", text)
    parts = [part for part in re.split(r"[\s/.,\-_\\']+", apart) if part and part not in ("of", "the")]
    return parts if all(part.isdecimal() or part in _NUMBER_OF for part in parts) else []


def _from_parts(parts: list[str], today: date) -> date | None:
    if len(parts) == 2:
        return _latest(parts, today)
    if len(parts) != 3:
        return None
    if parts[0] in _NUMBER_OF:  # March 1, 2026
        parts = [parts[1], parts[0], parts[2]]
    elif _is_year(parts[0]):
        parts = parts[::-1]
    day, month, year = parts
    if len(year) == 2:
        year = f"20{year}"
    return _date(day, month, year) if _is_year(year) else None


def _latest(parts: list[str], today: date) -> date | None:
    day, month = parts if parts[1] in _NUMBER_OF or parts[0] not in _NUMBER_OF else parts[::-1]
    found = (_date(day, month, str(year)) for year in (today.year, today.year - 1))
    return next((each for each in found if each is not None and each <= today), None)


def _is_year(part: str) -> bool:
    return len(part) == 4 and part.startswith("20")


def _date(day: str, month: str, year: str) -> date | None:
    number = _NUMBER_OF.get(month, month)
    try:
        return date(int(year), int(number), int(day))
    except ValueError:
        return None
