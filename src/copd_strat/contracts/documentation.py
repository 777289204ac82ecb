"""Every rule explained: what it counts, its thresholds, what to do; for the command line and the docs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from copd_strat.contracts.contract import Column, Contract, Rule
from copd_strat.contracts.contract_files import load_contract
from copd_strat.contracts.lint import MADE_HERE, contract_files
from copd_strat.errors import ConfigError
from copd_strat.quality.gate import GATE_RULES
from copd_strat.quality.guard_rules import GUARD_RULES

CHECK_MEANINGS = {
    "complete_row": "the row has as many fields as the header, in UTF-8",
    "unique_key": "no two rows have the same key",
    "present": "there is a value",
    "readable": "a value that is there can be read as the column's type",
    "one_of": "the value is one of a fixed set",
    "none_of": "the value is none of a fixed set",
    "range": "the value lies between two bounds, both allowed",
    "pattern": "the text has the expected form",
    "intact_id": "the id was not damaged by a spreadsheet (exponent, decimals)",
    "not_sentinel": "the date is not one that stands for 'unknown'",
    "not_future": "the date is not after the run date",
    "not_before": "the date is not before that of another column",
    "not_before_birth_year": "the date is not before the row's year of birth",
    "not_before_birth": "the date is not before the patient's year of birth",
    "known_patient": "the patient is in the patients table",
    "not_above": "the value is not above that of another column",
    "table_mean_between": "the mean of the column lies in a band",
    "table_distinct_between": "the number of different values lies in a band",
    "table_rows_between": "the number of rows lies in a band",
}
SEVERITY_MEANINGS = {
    "reject_file": "a breach beyond the failing threshold stops the run, exit 12",
    "reject_row": "a row that breaks it goes to quarantine; too many of them stop the run",
    "warn": "rows stay; beyond the warning threshold it is told",
}


class CatalogueRow(NamedTuple):
    """One rule in one line; ``layout`` is gate or guard for rules that no contract holds."""

    code: str
    layout: str
    table: str
    column: str
    check: str
    severity: str
    warns_above: str
    stops_above: str
    description: str


def rows(folder: Path) -> list[CatalogueRow]:
    """All rules of the contracts below ``folder``, then those of the gate and of the run guard."""
    found = [_row(rule, contract) for contract in _contracts(folder) for rule in contract.rules]
    found += [
        CatalogueRow(rule.code, "gate", "", "", rule.check, rule.severity, "", "any", rule.description)
        for rule in GATE_RULES
    ]
    return found + [
        CatalogueRow(rule.code, "guard", "", "", rule.name, "", "half", rule.threshold, rule.description)
        for rule in GUARD_RULES.values()
    ]


def explain(folder: Path, code: str) -> str:
    """One rule in full; ConfigError if no rule has this code."""
    wanted = code.upper()
    if wanted in GUARD_RULES:
        guard = GUARD_RULES[wanted]
        return _sheet(
            f"{guard.code} {guard.name} (run guard)",
            [("what", guard.description), ("limit", guard.threshold), ("what to do", guard.fix)],
        )
    for gate in GATE_RULES:
        if gate.code == wanted:
            parts = [("what", gate.description), ("checks", gate.check), ("what to do", gate.fix)]
            return _sheet(f"{gate.code} {gate.name} (gate)", parts)
    for contract in _contracts(folder):
        for rule in contract.rules:
            if rule.code == wanted:
                return _sheet(
                    f"{rule.code} {rule.name} ({contract.layout}.{contract.table})", _parts(rule, contract)
                )
    raise ConfigError(
        f"no rule has the code {code}", fix="'copd-strat contracts list' shows all rules with their codes"
    )


def _sheet(title: str, parts: Iterable[tuple[str, str]]) -> str:
    lines = [f"  {name:<12}{text}" for name, text in parts if text]
    return "\n".join([title, *lines])


def _parts(rule: Rule, contract: Contract) -> Iterator[tuple[str, str]]:
    yield "what", rule.description
    yield "column", rule.column or "the whole table"
    yield "checks", f"{CHECK_MEANINGS.get(rule.check, rule.check)}{_arguments(rule, contract)}"
    yield "severity", f"{rule.severity}: {SEVERITY_MEANINGS[rule.severity]}"
    yield "warns above", _share(rule.warn_share)
    yield "stops above", _stops(rule, contract)
    yield "what to do", rule.fix
    yield "owner", contract.owner


def _arguments(rule: Rule, contract: Contract) -> str:
    values = dict(rule.arguments)
    if rule.check == "unique_key":
        values["key"] = list(contract.key)
    words = (
        f"{name}: {', '.join(map(str, value)) if isinstance(value, list) else value}"
        for name, value in values.items()
    )
    text = "; ".join(words)
    return f" ({text})" if text else ""


def _share(share: float | None) -> str:
    return "" if share is None else f"{100 * share:g} % of rows"


def _stops(rule: Rule, contract: Contract) -> str:
    """The failing threshold; tables made here stop at any breach unless their contract tolerates a share."""
    if rule.check.startswith("table_"):
        return "" if rule.severity == "warn" else "any"
    if contract.layout in MADE_HERE and rule.severity != "warn" and not rule.fail_share:
        return "any row"
    return _share(rule.fail_share)


def _row(rule: Rule, contract: Contract) -> CatalogueRow:
    return CatalogueRow(
        rule.code,
        contract.layout,
        contract.table,
        rule.column or "",
        rule.check,
        rule.severity,
        _share(rule.warn_share),
        _stops(rule, contract),
        rule.description,
    )


def _contracts(folder: Path) -> list[Contract]:
    return [load_contract(path, path.parent.name) for path in contract_files(folder)]


_INTRODUCTION = """\
# Data contracts

