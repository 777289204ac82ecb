"""A policy: who goes where and why, as data. ``policy_files`` reads it, ``assign`` applies it.

Nothing here knows the disease: rules name columns of one row a patient, and sentences to say. The models have
the shape of the file, so that a fault's key is the place where it stands.
"""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Literal, Self, get_args

from pydantic import AfterValidator, BaseModel, Field, ValidationInfo, model_validator
from pydantic_core import PydanticCustomError

from copd_strat.model_faults import STRICT, Several, Text
from copd_strat.pathways.conditions import MOST, MOST_DAYS, Column, Condition, unknown_column
from copd_strat.pathways.follow_up_policy import FollowUp
from copd_strat.pathways.sentences import placeholders, well_formed

Disposition = Literal["clinic", "self_management", "clinical_review", "not_listed"]
DISPOSITIONS: tuple[Disposition, ...] = get_args(Disposition)
Listed = Literal["clinic", "self_management", "clinical_review"]
LISTED: tuple[str, ...] = get_args(Listed)
Route = Literal["in_person", "home_visit", "care_home_team", "interpreter", "printed_plan", "app"]
Effect = Literal["none", "keep_without_place", "not_listed", "clinical_review"]
Decision = Literal["accepted", "declined", "already_known", "wrong"]
DECISIONS: tuple[Decision, ...] = get_args(Decision)


def _sentence(text: str, info: ValidationInfo) -> str:
    """Plain words with facts in braces; every fact must be a known column."""
    kinds = (info.context or {}).get("kinds")
    faults = [] if well_formed(text) else ["braces or brackets do not match"]
    if kinds is not None:
        faults += [unknown_column(name, kinds) for name in placeholders(text) if name not in kinds]
    if faults:
        raise PydanticCustomError("sentence", "{said}", {"said": "; ".join(faults)})
    return text


def _of_kind(*wanted: str, said: str) -> AfterValidator:
    """A column of one of the kinds ``wanted``."""

    def check(name: str, info: ValidationInfo) -> str:
        kinds = (info.context or {}).get("kinds") or {}
        if kinds.get(name, wanted[0]) not in wanted:
            raise PydanticCustomError("kind", "'{name}' is not {said}", {"name": name, "said": said})
        return name

    return AfterValidator(check)


Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Sentence = Annotated[Text, AfterValidator(_sentence)]
NumberColumn = Annotated[Column, _of_kind("number", "flag", said="a number")]
DateColumn = Annotated[Column, _of_kind("date", said="a date")]
Count = Annotated[int, Field(ge=0, le=1_000_000)]
# A century: no rule looks further, and days beyond what a date can hold would wrap around unseen.
Days = Annotated[int, Field(ge=0, le=MOST_DAYS)]


class PolicyRule(BaseModel):
    """One named condition. ``says`` is for the patient's line on a list, ``means`` for a policy's reader."""

    model_config = STRICT

    id: Name
    when: Condition
    says: Sentence
    means: Text
    source: str = ""
    sign_off: str = ""


class ClinicRule(PolicyRule):
    """A way into the clinic. Risk reasons of the group ``covers`` repeat it, so they are not said again."""

    sentinel: bool = True
    covers: str = ""


class Note(BaseModel):
    """A sentence said where a condition holds."""

    model_config = STRICT

    when: Condition
    says: Sentence


class Need(Note):
    """A fact the record lacks, and what would settle it."""

    id: Name
    settle: Text


class RouteRule(PolicyRule):
    """Another way to the same team; ``says`` joins the suggested action. Without a route, only the note."""

    dispositions: Annotated[tuple[Listed, ...], Field(alias="for", strict=False, min_length=1)]
    route: Route | None = None


class Action(BaseModel):
    """What to do next; the first that fits a patient of the disposition is said."""

    model_config = STRICT

    disposition: Annotated[Listed, Field(alias="for")]
    says: Sentence
    when: Condition | None = None


class SelfManagement(BaseModel):
    """What proves that somebody may be left to supported self-management, and how it is said."""

    model_config = STRICT

    when: Condition
    means: Text
    why: Annotated[tuple[Note, ...], Several]


class ClinicalReview(BaseModel):
    """What may be missing, and what is said if nothing is known to be."""

    model_config = STRICT

    needs: Annotated[tuple[Need, ...], Several]
    otherwise: Sentence


class DefaultRoutes(BaseModel):
    """The route of each disposition where no rule gives another."""

    model_config = STRICT

    clinic: Route
    self_management: Route
    clinical_review: Route


class StayOn(BaseModel):
    """Once in the clinic tier, until no rule holds and ``leave_when`` has been known true ``for_days``.

    Without its own ``leave_when``, a patient leaves once known to belong to self-management.
    """

    model_config = STRICT

    for_days: Days
    leave_when: Condition | None = None
    means: Text
    source: str = ""


