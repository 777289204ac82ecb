"""COPD risk stratification: extracts in, explained tier lists and a safe summary out.

``night`` runs one from Python, ``results`` gives its tables (docs/engines.md).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from copd_strat.library import night, results

__all__ = ["__version__", "night", "results"]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """They are loaded when one is asked for: everything else needs less."""
    if name not in ("night", "results"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from copd_strat import library

    return getattr(library, name)
