"""SQL texts: packaged files with ``$name`` places, filled with validated literals only."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from functools import cache
from importlib.resources import files
from string import Template

Scalar = str | int | float | bool | date | None
Literal = Scalar | Sequence[Scalar]

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")


def literal(value: Literal) -> str:
    """The SQL text of a Python value; a sequence becomes a parenthesised list."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, date):
        return f"DATE '{value.isoformat()}'"
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return "(" + ", ".join(literal(item) for item in value) + ")"


def identifier(name: str) -> str:
    """A quoted table or column name."""
    return '"' + name.replace('"', '""') + '"'


def plain_name(name: str) -> str:
    """``name`` if it is a plain SQL name, else ValueError: table names never come from data."""
    if not _NAME.fullmatch(name):
        raise ValueError(f"not a plain SQL name: {name!r}")
    return name


@cache
def packaged_sql(package: str, name: str) -> str:
    """The text of ``copd_strat/<package>/sql/<name>.sql``."""
    folder = files("copd_strat").joinpath(*package.split("."), "sql")
    return folder.joinpath(f"{plain_name(name)}.sql").read_text(encoding="utf-8")


def render(text: str, literals: dict[str, Literal]) -> str:
    """``text`` with every ``$name`` replaced by its literal; a missing name is a KeyError."""
    return Template(text).substitute({name: literal(value) for name, value in literals.items()})
