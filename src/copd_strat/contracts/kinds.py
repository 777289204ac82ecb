"""Kinds of columns: what each is, and the checks that come with it.

A contract names a column's kind once and says of its checks only what deviates. Severities follow from what
a bad value costs: a row without a needed value is useless and set aside; an optional value that cannot be
used costs only itself (docs/decisions.md §55).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

from copd_strat.contracts.contract import Family

# "needed": the row is refused where the column is required, otherwise only the value is set aside.
Weight = Literal["reject_row", "set_aside_value", "warn", "needed"]

# Earlier years are typing errors or two-digit years that were read wrongly (docs/decisions.md §35).
FIRST_EVENT = date(1900, 1, 1)
FIRST_BIRTH_YEAR = 1850
# Nobody in Britain is known to have lived so long (project choice).
OLDEST = 120


@dataclass(frozen=True, kw_only=True)
class Implied:
    """A check that comes with a kind: always, if the column is ``required``, or if it is ``linked``.

    A table is linked if one of its columns is related to the patients.
    """

    check: str
    weight: Weight = "reject_row"
    arguments: dict[str, Any] = field(default_factory=dict)
    only: Literal["always", "required", "linked"] = "always"
    # Whoever states when to tell, and not when to stop, never wants to stop.
    warn_share: float | None = None
    # (what the rule counts, what to do), where the check's own words say too little.
    words: tuple[str, str] | None = None


@dataclass(frozen=True, kw_only=True)
class Kind:
    """``extract``: checks of a column that we are sent; ``made``: of one that the program makes itself.

    ``exempt`` columns are allow-listed by name, since they are dates of a person's life by their nature.
    """

    meaning: str
    family: Family
    extract: tuple[Implied, ...] = ()
    made: tuple[Implied, ...] = ()
    exempt: bool = False


def _date(weight: Weight, *more: Implied) -> tuple[Implied, ...]:
    """A date that can be read, from ``FIRST_EVENT`` on: an earlier one is none (extracts/date_forms.py)."""
    return (Implied(check="readable", weight=weight), *more)


def _whole(low: int, high: int, weight: Weight) -> tuple[Implied, ...]:
    return (
        Implied(check="readable", weight=weight),
        Implied(check="minimum", weight=weight, arguments={"minimum": low}),
        Implied(check="maximum", weight=weight, arguments={"maximum": high}),
    )


_INTACT = Implied(check="intact_id")
_NOT_FUTURE = Implied(check="not_future")
_NOT_NEGATIVE = Implied(check="minimum", weight="needed", arguments={"minimum": 0})
_BORN = Implied(check="not_before_birth", only="linked")
_READABLE = Implied(check="readable", weight="needed")

KINDS: dict[str, Kind] = {
    "patient_id": Kind(
        meaning="pseudonym of a patient, always text",
        family="id",
        # Whom the patients table leaves out is left out here: no breach, however many they are.
        extract=(
            _INTACT,
            Implied(check="known_patient", only="linked"),
            Implied(check="patient_left_out", only="linked", arguments={"withhold": True}, warn_share=1.0),
        ),
    ),
    "person_id": Kind(
        meaning="pseudonym of a person who need not be one of our patients (hospital and death records)",
        family="id",
        extract=(_INTACT, Implied(check="known_patient", weight="warn", only="linked", warn_share=0.9)),
    ),
    "id": Kind(meaning="identifier of a row or a thing, always text", family="id", extract=(_INTACT,)),
    "reference": Kind(meaning="link to a row of another table; of no use by itself", family="reference"),
    "organisation": Kind(meaning="code of a practice, provider or other organisation", family="id"),
    "code": Kind(
        meaning="code of a terminology (SNOMED CT, dm+d, medcode …), always text",
        family="code",
        extract=(_INTACT,),
    ),
    "diagnosis": Kind(meaning="coded diagnosis of a hospital record", family="code"),
    "concept": Kind(
        meaning="OMOP concept id; 0 means that the code has no standard concept",
        family="number",
        extract=(
            Implied(check="readable"),
            Implied(
                check="none_of",
                weight="warn",
                arguments={"values": [0]},
                only="required",
                warn_share=0.05,
                words=(
                    "Rows whose {column} is 0: their code has no standard concept.",
                    "improve the mapping to standard concepts; the source concept is used where there is one",
                ),
            ),
        ),
    ),
    "category": Kind(meaning="one of a small set of values", family="category"),
    "flag": Kind(meaning="yes or no", family="category"),
    "delivery": Kind(
        meaning="when the row was delivered: told by the name of its file or folder, unless the file holds it",
        family="category",
    ),
    "text": Kind(meaning="free text or a name; never interpreted", family="text"),
    "year_month": Kind(meaning="year and month as text", family="category"),
    "number": Kind(meaning="a measured value", family="number", extract=(_READABLE,)),
    "amount": Kind(
        meaning="an amount or a duration: never negative",
        family="number",
        extract=(_READABLE, _NOT_NEGATIVE),
        made=(_NOT_NEGATIVE,),
    ),
    "count": Kind(
        meaning="a count: whole and never negative",
        family="number",
        extract=(_READABLE, _NOT_NEGATIVE),
        made=(_NOT_NEGATIVE,),
    ),
    "share": Kind(
        meaning="a share or a probability, from 0 to 1",
        family="number",
        extract=(
            _READABLE,
            _NOT_NEGATIVE,
            Implied(check="maximum", weight="needed", arguments={"maximum": 1}),
        ),
        made=(_NOT_NEGATIVE, Implied(check="maximum", arguments={"maximum": 1})),
    ),
    "decile": Kind(meaning="tenth of a ranking, 1 to 10", family="number", extract=_whole(1, 10, "needed")),
    "birth_year": Kind(
        meaning="year of birth",
        family="number",
        extract=(
            Implied(check="readable"),
            Implied(check="minimum", arguments={"minimum": FIRST_BIRTH_YEAR}),
            Implied(check="plausible_birth_year", arguments={"oldest": OLDEST}),
        ),
    ),
    "birth_month": Kind(meaning="month of birth, 1 to 12", family="number", extract=_whole(1, 12, "needed")),
    "age": Kind(meaning="age in years", family="number", extract=_whole(0, 125, "reject_row")),
    "event_date": Kind(
        meaning="day on which something happened to the patient",
        family="date",
        extract=_date("reject_row", Implied(check="not_placeholder", weight="needed"), _NOT_FUTURE, _BORN),
    ),
    "entry_date": Kind(
        meaning="day on which a record was made; of use for completeness only",
        family="date",
        extract=_date(
            "needed",
            Implied(check="not_placeholder", weight="warn"),
            Implied(check="not_future", weight="needed"),
        ),
    ),
    "date": Kind(
        meaning="any other day in the past", family="date", extract=_date("reject_row", _NOT_FUTURE)
    ),
    "date_to_index": Kind(
        meaning="day of something that counted, at the latest the index date (docs/decisions.md §1)",
        family="date",
        made=(Implied(check="not_above", arguments={"column": "index_date"}),),
    ),
    "start_date": Kind(
        meaning="first day of a registration",
        family="date",
        extract=_date("needed", Implied(check="not_future", weight="warn")),
        exempt=True,
    ),
    "period_date": Kind(
        meaning="first or last day of a period, which may lie ahead",
        family="date",
        extract=_date("reject_row"),
        exempt=True,
    ),
    # A date of death that cannot be read still says that somebody died; one that cannot be says nothing.
    "death_date": Kind(
        meaning="day of death",
        family="date",
        extract=_date(
            "reject_row",
            Implied(check="not_placeholder", weight="needed"),
            Implied(check="not_future", weight="needed"),
            Implied(check="not_before_birth", weight="needed", only="linked"),
        ),
        exempt=True,
    ),
}

# Checks that come with the standard's own words; their arguments stand in the contract.
DECLARED_WEIGHT: dict[str, Weight] = {
    "required": "reject_row",
    "minimum": "needed",
    "maximum": "needed",
    "pattern": "needed",
    "valid_values": "set_aside_value",
}
