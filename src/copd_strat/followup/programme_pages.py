"""Both halves of the programme and the evidence table, for the site alone: exact counts, not disclosure-controlled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from datetime import date
from pathlib import Path

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined

from copd_strat.contracts.own_tables import conform, own_table, write_parquet
from copd_strat.engine import Engine
from copd_strat.followup import app_half, clinic_half
from copd_strat.followup.figures_of_programme import NOT_OBSERVABLE, ProgrammeFigure
from copd_strat.followup.hte19 import EVIDENCE_COLUMNS, EvidenceRow, as_frame, hte19
from copd_strat.pathways import Placement
from copd_strat.plan import RunStamp

_STEP_NAMES = {
    "offered": "Offered",
    "registered": "Registered",
    "activated": "Activated",
    "active": "Active in the last 30 days",
    "cat_better": "CAT better by 2 or more",
    "cat_worse": "CAT worse by 2 or more",
    "stepped_up": "Care stepped up",
    "cat_change": "CAT change, median",
    "invited": "Invited",
    "seen": "Seen",
    "did_not_come": "Have not come",
    "rehabilitation_after": "Rehabilitation after being seen",
    "admitted_90d": "Admitted within 90 days of being seen",
    "acted_on": "Clinic list acted on",
    "places_used": "Places used this month",
    "days_to_contact": "Days to first contact, median",
}


@dataclass(frozen=True, kw_only=True)
class ProgrammePages:
    """``figures`` of both halves and the rows of the ``evidence`` table."""

    figures: tuple[ProgrammeFigure, ...]
    evidence: tuple[EvidenceRow, ...]

    def record(self) -> dict[str, object]:
        """What the manifest keeps: each half's figures of everybody."""
        told: dict[str, dict[str, object]] = {}
        for figure in self.figures:
            if not figure.by:
                seen = {name: getattr(figure, name) for name in ("n", "of", "value")}
                unseen = figure.status == NOT_OBSERVABLE
                told.setdefault(figure.section, {})[figure.measure] = NOT_OBSERVABLE if unseen else seen
        return {"programme": told}

    def write(self, root: Path, stamp: RunStamp) -> None:
        """``analyst/programme.{parquet,html}`` and ``analyst/hte19_evidence.parquet`` below the run's folder."""
        folder = root / "analyst"
        columns = [field.name for field in fields(ProgrammeFigure)]
        figures = pd.DataFrame([asdict(figure) for figure in self.figures], columns=columns)
        write_parquet(conform(own_table("internal", "programme"), figures), folder / "programme.parquet")
        evidence = as_frame(self.evidence)
        write_parquet(
            conform(own_table("internal", "hte19_evidence"), evidence), folder / "hte19_evidence.parquet"
        )
        page = folder / "programme.html"
        page.write_text(self.page(stamp) + "\n", encoding="utf-8", newline="\n")

    def page(self, stamp: RunStamp) -> str:
        """Both halves and the evidence on one page."""
        environment = Environment(
            loader=PackageLoader("copd_strat.followup"),
            autoescape=True,
            undefined=StrictUndefined,  # a name that is not there is a bug, and no gap on a page
            trim_blocks=True,
            lstrip_blocks=True,
        )
        whole = [figure for figure in self.figures if not figure.by]
        return environment.get_template("programme.html").render(
            stamp=stamp,
            clinic=[f for f in whole if f.section == clinic_half.SECTION],
            app=[f for f in whole if f.section == app_half.SECTION],
            groups={by: self._table(by) for by in app_half.BREAKDOWNS if self._of(by)},
            evidence=self.evidence,
            names=_STEP_NAMES,
            said=said,
            share=share,
            shown=shown_value,
        )

    def _of(self, by: str) -> list[ProgrammeFigure]:
        return [figure for figure in self.figures if figure.by == by]

    def _table(self, by: str) -> dict[str, list[ProgrammeFigure]]:
        """Group → its figures, in the order of the steps."""
        rows: dict[str, list[ProgrammeFigure]] = {}
        for figure in self._of(by):
            rows.setdefault(figure.group, []).append(figure)
        return rows


def programme_pages(
    engine: Engine, placed: Placement, as_of: date, hospital_complete_to: date | None
) -> ProgrammePages:
    """Both halves and the evidence table of tonight; needs the tables of the clock."""
    people = app_half.app_people(engine)
    figures: Sequence[ProgrammeFigure] = (
        *clinic_half.clinic_half(engine, placed, as_of, hospital_complete_to),
        *app_half.app_half(people),
    )
    evidence = tuple(hte19(engine, placed.frame(*EVIDENCE_COLUMNS), people, as_of))
    return ProgrammePages(figures=tuple(figures), evidence=evidence)


def said(figure: ProgrammeFigure) -> str:
    """A figure in a cell: its number with what it is out of, or why there is none."""
    if figure.status != "counted":
        return figure.status
    if figure.value is not None:
        return f"{figure.value:g} {figure.unit} (of {figure.n} people)"
    return f"{figure.n:,} of {figure.of:,}"


def share(figure: ProgrammeFigure) -> str:
    """The share in whole per cent, or nothing."""
    return "" if figure.share is None else f"{100 * figure.share:.0f} %"


def shown_value(people: int | None, value: float | None) -> str:
    """A mean or a rate with how many people it is of."""
    return "–" if value is None else f"{value:g} ({people:,} people)"
