"""The one SQL text as Spark reads it: the few spellings that differ, and nothing that a rule could hide in.

Each rewrite stands for one word or sign. Where engines differ in meaning, the text itself is written so that both
read it alike (docs/engines.md).
"""

from __future__ import annotations

import re

# The embedded engine's spelling → Spark's. Applied to the text outside literals and comments, but for the first.
UNIT_OF_DATE_DIFF = re.compile(r"\bdate_diff\(\s*'day'", re.IGNORECASE)
REWRITES: tuple[tuple[str, str], ...] = (
    (r"\bEXCLUDE(?= ?\()", "EXCEPT"),
    (r"\bVARCHAR\b", "STRING"),
    (r"\bconcept_category\b", "STRING"),
    (r"\barray_to_string\(", "array_join("),
    (r"\bregexp_matches\(", "regexp_like("),
)
# A fourth argument that asks for every match: what Spark's regexp_replace does anyway.
_EVERY_MATCH = re.compile(r",\s*'g'(?=\s*\))")
_LITERAL_OR_COMMENT = re.compile(r"('(?:[^']|'')*'|--[^\n]*)")


def to_spark(sql: str) -> str:
    """``sql`` in Spark's spelling; literals keep their value."""
    without_units = UNIT_OF_DATE_DIFF.sub("date_diff(DAY", _EVERY_MATCH.sub("", sql))
    pieces = _LITERAL_OR_COMMENT.split(without_units)
    return "".join(
        _as_literal(piece) if place % 2 else _as_words(piece) for place, piece in enumerate(pieces)
    )


def _as_words(text: str) -> str:
    for here, there in REWRITES:
        text = re.sub(here, there, text)
    return text


def _as_literal(text: str) -> str:
    """A literal whose backslashes and quotes are escaped as Spark wants it; comments go."""
    if text.startswith("--"):
        return ""
    return "'" + text[1:-1].replace("\\", "\\\\").replace("''", "\\'") + "'"
