"""Cells that no spreadsheet changes or runs.

A text that a spreadsheet might take for a formula gets an apostrophe before it (OWASP, CSV injection: = + - @
tab, carriage return, and line feed since August 2025), and control characters become spaces, so that one
patient stays one line. Dates are ISO in CSV; references begin with letters and hold no number that could be
rounded.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Any

import pandas as pd

# the full-width twins of = + - @ are formulas in East Asian locales
_FORMULA = frozenset("=+-@\t\r\n＝＋－＠")
_PLAIN = re.compile(r"[A-Za-z0-9(][\x20-\x7e]*")


def safe_text(text: str) -> str:
    """``text`` on one line and inert."""
    if _PLAIN.fullmatch(text):
        return text
    flat = "".join(" " if unicodedata.category(c) in ("Cc", "Zl", "Zp") else c for c in text)
    visible = flat.lstrip("\u200b\u200c\u200d\u2060\ufeff\u00a0 ")
    risky = text[:1] in _FORMULA or visible[:1] in _FORMULA
    return f"'{flat.strip()}" if risky else flat.strip()


def texts(series: pd.Series[Any]) -> list[str]:
    """A column as inert texts; a missing value is an empty cell."""
    return [
        safe_text(str(value)) if present else ""
        for value, present in zip(series, series.notna(), strict=True)
    ]
