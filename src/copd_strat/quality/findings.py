"""What the gate found: a record to keep and a page to open, of counts and shares, never a patient's value."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from html import escape
from pathlib import Path
from typing import Any, Literal

from copd_strat.errors import OutputError

Level = Literal["fail", "warn"]
Numbers = Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One rule judged at one level; ``observed`` holds counts, shares and means only."""

    code: str
    table: str
    level: Level
    success: bool
    description: str
    fix: str
    observed: Numbers


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Go or no-go of one suite: no-go if any finding of level ``fail`` did not succeed."""

    name: str
    findings: tuple[Finding, ...]

    @property
    def success(self) -> bool:
        return not self.failures

    @property
    def failures(self) -> tuple[Finding, ...]:
        return tuple(found for found in self.findings if found.level == "fail" and not found.success)

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """Rules past their warning threshold that do not fail as well."""
        failed = {found.code for found in self.failures}
        return tuple(
            found
            for found in self.findings
            if found.level == "warn" and not found.success and found.code not in failed
        )

    def to_json(self) -> dict[str, Any]:
        return {"name": self.name, "success": self.success, "findings": [asdict(f) for f in self.findings]}


def observed_text(observed: Numbers) -> str:
    """'breaking 12, rows 1,000, share 1.2 %'; says so where there is no number."""
    words = [f"{name.replace('_', ' ')} {_number(name, value)}" for name, value in observed.items()]
    return ", ".join(words) or "nothing could be measured, the column may be absent"


def _number(name: str, value: float) -> str:
    if name.startswith("share"):
        return f"{100 * value:.3g} %"
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:.4g}"


def sentence(found: Finding) -> str:
    """A finding for messages: rule, table, what was observed, what the rule is about."""
    return f"{found.code} {found.table}: {observed_text(found.observed)}. {found.description}"


def write_results(verdicts: Iterable[Verdict], quality: Path) -> tuple[Path, Path]:
    """``validation.json`` and ``validation.html`` in the folder ``quality``; same verdicts, same bytes."""
    judged = list(verdicts)
    record = {"success": all(v.success for v in judged), "verdicts": [v.to_json() for v in judged]}
    as_json, as_page = quality / "validation.json", quality / "validation.html"
    try:
        quality.mkdir(parents=True, exist_ok=True)
        as_json.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
        as_page.write_text(page(judged), encoding="utf-8")
    except OSError as error:
        raise OutputError(
            f"{quality}: validation results cannot be written ({error.strerror})",
            fix="check free space and permissions",
        ) from None
    return as_json, as_page


def page(verdicts: list[Verdict]) -> str:
    """One self-contained page without scripts: a summary, then a table of rules for each suite."""
    go = all(verdict.success for verdict in verdicts)
    summary = "".join(
        f'<li><a href="#s{n}">{escape(v.name)}</a>: {"go" if v.success else "no-go"}, '
        f"{len(v.failures)} failed, {len(v.warnings)} warned, of {len(v.findings)} judgements</li>"
        for n, v in enumerate(verdicts)
    )
    sections = "".join(_section(n, verdict) for n, verdict in enumerate(verdicts))
    return (
        '<!DOCTYPE html>\n<html lang="en-GB"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Validation: {'go' if go else 'no-go'}</title><style>{_STYLE}</style></head><body><main>"
        f"<h1>Validation: {'go' if go else 'no-go'}</h1>"
        "<p>Judged by Great Expectations from the data contracts. Counts and shares only; rows that were "
        "refused, with their reasons, are in the quarantine folder.</p>"
        f"<ul>{summary}</ul>{sections}</main></body></html>\n"
    )


_STYLE = (
    "body{font:1rem/1.5 Arial,sans-serif;margin:2rem;color:#212b32}table{border-collapse:collapse;width:100%}"
    "caption{text-align:left;font-weight:bold;padding:.5rem 0}th,td{text-align:left;vertical-align:top;"
    "padding:.3rem .6rem;border-bottom:1px solid #768692}"
    ".failed{background:#fbe3e0}.warned{background:#fff4cc}"
)
_HEADINGS = ("Rule", "Result", "Table", "What it counts", "Observed", "Fix")


def _section(number: int, verdict: Verdict) -> str:
    ordered = sorted(verdict.findings, key=lambda f: (f.success, f.level == "warn", f.code, f.table))
    head = "".join(f'<th scope="col">{heading}</th>' for heading in _HEADINGS)
    rows = "".join(_row(found) for found in ordered)
    return (
        f'<section id="s{number}"><h2>{escape(verdict.name)}</h2><table>'
        f"<caption>{'Go' if verdict.success else 'No-go'}</caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></section>"
    )


def _row(found: Finding) -> str:
    result = "kept" if found.success else {"fail": "failed", "warn": "warned"}[found.level]
    cells = (
        found.table,
        found.description,
        observed_text(found.observed),
        "" if found.success else found.fix,
    )
    texts = "".join(f"<td>{escape(text)}</td>" for text in cells)
    return (
        f'<tr class="{result}"><th scope="row">{escape(found.code)}</th>'
        f"<td>{result} ({found.level} threshold)</td>{texts}</tr>"
    )
