"""Concepts and their codes: a small packaged core, a site's own lists, and checks that they fit the data."""

from copd_strat.codelists.intact_codes import namespace, verhoeff_passes
from copd_strat.codelists.lists import CodelistReport, ListUsed, load, meanings
from copd_strat.codelists.matches import MatchReport, SourceMatch, check_matches, record, starved_sources

__all__ = [
    "CodelistReport",
    "ListUsed",
    "MatchReport",
    "SourceMatch",
    "check_matches",
    "load",
    "meanings",
    "namespace",
    "record",
    "starved_sources",
    "verhoeff_passes",
]
