"""Concepts and their codes: a small packaged core, a site's own lists, and checks that they fit the data."""

from copd_strat.codelists.intact_codes import namespace, verhoeff_passes
from copd_strat.codelists.lists import CodelistReport, ListUsed, load, meanings
from copd_strat.codelists.matches import MatchReport, check_matches, record

__all__ = [
    "CodelistReport",
    "ListUsed",
    "MatchReport",
    "check_matches",
    "load",
    "meanings",
    "namespace",
    "record",
    "verhoeff_passes",
]
