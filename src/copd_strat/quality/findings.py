"""What the night's judges say: a result for every rule, and one finding for every cause."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from copd_strat.errors import ContractError

Level = Literal["fail", "warn"]
Numbers = Mapping[str, float]
# How grave a finding is: it stops the night, is told as a warning, or is only shown on the page.
Weight = Literal["stop", "warn", "note"]
WEIGHTS: tuple[Weight, ...] = ("stop", "warn", "note")


@dataclass(frozen=True, kw_only=True)
class RuleResult:
    """One rule judged at one level; ``observed`` holds counts, shares and means only.

    ``column`` and ``check`` are those of the contract's rule, None and "" for rules of the gate itself.
    """

    code: str
    table: str
    level: Level
    success: bool
    description: str
    fix: str
    observed: Numbers
    column: str | None = None
    check: str = ""


@dataclass(frozen=True, kw_only=True)
class SuiteResult:
    """All rules judged of one thing: the extracts, a sample of a table, a table made here."""

    name: str
    results: tuple[RuleResult, ...]

    @property
    def success(self) -> bool:
        return not self.failures

    @property
    def failures(self) -> tuple[RuleResult, ...]:
        return tuple(found for found in self.results if found.level == "fail" and not found.success)

    @property
    def warnings(self) -> tuple[RuleResult, ...]:
        """Rules past their warning threshold that do not fail as well."""
        failed = {(found.code, found.table) for found in self.failures}
        return tuple(
            found
            for found in self.results
            if found.level == "warn" and not found.success and (found.code, found.table) not in failed
        )


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One cause: what is wrong with one table, file or practice, and all that follows from it.

    ``cause`` names its kind in a few words, ``subject`` what it is about. ``sentence`` says what was seen,
    with tonight's figures and last night's where there are any; ``figures`` are the same as numbers.
    ``effects`` are sentences of what the same cause made other rules say; ``codes`` are the rules behind it.
    ``exit_code`` is what the program ends with where the finding stops the night. No value of a record may
    stand in any of them.
    """

    cause: str
    subject: str
    weight: Weight
    sentence: str
    fix: str = ""
    figures: Numbers = field(default_factory=dict)
    codes: tuple[str, ...] = ()
    effects: tuple[str, ...] = ()
    exit_code: int = ContractError.exit_code

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, kw_only=True)
class Section:
    """A table of the verdict's page: what was measured tonight, whether or not it stands out."""

    title: str
    introduction: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str | float | None, ...], ...]

    def to_json(self) -> dict[str, Any]:
        return {"title": self.title, "rows": [dict(zip(self.columns, row, strict=True)) for row in self.rows]}


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What the night came to so far: findings by weight, gravest first, and all that was judged."""

    findings: tuple[Finding, ...]
    suites: tuple[SuiteResult, ...]
    sections: tuple[Section, ...]

    @property
    def success(self) -> bool:
        return not self.stops

    @property
    def stops(self) -> tuple[Finding, ...]:
        return self.of_weight("stop")

    @property
    def warnings(self) -> tuple[Finding, ...]:
        return self.of_weight("warn")

    def of_weight(self, weight: Weight) -> tuple[Finding, ...]:
        return tuple(found for found in self.findings if found.weight == weight)

    def to_json(self) -> dict[str, Any]:
        return {
            "success": self.success,
            "findings": [found.to_json() for found in self.findings],
            "sections": [section.to_json() for section in self.sections],
            "suites": [
                {
                    "name": suite.name,
                    "success": suite.success,
                    "results": [asdict(found) for found in suite.results],
                }
                for suite in self.suites
            ],
        }


def observed_text(observed: Numbers) -> str:
    """'breaking 12, rows 1,000, share 1.2 %'; says so where there is no number."""
    words = [f"{name.replace('_', ' ')} {number_text(name, value)}" for name, value in observed.items()]
    return ", ".join(words) or "nothing could be measured, the column may be absent"


def number_text(name: str, value: float) -> str:
    """A number for people: thousands marked, a share in per cent."""
    if "share" in name:
        return f"{100 * value:.3g} %"
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:.4g}"