class Capacity(BaseModel):
    """Places in a calendar month for each value of the column ``per``: ``places``, or else
    ``places_per_1000`` people on the register, rounded up and never fewer than ``at_least``."""

    model_config = STRICT

    places: Count = 0
    places_per_1000: Annotated[float, Field(gt=0, le=1000)] | None = None
    at_least: Count = 0
    per: Literal["practice_id", "pcn", "sub_icb", "icb"] = "practice_id"
    exceptions: dict[str, Count] = {}
    source: str = ""

    @model_validator(mode="after")
    def _one_way_to_count(self) -> Self:
        if ("places" in self.model_fields_set) == (self.places_per_1000 is not None):
            raise PydanticCustomError("capacity", "give exactly one of places, places_per_1000")
        return self


class Ranking(BaseModel):
    """Highest risk of the outcome ``rank_by`` first. Patients without it follow the last patient with it of
    whom ``like`` also holds (or precede all, if there is none), the rest come last; then the columns of
    ``then_by``, highest first; then the reference."""

    model_config = STRICT

    rank_by: Literal["severe", "any"] | None = None
    model: Name | None = None
    """The site's own model that gives the risk of `rank_by`; without it the published one of the care setting."""
    like: Condition | None = None
    then_by: Annotated[tuple[NumberColumn, ...], Several]
    means: Text

    @property
    def by(self) -> str | None:
        """The column of the ranking outcome; None if nobody is ranked by risk."""
        return f"risk_{self.rank_by}_12m" if self.rank_by else None


class DecisionEffect(BaseModel):
    """What a clinician's decision does to a clinic patient, for how long, and which newer dates end it."""

    model_config = STRICT

    effect: Effect
    for_days: Annotated[int, Field(ge=1, le=MOST_DAYS)] = 0
    lifted_by: Annotated[tuple[DateColumn, ...], Several] = ()
    says: Sentence


class Policy(BaseModel):
    """A validated policy; ``describe`` says it in English."""

    model_config = STRICT

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{1,40}$")]
    version: Annotated[str, Field(pattern=r"^[0-9]+(\.[0-9]+)*$")]
    title: Text
    purpose: Text
    sources: Annotated[tuple[Text, ...], Several]
    sign_off: str = ""
    thresholds: dict[Name, Annotated[float, Field(ge=-MOST, le=MOST, allow_inf_nan=False)]] = {}
    """Named numbers; a condition uses one by `threshold:`, or a part of it with `times: 0.8`."""
    exclusions: Annotated[tuple[PolicyRule, ...], Several]
    """Rules that lead to "not listed"."""
    clinic: Annotated[tuple[ClinicRule, ...], Field(strict=False, min_length=1)]
    """Rules that lead to the clinic; `sentinel: false` for a calculated risk; `covers` names the group of
    risk reasons that the rule makes redundant."""
    self_management: SelfManagement
    clinical_review: ClinicalReview
    warnings: Annotated[tuple[Note, ...], Several]
    """Data warnings on any list."""
    routes: Annotated[tuple[RouteRule, ...], Several]
    """The first that fits is taken, the sentences of all that fit are said; without `route` a note only."""
    default_routes: DefaultRoutes
    in_hand: Annotated[tuple[PolicyRule, ...], Several]
    """Who takes no new place."""
    actions: Annotated[tuple[Action, ...], Several]
    """The first that fits the disposition is the suggested action."""
    stay_on: StayOn
    capacity: Capacity
    ranking: Ranking
    decisions: dict[Decision, DecisionEffect]
    """What each answer of a practice does."""
    flags: dict[Name, Annotated[tuple[Note, ...], Several]]
    """Extra list columns: the sentences that hold, joined."""
    follow_up: FollowUp
    """What is due after an exacerbation; it never moves anybody."""

    @property
    def label(self) -> str:
        return f"{self.id} {self.version}"

    @property
    def leave_when(self) -> Condition:
        """What must have been known true for somebody to leave the clinic tier."""
        return self.stay_on.leave_when or self.self_management.when

    @model_validator(mode="after")
    def _ids_are_unique(self) -> Self:
        rules: tuple[PolicyRule, ...] = (*self.exclusions, *self.clinic, *self.in_hand, *self.routes)
        counts = Counter([*(rule.id for rule in rules), *(need.id for need in self.clinical_review.needs)])
        twice = ", ".join(f"'{name}'" for name, count in counts.items() if count > 1)
        if twice:
            raise PydanticCustomError("ids", "ids used twice: {twice}", {"twice": twice})
        return self
