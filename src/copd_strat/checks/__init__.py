"""Check kinds, one file each: condition in SQL, expectation, words, and a fault that breaks it.

A module of this folder is a check kind if it has a ``CHECK``; the module's name is the check's.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from copd_strat.checks.check import Check


@cache
def check_kinds() -> dict[str, Check]:
    """Name → check kind, in the order of the names."""
    modules = (import_module(f"{__name__}.{found.name}") for found in iter_modules(__path__))
    return {module.CHECK.name: module.CHECK for module in modules if hasattr(module, "CHECK")}


def check_kind(name: str) -> Check:
    return check_kinds()[name]
