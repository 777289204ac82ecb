"""Plain sentences with facts in them: ``{column}`` places, ``[optional parts]``.

``{severe_exacerbations_12m|admission|admissions}`` writes the number and the right noun.
``{risk_severe_12m:in_100}`` writes a probability as a natural frequency, ``{risk_status:in_words}`` a status
of the risk room in words; ``{evidence:latest_3}`` the last three pieces of a text whose pieces (one an exacerbation)
are separated by semicolons.
A part in square brackets is left out where one of its facts is missing; outside brackets a missing fact
reads "not recorded".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from copd_strat.pathways.fact_columns import Facts, Floats, Objects, object_array
from copd_strat.risk.frequency import in_100
from copd_strat.risk.status import status_in_words

_PART = re.compile(r"\[([^\[\]]*)\]")
_PLACE = re.compile(r"\{([a-z0-9_]+)(?::(in_100|in_words|latest_3))?(?:\|([^|{}]+)\|([^|{}]+))?\}")
_ISO_DATE = re.compile(r"\b[0-9]{4}-[0-9]{2}-[0-9]{2}\b")
_MISSING = "not recorded"
_NOT_CALCULATED = "not calculated"

Rows = npt.NDArray[np.intp]


@dataclass(frozen=True)
class _Place:
    column: str
    form: str | None
    singular: str | None
    plural: str | None


def placeholders(text: str) -> Iterator[str]:
    """The columns a sentence names."""
    return (match[1] for match in _PLACE.finditer(text))


def well_formed(text: str) -> bool:
    """Whether every brace and bracket belongs to a place or an optional part."""
    rest = _PLACE.sub("", text)
    rest = _PART.sub(r"\1", rest)
    return not re.search(r"[{}\[\]]", rest)


def write(text: str, facts: Facts, rows: Rows) -> Objects:
    """The sentence for each of ``rows``."""
    if "{" not in text:
        return np.full(len(rows), text, dtype=object)
    sentences = np.full(len(rows), "", dtype=object)
    for part, optional in _parts(text):
        pieces, gap = _fill(part, facts, rows)
        sentences += np.where(gap, "", pieces) if optional else pieces
    return sentences


@cache
def _parts(text: str) -> tuple[tuple[tuple[str | _Place, ...], bool], ...]:
    """A sentence cut into (pieces, optional?) parts."""
    cut = _PART.split(text)
    return tuple((_pieces(part), position % 2 == 1) for position, part in enumerate(cut) if part)


def _pieces(part: str) -> tuple[str | _Place, ...]:
    pieces: list[str | _Place] = []
    end = 0
    for match in _PLACE.finditer(part):
        pieces += [part[end : match.start()], _Place(match[1], match[2], match[3], match[4])]
        end = match.end()
    return (*pieces, part[end:])


def _fill(
    pieces: tuple[str | _Place, ...], facts: Facts, rows: Rows
) -> tuple[Objects, npt.NDArray[np.bool_]]:
    filled = np.full(len(rows), "", dtype=object)
    gap = np.zeros(len(rows), dtype=bool)
    for piece in pieces:
        if isinstance(piece, str):
            filled += piece
            continue
        gap |= facts.missing(piece.column)[rows]
        filled += _values(piece, facts, rows)
    return filled, gap


def _values(place: _Place, facts: Facts, rows: Rows) -> Objects:
    kind = facts.kind(place.column)
    if kind == "text":
        return object_array([_text(value, place) for value in facts.texts(place.column)[rows]])
    if kind == "date":
        return _once_each(facts.days(place.column)[rows], date_in_words)
    numbers = facts.numbers(place.column)[rows]
    if kind == "flag":
        return object_array([_MISSING if v != v else "yes" if v else "no" for v in numbers])
    if place.form == "in_100":
        return natural_frequency(numbers)
    return _once_each(numbers, lambda v: _number(v, place))


def _once_each(values: npt.NDArray[Any], word: Callable[[Any], str]) -> Objects:
    """Distinct values are few: word each once, then spread them over the rows."""
    distinct, position = np.unique(values, return_inverse=True)
    worded = object_array([word(value) for value in distinct])
    return worded[position] if len(values) else worded


def _text(value: str | None, place: _Place) -> str:
    if value is None:
        return _MISSING
    if place.form == "in_words":
        return status_in_words(value)
    pieces = _ISO_DATE.sub(_in_words, value.replace("_", " ")).split("; ")
    return "; ".join(pieces[-3:] if place.form == "latest_3" else pieces)


def _in_words(match: re.Match[str]) -> str:
    """One style of dates on a list, also inside a piece of evidence."""
    return date_in_words(np.datetime64(match[0], "D"))


def _number(value: float, place: _Place) -> str:
    if np.isnan(value):
        return _MISSING
    figure = f"{value:.1f}".removesuffix(".0")
    if place.singular is None:
        return figure
    return f"{figure} {place.singular if value == 1 else place.plural}"


def date_in_words(value: np.datetime64) -> str:
    """``12 Mar 2026``: a spreadsheet leaves it alone, and no locale reads it the wrong way round."""
    if np.isnat(value):
        return _MISSING
    return date_in_words_of(value.astype("datetime64[D]").item())


def date_in_words_of(value: date) -> str:
    return f"{value.day} {_MONTHS[value.month - 1]} {value.year}"


_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def natural_frequency(probabilities: Floats) -> Objects:
    """Probabilities as ``23 in 100``, in the words of the risk room; ``not calculated`` without one."""
    return _once_each(probabilities, lambda probability: in_100(probability) or _NOT_CALCULATED)
