"""The layouts on offer: every folder beside this file is one.

A layout's folder holds its mapping, the SQL of its feeds, and its writer of synthetic files.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from copd_strat.extracts.layout import Layout

LAYOUTS: dict[str, Layout] = {
    found.name: import_module(f"{__name__}.{found.name}.mapping").LAYOUT for found in iter_modules(__path__)
}
