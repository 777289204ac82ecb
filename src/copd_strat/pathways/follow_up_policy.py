"""What is expected after an exacerbation, as data: which events, which duties, within how many days.

The clock tells and reminds; nothing of it is read where dispositions are made.
"""

from __future__ import annotations

from itertools import product
from typing import Annotated, Literal, get_args

from pydantic import AfterValidator, BaseModel, Field
from pydantic_core import PydanticCustomError

from copd_strat.clinical.lookups import lookups
from copd_strat.model_faults import STRICT, Several, Text, nearest

EventKind = Literal["discharge", "moderate", "app_stopped", "cat_worse"]
EVENT_KINDS: tuple[EventKind, ...] = get_args(EventKind)

# Values of the optional table community_contacts (data_contracts/native/community_contacts.odcs.yaml).
SERVICES = ("multi_professional_clinic", "community_respiratory_team", "pulmonary_rehabilitation")
CONTACT_KINDS = ("attended", "did_not_attend", "started", "completed")
CONTACT_SIGNS = tuple(" ".join(pair) for pair in product(SERVICES, CONTACT_KINDS))


def care_concepts() -> tuple[str, ...]:
    """The concepts of the GP record that may close a duty."""
    return tuple(str(name) for name in lookups()["care_day_concepts"]["concept"].to_pylist())


def _a_sign(name: str) -> str:
    known = (*care_concepts(), *CONTACT_SIGNS)
    if name not in known:
        raise PydanticCustomError("sign", "nothing shows '{name}' {near}", {
            "name": name, "near": nearest(name, known)})  # fmt: skip
    return name


Sign = Annotated[str, AfterValidator(_a_sign)]
DutyDays = Annotated[int, Field(ge=0, le=366)]


class Duty(BaseModel):
    """Something due after an event; ``says`` names it on a worklist."""

    model_config = STRICT

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    says: Text
    means: Text
    after: Annotated[tuple[EventKind, ...], Field(strict=False, min_length=1)]
    """The events that it follows."""
    within_days: DutyDays
    """Due so many days after the event's day."""
    from_day: DutyDays = 0
    """What the record shows closes it from so many days after the event on: 0 counts the day itself."""
    done_by: Annotated[tuple[Sign, ...], Field(strict=False, min_length=1)]
    """Concepts of the GP record, or `<service> <kind>` of community contacts."""
    all_of: bool = False
    """True where all signs of `done_by` are needed, not one of them."""
    settled_by: Annotated[tuple[Sign, ...], Several] = ()
    """What ends it without its being done: declined, not suitable."""
    source: Text
    sign_off: str = ""


class AppAlerts(BaseModel):
    """When somebody who uses the app is named to the practice, if `events` has `app_stopped`, `cat_worse`."""

    model_config = STRICT

    stopped_after_days: Annotated[int, Field(ge=1, le=366)]
    """An app in use that has not been used for so many days has stopped."""
    cat_worse_by: Annotated[float, Field(gt=0, le=40)]
    """Points by which the latest CAT score lies above the one before."""
    source: Text
    sign_off: str = ""


class FollowUp(BaseModel):
    """The clock after exacerbations: it opens lines on a practice's worklist and moves nobody."""

    model_config = STRICT

    events: Annotated[tuple[EventKind, ...], Field(strict=False)]
    """What opens a line: `discharge` after an emergency stay for COPD, `moderate` exacerbations, and of the app
    `app_stopped` and `cat_worse`."""
    keep_days: Annotated[int, Field(ge=1, le=366)]
    """A line stays until its duties are closed, at most so many days."""
    tell_days: Annotated[int, Field(ge=0, le=92)]
    """An event that reached `keep_days` with duties still open is told at the end of the worklist so many days more."""
    today: Annotated[int, Field(ge=0, le=10_000)]
    """The first lines of each practice, marked for today; all others stay below them."""
    duties: Annotated[tuple[Duty, ...], Several]
    app_alerts: AppAlerts
    sign_off: str = ""

    def duties_after(self, event: str) -> tuple[Duty, ...]:
        return tuple(duty for duty in self.duties if event in duty.after)
