"""PEARL: readmission or death within 90 days of an exacerbation stay, in points, as published.

Points and groups: Echevarria, Thorax 2017;72:686 (six UK hospitals, 2,417 stays, 38.7 % readmitted or dead in 90
days; C 0.73, 0.68 and 0.70 in its three cohorts). The groups carry no risk of their own here: none was found that
could be checked.
"""

from __future__ import annotations

from dataclasses import dataclass

# Previous admissions, eMRC, age, right (cor pulmonale) and left heart failure; at most 9.
MANY_ADMISSIONS, OLD = 2, 80
ADMISSION_POINTS = 3
DYSPNOEA_POINTS = {"4": 1, "5a": 2, "5b": 3}
AGE_POINTS = COR_PULMONALE_POINTS = HEART_FAILURE_POINTS = 1
# The lowest score of each group.
_GROUPS = ((5, "high"), (2, "intermediate"), (0, "low"))


@dataclass(frozen=True, kw_only=True)
class PearlInputs:
    """What the record says of one stay; None where it does not say.

    ``admissions``: emergency admissions in the year before the stay. ``mrc``: 1 to 5; ``split``: ``5a`` or ``5b``
    where the record says which. ``age`` in years on the day of discharge.
    """

    admissions: int | None
    mrc: int | None
    split: str | None
    age: float
    cor_pulmonale: bool | None
    heart_failure: bool | None


@dataclass(frozen=True, kw_only=True)
class PearlScore:
    """``lowest`` and ``highest`` points differ where MRC 5 is not split; both None with a ``status`` that says
    why there is no score."""

    lowest: int | None
    highest: int | None
    status: str

    @property
    def group(self) -> str:
        """``low``, ``intermediate``, ``high``, or ``low to intermediate`` and so on for a range."""
        if self.lowest is None or self.highest is None:
            return ""
        groups = (group_of(self.lowest), group_of(self.highest))
        return groups[0] if groups[0] == groups[1] else " to ".join(groups)

    @property
    def points(self) -> str:
        if self.lowest is None:
            return ""
        return f"{self.lowest}" if self.lowest == self.highest else f"{self.lowest} to {self.highest}"


def group_of(points: int) -> str:
    """The published group of a score."""
    return next(name for least, name in _GROUPS if points >= least)


def pearl(found: PearlInputs) -> PearlScore:
    """The score of one stay, a range where the record cannot split MRC 5, a status where it cannot be scored."""
    lacking = [
        name
        for name, value in (
            ("admissions of the year before", found.admissions),
            ("MRC grade", found.mrc),
            ("cor pulmonale", found.cor_pulmonale),
            ("heart failure", found.heart_failure),
        )
        if value is None
    ]
    if found.admissions is None or found.mrc is None or lacking:
        return PearlScore(lowest=None, highest=None, status=f"not scored: {', '.join(lacking)} not known")
    rest = (
        ADMISSION_POINTS * (found.admissions >= MANY_ADMISSIONS)
        + AGE_POINTS * (found.age >= OLD)
        + COR_PULMONALE_POINTS * bool(found.cor_pulmonale)
        + HEART_FAILURE_POINTS * bool(found.heart_failure)
    )
    least, most = _dyspnoea(found.mrc, found.split)
    status = "scored" if least == most else "range: the record does not split MRC 5"
    return PearlScore(lowest=rest + least, highest=rest + most, status=status)


def _dyspnoea(mrc: int, split: str | None) -> tuple[int, int]:
    """Fewest and most points for breathlessness."""
    if mrc < 5:
        points = DYSPNOEA_POINTS.get(str(mrc), 0)
        return points, points
    grades = (split,) if split else ("5a", "5b")
    return DYSPNOEA_POINTS[grades[0]], DYSPNOEA_POINTS[grades[-1]]
