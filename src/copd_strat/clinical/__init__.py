"""Canonical relations into clinical facts: the register, exacerbations, spells, and one row a patient."""

from copd_strat.clinical.build import FOR_LATER_ROOMS, NEEDED, ClinicalFacts, build, feature_table
from copd_strat.clinical.completeness import Completeness
from copd_strat.clinical.dictionary import Feature, features
from copd_strat.clinical.feature_parts import features_in_parts
from copd_strat.clinical.monthly import build_monthly

__all__ = [
    "FOR_LATER_ROOMS",
    "NEEDED",
    "ClinicalFacts",
    "Completeness",
    "Feature",
    "build",
    "build_monthly",
    "feature_table",
    "features",
    "features_in_parts",
]
