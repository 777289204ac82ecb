"""The layouts on offer: every folder beside this file is one.

A layout's folder holds its mapping, the SQL of its feeds, and its writer of synthetic files.
"""

from __future__ import annotations

import difflib
from importlib import import_module
from pkgutil import iter_modules

from copd_strat.errors import ConfigError
from copd_strat.extracts.layout import Layout

LAYOUTS: dict[str, Layout] = {
    found.name: import_module(f"{__name__}.{found.name}.mapping").LAYOUT for found in iter_modules(__path__)
}


def layout_named(name: str) -> Layout:
    """The layout of that name; ConfigError names those on offer."""
    if name not in LAYOUTS:
        near = difflib.get_close_matches(name, LAYOUTS, n=1)
        raise ConfigError(
            f"extracts: there is no layout '{name}'",
            fix=f"did you mean '{near[0]}'?" if near else f"choose one of {', '.join(sorted(LAYOUTS))}",
        )
    return LAYOUTS[name]
