"""The templates of the page: what is put into them is text unless a template says otherwise."""

from __future__ import annotations

from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined


@cache
def _templates() -> Environment:
    return Environment(
        loader=PackageLoader("copd_strat.report"),
        autoescape=True,
        undefined=StrictUndefined,  # a name that is not there is a bug, and no gap on a page
        trim_blocks=True,
        lstrip_blocks=True,
    )


def render(template: str, **content: Any) -> str:
    """A file of templates/ filled with ``content``."""
    return _templates().get_template(template).render(content).strip()
