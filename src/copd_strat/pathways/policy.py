"""A policy: who goes where and why, as data. ``loading`` reads it, ``assign`` applies it.

Nothing here knows the disease: rules name columns of one row a patient, and sentences to say.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from copd_strat.pathways.conditions import Condition

Disposition = Literal["clinic", "self_management", "clinical_review", "not_listed"]
DISPOSITIONS: tuple[Disposition, ...] = ("clinic", "self_management", "clinical_review", "not_listed")
LISTED: tuple[str, ...] = DISPOSITIONS[:3]

Effect = Literal["none", "keep_without_place", "not_listed", "clinical_review"]
DECISIONS = ("accepted", "declined", "already_known", "wrong")


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One named condition. ``says`` is for the patient's line on a list, ``means`` for a policy's reader."""

    id: str
    when: Condition
    says: str
    means: str
    source: str = ""
    sign_off: str = ""


@dataclass(frozen=True, kw_only=True)
class ClinicRule(Rule):
    """A way into the clinic. Risk reasons of the group ``covers`` repeat it, so they are not said again."""

    sentinel: bool = True
    covers: str = ""


@dataclass(frozen=True, kw_only=True)
class Note:
    """A sentence said where a condition holds."""

    when: Condition
    says: str


@dataclass(frozen=True, kw_only=True)
class Need:
    """A fact the record lacks, and what would settle it."""

    id: str
    when: Condition
    says: str
    settle: str


@dataclass(frozen=True, kw_only=True)
class RouteRule(Rule):
    """Another way to the same team; ``says`` joins the suggested action. Without a route, only the note."""

    dispositions: tuple[str, ...]
    route: str | None = None


@dataclass(frozen=True, kw_only=True)
class Action:
    """What to do next; the first that fits a patient of the disposition is said."""

    disposition: str
    says: str
    when: Condition | None = None


@dataclass(frozen=True, kw_only=True)
class StayOn:
    """Once in the clinic tier, until no rule holds and ``leave_when`` has been known true ``for_days``."""

    for_days: int
    leave_when: Condition
    means: str
    source: str = ""


@dataclass(frozen=True, kw_only=True)
class Capacity:
    """Places in a calendar month for each value of the column ``per``: ``places``, or else
    ``places_per_1000`` people on the register, rounded up and never fewer than ``at_least``."""

    places: int = 0
    places_per_1000: float | None = None
    at_least: int = 0
    per: str = "practice_id"
    exceptions: tuple[tuple[str, int], ...] = ()
    source: str = ""


@dataclass(frozen=True, kw_only=True)
class Ranking:
    """Highest ``by`` first. Patients without it follow the last patient with it of whom ``like`` also holds
    (or precede all, if there is none), the rest come last; then the columns of ``then_by``, highest first;
    then the reference."""

    by: str | None
    like: Condition | None
    then_by: tuple[str, ...]
    means: str


@dataclass(frozen=True, kw_only=True)
class DecisionEffect:
    """What a clinician's decision does to a clinic patient, for how long, and which newer dates end it."""

    decision: str
    effect: Effect
    for_days: int
    lifted_by: tuple[str, ...]
    says: str


@dataclass(frozen=True, kw_only=True)
class Flag:
    """An extra list column: the sentences of the notes that hold, joined."""

    column: str
    notes: tuple[Note, ...]


@dataclass(frozen=True, kw_only=True)
class Policy:
    """A validated policy; ``describe`` says it in English."""

    id: str
    version: str
    title: str
    purpose: str
    sources: tuple[str, ...]
    sign_off: str
    exclusions: tuple[Rule, ...]
    clinic: tuple[ClinicRule, ...]
    self_management_when: Condition
    self_management_means: str
    self_management_why: tuple[Note, ...]
    needs: tuple[Need, ...]
    otherwise: str
    warnings: tuple[Note, ...]
    routes: tuple[RouteRule, ...]
    default_routes: tuple[tuple[str, str], ...]
    in_hand: tuple[Rule, ...]
    actions: tuple[Action, ...]
    stay_on: StayOn
    capacity: Capacity
    ranking: Ranking
    decisions: tuple[DecisionEffect, ...]
    flags: tuple[Flag, ...]
    thresholds: tuple[tuple[str, float], ...] = ()

    @property
    def label(self) -> str:
        return f"{self.id} {self.version}"
