"""The templates of the page: what is put into them is text unless a template says otherwise."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

#: Where long words of headings may break; a narrow column of a printed table would break them anywhere.
_LONG = re.compile(
    "(?<=exacer)(?=bation)|(?<=readmis)(?=sion)|(?<=admis)(?=sion)|(?<=attend)(?=ance)|(?<=emer)(?=gency)"
    "|(?<=manage)(?=ment)|(?<=profes)(?=sional)|(?<=regis)(?=tered)|(?<=dispo)(?=sition)",
    re.IGNORECASE,
)
SOFT_HYPHEN = "\u00ad"


def breakable(words: str) -> str:
    """``words`` with a soft hyphen, which is seen only where a line ends there, in its long ones."""
    return _LONG.sub(SOFT_HYPHEN, words)


@cache
def _templates() -> Environment:
    found = Environment(
        loader=PackageLoader("copd_strat.report"),
        autoescape=True,
        undefined=StrictUndefined,  # a name that is not there is a bug, and no gap on a page
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters["breakable"] = breakable
    return found


def render(template: str, **content: Any) -> str:
    """A file of templates/ filled with ``content``."""
    return _templates().get_template(template).render(content).strip()
