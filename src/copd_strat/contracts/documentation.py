"""Every rule explained: what it counts, its thresholds, what to do; for the command line and the docs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from copd_strat.checks import check_kind, check_kinds
from copd_strat.checks.check import FigureCheck
from copd_strat.contracts.contract import Column, Contract, Rule
from copd_strat.contracts.kinds import KINDS, Implied
from copd_strat.contracts.language import COLUMN_PROPERTIES, RULE_PROPERTIES, TABLE_PROPERTIES
from copd_strat.contracts.lint import all_contracts
from copd_strat.contracts.rule_codes import full_code

SEVERITY_MEANINGS = {
    "reject_file": "a breach beyond the failing threshold stops the run, exit 12",
    "reject_row": "a row that breaks it goes to quarantine; too many of them stop the run",
    "set_aside_value": "the row stays without the value, which is listed; too many of them stop the run",
    "warn": "rows stay; beyond the warning threshold it is told, beyond the failing one the run stops",
}


class ProgramRule(NamedTuple):
    """A rule of the program that no contract holds; ``group`` is gate or guard."""

    code: str
    group: str
    name: str
    limit: str
    description: str
    fix: str


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


def rows(folder: Path, program: Sequence[ProgramRule]) -> list[CatalogueRow]:
    """All rules of the contracts below ``folder``, then those of the ``program`` itself."""
    found = [_row(rule, contract) for contract in all_contracts(folder) for rule in contract.rules]
    return found + [
        CatalogueRow(rule.code, rule.group, "", "", rule.name, "", "", rule.limit, rule.description)
        for rule in program
    ]


def explain(folder: Path, code: str, program: Sequence[ProgramRule]) -> str:
    """One rule in full, named by its code or a short form of it; ConfigError if it names none, or several."""
    own = {rule.code: rule for rule in program}
    held = {rule.code: (rule, contract) for contract in all_contracts(folder) for rule in contract.rules}
    wanted = full_code(code, [*held, *own])
    if wanted in own:
        rule = own[wanted]
        parts = [("what", rule.description), ("limit", rule.limit), ("what to do", rule.fix)]
        return _sheet(f"{rule.code} {rule.name} ({rule.group})", parts)
    return _sheet(wanted, _parts(*held[wanted]))


def _sheet(title: str, parts: Iterable[tuple[str, str]]) -> str:
    lines = [f"  {name:<12}{text}" for name, text in parts if text]
    return "\n".join([title, *lines])


def _parts(rule: Rule, contract: Contract) -> Iterator[tuple[str, str]]:
    yield "what", rule.description
    yield "column", rule.column or "the whole table"
    yield "checks", f"{check_kind(rule.check).meaning}{_arguments(rule, contract)}"
    yield "severity", f"{rule.severity}: {SEVERITY_MEANINGS[rule.severity]}"
    yield "warns above", _share(rule.warn_share)
    yield "stops above", _stops(rule, contract)
    yield "what to do", rule.fix
    yield "owner", contract.owner


def _arguments(rule: Rule, contract: Contract) -> str:
    values = dict(rule.arguments)
    if rule.check == "unique" and not rule.column:
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
    if isinstance(check_kind(rule.check), FigureCheck):
        return "" if rule.severity == "warn" else "any"
    if contract.made_here and rule.severity != "warn" and not rule.fail_share:
        return "any row"
    fewest = f", from {rule.fail_rows} rows on" if rule.fail_share and rule.fail_rows else ""
    return f"{_share(rule.fail_share)}{fewest}"


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


_INTRODUCTION = """\
# Data contracts

Generated from `data_contracts/` (Open Data Contract Standard, one file a table) by
`python tests/contracts/contracts_page.py`; do not edit this page. How a contract is written:
`data_contracts/README.md`.

What the pipeline expects of every table it is sent and every table it makes stands in a contract. From
the one contract come the row checks (every row, every night, in SQL), the Great Expectations suites that
say go or no-go, this page, and the faults that the tests plant. `copd-strat contracts list`, `show CODE`,
`export` and `lint` read the same files; a site may edit its copies. A code is
`layout.table[.column].check`; parts may be left out where only one rule can be meant.

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

_OTHER_TOOLS = """\
## What other tools see

The contracts are plain ODCS, so any tool of the standard reads them. `make contract-tool` tries one,
datacontract-cli 1.2.8, in an environment of its own: it must find no fault in any contract, and on typed
Parquet with gaps as NULL it must count the rows that ours count, rule by rule, in the contracts that
`contracts export --expanded` writes. There `required`, `unique`, `minimum`, `maximum`, `pattern` and
`valid_values` stand in the standard's own words, and what compares values of one row, or refuses some, as
SQL. What it cannot say:

- fields of text files (`complete_row`) and values that cannot be read (`readable`): a typed file has lost
  them already;
- bounds that move with the run (`not_future`, `plausible_birth_year`): a contract does not know the run date;
- other tables (`known_patient`, `patient_left_out`, `not_before_birth`);
- figures of a whole table (`mean_between`, `distinct_between`);
- what a kind implies, in the contracts as they stand here: only what is written is seen;
- tolerances of `required` and of bounds: it fails at the first row, and knows no share of repeated keys;
- columns that a sender may leave out: it asks for every one;
- dates that stand for unknown: it reads them as dates, so that 1582-10-15 is also too early.

Of rows that share a key it counts every one; ours keeps the best and sets aside the others."""


def page(folder: Path, program: Sequence[ProgramRule]) -> str:
    """The documentation page ``docs/contracts.md``."""
    gate = [rule for rule in program if rule.group == "gate"]
    guard = [rule for rule in program if rule.group == "guard"]
    head = ("code", "what it sees", "limit", "what to do")
    parts = [
        _INTRODUCTION,
        "## Severities",
        _table(("severity", "meaning"), SEVERITY_MEANINGS.items()),
        "## Kinds of columns",
        _table(("kind", "what it is", "checks of an extract", "checks of a table made here"), _kind_cells()),
        "## Checks",
        _table(("check", "holds when"), ((name, kind.meaning) for name, kind in check_kinds().items())),
        "## Custom properties",
        _table(("property", "of", "meaning"), _property_cells()),
        _OTHER_TOOLS,
        "## Gate",
        _table(head, ((r.code, r.description, r.limit, r.fix) for r in gate)),
        "## Run guard",
        "Explained in [run-guard.md](run-guard.md).",
        _table(head, ((r.code, r.description, f"`{r.limit}`", r.fix) for r in guard)),
    ]
    for layout, contracts in groupby(all_contracts(folder), key=lambda contract: contract.layout):
        held = list(contracts)
        parts.append(f"## {'Tables made here:' if held[0].made_here else 'Layout'} `{layout}`")
        parts += [_section(contract) for contract in held]
    return "\n\n".join(parts) + "\n"


def _kind_cells() -> Iterator[tuple[str, ...]]:
    for name, kind in KINDS.items():
        yield name, kind.meaning, _implied_words(kind.extract), _implied_words(kind.made)


def _implied_words(implied: Iterable[Implied]) -> str:
    return ", ".join(
        " ".join([item.check, *(str(value) for value in item.arguments.values())])
        + ("" if item.only == "always" else f" (if {item.only})")
        for item in implied
    )


def _property_cells() -> Iterator[tuple[str, ...]]:
    of = {"table": TABLE_PROPERTIES, "column": COLUMN_PROPERTIES, "rule": RULE_PROPERTIES}
    for place, properties in of.items():
        yield from ((name, place, meaning) for name, meaning in properties.items())


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