Generated from `data_contracts/` (Open Data Contract Standard, one file a table) by
`python tests/contracts/contracts_page.py`; do not edit this page.

What the pipeline expects of every table it is sent and every table it makes stands in a contract. From
the one contract come the row checks (every row, every night, in SQL), the Great Expectations suites that
say go or no-go, this page, and the faults that the tests plant. `copd-strat contracts list`, `show CODE`
and `lint` read the same files; a site may edit its copies.

- A row that breaks a `reject_row` rule is kept whole in `quality/quarantine/<table>.parquet`, with file,
  line, column, code, reason and what to do. Once mended at the source it comes back by itself.
- A share of rows beyond *warns above* is told; beyond *stops above* nothing is published, exit 12. Fewer
  than ten rows of an extract never stop a run, unless they are all its rows.
- Great Expectations judges three things: how many rows of the extracts broke each rule; on a sample of
  about 50,000 rows a table, whether it counts the same as the row checks; and the features, scores,
  dispositions and published tables themselves. Results: `quality/validation.html` and `validation.json`,
  with counts and shares only.
- Rules of tables made here stop at any row that breaks them, unless a share is tolerated. `min_rows`
  leaves a rule out of tables too small to judge by. The bands are project choices that need a clinical
  safety officer's eye."""


def page(folder: Path) -> str:
    """The documentation page ``docs/contracts.md``."""
    parts = [
        _INTRODUCTION,
        "## Severities",
        _table(("severity", "meaning"), SEVERITY_MEANINGS.items()),
        "## Checks",
        _table(("check", "holds when"), CHECK_MEANINGS.items()),
        "## Gate",
        _table(
            ("code", "what stops the run", "what to do"),
            ((r.code, r.description, r.fix) for r in GATE_RULES),
        ),
        "## Run guard",
        "Explained in [run-guard.md](run-guard.md).",
        _table(
            ("code", "what it sees", "limit", "what to do"),
            ((r.code, r.description, f"`{r.threshold}`", r.fix) for r in GUARD_RULES.values()),
        ),
    ]
    for layout, contracts in groupby(_contracts(folder), key=lambda contract: contract.layout):
        parts.append(f"## Layout `{layout}`" if layout not in MADE_HERE else f"## Tables made here: {layout}")
        parts += [_section(contract) for contract in contracts]
    return "\n\n".join(parts) + "\n"


def _section(contract: Contract) -> str:
    age = f" At most {contract.max_age_days} days old." if contract.max_age_days else ""
    needed = " Needed." if contract.needed else ""
    facts = f"{contract.title}. From: {contract.owner}.{needed}{age}"
    key = f" Key: {', '.join(contract.key)}." if contract.key else ""
    columns = _table(("column", "type", "there", "value", "meaning"), map(_column_cells, contract.columns))
    rules = _table(
        ("code", "column", "severity", "warns above", "stops above", "what it counts", "what to do"),
        (_rule_cells(rule, contract) for rule in contract.rules),
    )
    return f"### {contract.layout}: {contract.table}\n\n{facts}{key}\n\n{columns}\n\n{rules}"


def _column_cells(column: Column) -> tuple[str, ...]:
    there = "always" if column.present else "may be absent"
    return column.name, column.type, there, "needed" if column.required else "", column.description


def _rule_cells(rule: Rule, contract: Contract) -> tuple[str, ...]:
    warns, stops = _share(rule.warn_share), _stops(rule, contract)
    return rule.code, rule.column or "", rule.severity, warns, stops, rule.description, rule.fix


def _table(headings: tuple[str, ...], lines: Iterable[tuple[str, ...]]) -> str:
    cells = [headings, tuple("---" for _ in headings), *lines]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in cells)
