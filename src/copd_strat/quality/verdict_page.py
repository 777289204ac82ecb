"""The verdict as record (``validation.json``) and page (``validation.html``): same verdict, same bytes."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from copd_strat.errors import OutputError, unwritten
from copd_strat.quality.findings import RuleResult, Section, Verdict, number_text, observed_text

RECORD, PAGE = "validation.json", "validation.html"


@dataclass(frozen=True, kw_only=True)
class Heading:
    """Whose night it was; ``then`` is the command to give once what stopped it has been put right.

    What is no night (``command``: a back-test, say) has no ``run_id``.
    """

    run_id: str
    title: str
    as_of: str
    then: str = ""
    command: str = "run"

    @property
    def what(self) -> str:
        return f"run {self.run_id}" if self.run_id else self.command


def write_verdict(verdict: Verdict, heading: Heading, folder: Path) -> None:
    """Both files, in ``folder``; OutputError if they cannot be written."""
    # The next command names a place on this machine: the page of a stopped night says it, no record does.
    of_record = {"run_id": heading.run_id, "title": heading.title, "as_of": heading.as_of}
    record = of_record | verdict.to_json()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # The page first: where the disk is full, people come before programs.
        (folder / PAGE).write_text(verdict_page(verdict, heading), encoding="utf-8")
        text = json.dumps(record, indent=1, ensure_ascii=False, default=str)
        (folder / RECORD).write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise OutputError(
            f"{folder}: the night's verdict cannot be written ({unwritten(error, folder)})",
            fix="check free space and permissions of the output folder",
        ) from None


def verdict_page(verdict: Verdict, heading: Heading) -> str:
    """One page that stands alone, without scripts: what stopped the night, warnings, figures, all rules."""
    stops = verdict.stops
    state = "Go" if verdict.success else f"Stopped: {stops[0].cause} (exit {stops[0].exit_code})"
    return str(
        _template().render(
            verdict=verdict,
            heading=heading,
            state=state,
            filled=_filled,
            numeric=_numeric,
            cell=_cell,
            observed=observed_text,
            ordered=_ordered,
        )
    )


@cache
def _template() -> Any:
    # Imported where it is used: a night that stops early, and every other command, does without it.
    from jinja2 import Environment, StrictUndefined

    text = files("copd_strat").joinpath("quality", "verdict.html").read_text(encoding="utf-8")
    settings = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return settings.from_string(text)


def _filled(section: Section) -> list[int]:
    """Positions of the columns that hold anything: a first night has no last night."""
    return [n for n in range(len(section.columns)) if any(row[n] is not None for row in section.rows)]


def _numeric(section: Section, column: int) -> bool:
    return any(isinstance(row[column], (int, float)) for row in section.rows)


def _cell(name: str, value: str | float | None) -> Any:
    from markupsafe import Markup

    if isinstance(value, (int, float)):
        return Markup('<td class="n">{}</td>').format(number_text(name, value))
    return Markup("<td>{}</td>").format("" if value is None else value)


def _ordered(results: Iterable[RuleResult]) -> list[RuleResult]:
    """Broken rules first, those that stop the night before those that warn."""
    return sorted(results, key=lambda found: (found.success, found.level == "warn", found.code, found.table))
