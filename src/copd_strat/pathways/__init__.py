"""Facts, risk and a policy into one disposition a patient, with its reasons."""

from copd_strat.pathways.analyst_tables import last_dispositions, read_patients, read_reasons
from copd_strat.pathways.assign import Assignment, assign
from copd_strat.pathways.assign_register import Placement, assign_register
from copd_strat.pathways.changes import diff
from copd_strat.pathways.describing import describe, who_is_where
from copd_strat.pathways.feedback import Feedback, about_nobody, override_counts, validate_decisions
from copd_strat.pathways.issued_references import issued_references, with_current_references
from copd_strat.pathways.one_patient import explain
from copd_strat.pathways.policy import DECISIONS, DISPOSITIONS, LISTED, Policy
from copd_strat.pathways.policy_files import SHIPPED, load_policy
from copd_strat.pathways.practice_batches import practice_batches
from copd_strat.pathways.reference_keys import (
    fingerprint,
    key_change,
    named_key,
    practice_key_from,
    practice_key_text,
    reference_key,
)
from copd_strat.pathways.references import (
    check_reference,
    make_references,
    normalise_reference,
    references_of_practice,
)
from copd_strat.pathways.whatif import WhatIf, whatif

__all__ = [
    "DECISIONS",
    "DISPOSITIONS",
    "LISTED",
    "SHIPPED",
    "Assignment",
    "Feedback",
    "Placement",
    "Policy",
    "WhatIf",
    "about_nobody",
    "assign",
    "assign_register",
    "check_reference",
    "describe",
    "diff",
    "explain",
    "fingerprint",
    "issued_references",
    "key_change",
    "last_dispositions",
    "load_policy",
    "make_references",
    "named_key",
    "normalise_reference",
    "override_counts",
    "practice_batches",
    "practice_key_from",
    "practice_key_text",
    "read_patients",
    "read_reasons",
    "reference_key",
    "references_of_practice",
    "validate_decisions",
    "whatif",
    "who_is_where",
    "with_current_references",
]
