"""What every published file says about the run it came from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, kw_only=True)
class RunStamp:
    """The run's identity: derived from content, so that it is the same for the same inputs.

    ``as_of`` is the run date; ``index_date`` the end of the look-back windows; ``policy`` and
    ``model`` are names with version; ``synthetic`` marks data of people who do not exist.
    """

    run_id: str
    as_of: date
    index_date: date
    policy: str
    model: str
    synthetic: bool
    title: str
