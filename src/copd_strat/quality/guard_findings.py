"""Comparisons of the run guard with fixed limits: columns and numbered parts of tables.

Each finding names table, file and column. The limits are project choices (docs/decisions.md §61).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from copd_strat.config import GuardSettings
from copd_strat.errors import RunGuardError
from copd_strat.extracts.receipts import FileReceipt, TableReceipt
from copd_strat.quality.findings import Finding, Numbers
from copd_strat.quality.verdict_sentences import guard_fix

# Kinds of columns that say until when somebody is registered or alive (contracts/kinds.py).
_LEAVING = ("period_date", "death_date")
_SHOWN = 10


def fixed_limit(
    code: str, cause: str, subject: str, sentence: str, settings: GuardSettings, figures: Numbers
) -> Finding:
    """A finding of a comparison with a fixed limit: it stops the night unless it is let through."""
    return Finding(
        cause=cause,
        subject=subject,
        weight="warn" if code in settings.let_through else "stop",
        sentence=sentence,
        fix=guard_fix([code]),
        figures=figures,
        codes=(code,),
        exit_code=RunGuardError.exit_code,
    )


def told_only(code: str, cause: str, subject: str, sentence: str, figures: Numbers) -> Finding:
    """A finding that a person should know of, and that stops no night."""
    return Finding(
        cause=cause,
        subject=subject,
        weight="warn",
        sentence=sentence,
        fix=guard_fix([code]),
        figures=figures,
        codes=(code,),
    )


def whole_columns(receipt: TableReceipt) -> list[str]:
    """Columns of the contract that every file of the table has."""
    missing = {name for file in receipt.files for name in file.missing}
    return [column.name for column in receipt.contract.columns if column.name not in missing]


def unread_columns(receipt: TableReceipt) -> list[str]:
    """Columns of the table's files that its contract does not know."""
    return sorted({name for file in receipt.files for name in file.unread})


def columns_gone(
    receipts: Iterable[TableReceipt], last: Mapping[str, Any], settings: GuardSettings
) -> Iterator[Finding]:
    """Columns that every file of a table had last night and a file lacks tonight, one finding a table."""
    for receipt in receipts:
        table = f"{receipt.layout}.{receipt.table}"
        came = (last.get("columns") or {}).get(table, [])
        lacking = {file.name: [name for name in file.missing if name in came] for file in receipt.files}
        gone = sorted({name for names in lacking.values() for name in names})
        if not gone:
            continue
        files = [file for file in receipt.files if lacking[file.name]]
        known = (last.get("unread") or {}).get(table, [])
        yield fixed_limit(
            "GRD13",
            "a column is missing",
            f"{table}: {', '.join(gone[:_SHOWN])}",
            f"{table}, {files_text(files)}: {columns_text(gone)} came last night and not tonight{_new(files, known)}",
            settings,
            {"columns_last_night": len(came), "columns_tonight": len(came) - len(gone)},
        )


def no_leaving_columns(receipts: Iterable[TableReceipt], last: Mapping[str, Any]) -> Iterator[Finding]:
    """On a first night: patients without the columns that decide who is alive and registered.

    ``receipts`` are those of the tables that the patients are made from.
    """
    for receipt in receipts:
        table = f"{receipt.layout}.{receipt.table}"
        leaving = {column.name for column in receipt.contract.columns if column.kind in _LEAVING}
        files = [file for file in receipt.files if leaving & set(file.missing)]
        if last or not files:
            continue
        lacking = sorted({name for file in files for name in file.missing if name in leaving})
        yield told_only(
            "GRD18",
            "nothing says who has left or died",
            f"{table}: {', '.join(lacking)}",
            f"{table}, {files_text(files)}: {columns_text(lacking)} did not come, which say{'s' * (len(lacking) == 1)}"
            f" who has left or died{_new(files, [])}",
            {"columns": len(lacking)},
        )


def files_text(files: Sequence[FileReceipt]) -> str:
    names = ", ".join(file.name for file in files[:_SHOWN])
    return f"file{'s' * (len(files) > 1)} {names}" + (" and more" if len(files) > _SHOWN else "")


def columns_text(names: list[str]) -> str:
    told = ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
    return f"column{'s' * (len(names) > 1)} {told}"


def _new(files: Iterable[FileReceipt], known: Collection[str]) -> str:
    """Columns that no contract knows and that did not come before: likely a new name."""
    new = sorted({name for file in files for name in file.unread if name not in known})
    return f"; most likely renamed: no contract knows {columns_text(new)} of it" if new else ""


def parts_missing(receipts: Iterable[TableReceipt]) -> Iterator[Finding]:
    """Tables whose files are numbered with a gap: observation_001, observation_003."""
    for receipt in receipts:
        gaps = part_gaps([file.name for file in receipt.files])
        for name in gaps:
            table = f"{receipt.layout}.{receipt.table}"
            yield told_only(
                "GRD17",
                "a numbered part is missing",
                f"{table}: {name}",
                f"{table}: its files are numbered, and {name} is not among the {len(receipt.files)} that came",
                {"files": len(receipt.files)},
            )


def part_gaps(names: Iterable[str]) -> list[str]:
    """Names that are missing between numbered ones, from 0 or 1 on.

    Numbers of which as many are missing as there are count something else: years, days, times.
    """
    series: dict[tuple[str, str], dict[int, str]] = {}
    for name in names:
        for number in re.finditer(r"\d+", name):
            around = (name[: number.start()], name[number.end() :])
            series.setdefault(around, {})[int(number[0])] = number[0]
    return sorted(
        f"{before}{number:0{len(min(there.values(), key=len))}d}{after}"
        for (before, after), there in series.items()
        for number in _between(there)
    )


def _between(there: Collection[int]) -> list[int]:
    first = min(1, *there) if len(there) > 1 else 0
    # as many missing as there are: not parts; looked at before a range is made, which a date would make huge
    if len(there) < 2 or max(there) - first + 1 >= 2 * len(there):
        return []
    return [number for number in range(first, max(there)) if number not in there]
