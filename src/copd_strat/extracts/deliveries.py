"""When a file was delivered: daily changes have no other order than the days in the names of their files.

A delivery is known by a day, with or without a time, in the file's own name or that of a folder around it
(``20261031_0200/SRCode.csv``, ``SRCode_2026-10-31.csv``). When a file was copied says nothing, nor does the order
in which a folder lists it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime

from copd_strat.contracts.contract import Contract
from copd_strat.errors import InputError
from copd_strat.extracts.source_files import SourceFile

# The kind of column that a file's name fills.
DELIVERY = "delivery"
_DAY = r"(20[0-9]{2})([-_.]?)([0-9]{2})\2([0-9]{2})"
_TIME = "[T_ .-]?([0-9]{2})[.:_-]?([0-9]{2})(?:[.:_-]?([0-9]{2}))?"
_MOMENT = re.compile(f"(?<![0-9]){_DAY}(?:{_TIME})?(?![0-9])")


def delivery_of(name: str) -> str | None:
    """Day and time in a file's name, as fourteen digits that sort; None where the name tells no day.

    Of several the one that stands furthest in, the file's own first, counts.
    """
    for part in reversed(name.split("/")):
        for found in _MOMENT.finditer(part):
            year, _, month, day, hour, minute, second = found.groups(default="00")
            digits = f"{year}{month}{day}{hour}{minute}{second}"
            try:
                datetime.strptime(digits, "%Y%m%d%H%M%S")
            except ValueError:
                continue
            return digits
    return None


def require_deliveries(files: Iterable[SourceFile], contract: Contract) -> None:
    """InputError if a table of changes came in several files, one of which tells no day: none says which is last."""
    column = next((column.name for column in contract.columns if column.kind == DELIVERY), None)
    if column is None:
        return
    files = list(files)
    untold = [file.name for file in files if column not in file.columns and delivery_of(file.name) is None]
    if untold and len(files) > 1:
        raise InputError(
            f"{untold[0]}: one of {len(files):,} files of {contract.table}, and its name tells no day of delivery",
            fix="put each delivery into a folder named after its day and time, such as 20261031_0200",
        )
