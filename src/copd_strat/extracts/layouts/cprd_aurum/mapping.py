"""CPRD Aurum with the HES and death data that CPRD links to it.

Sources: file layouts in alexpate30/rcprd; cleaning as the Imperial group does it (NHLI-Respiratory-Epi).
``docs/layouts.md`` tells what is unconfirmed.
"""

from __future__ import annotations

from copd_strat.extracts.layout import CodeTable, Feed, Layout, as_they_are
from copd_strat.extracts.layouts.native.mapping import SITE

_PRIMARY = (
    "medical_dictionary",
    "product_dictionary",
    "numunit",
    "practice",
    "patient",
    "patient_imd",
    "observation",
    "drugissue",
)
_STAYS = ("hes_episodes", "hes_diagnosis_epi")
_SECONDARY = (*_STAYS, "hes_primary_diag_hosp")

LAYOUT = Layout(
    name="cprd_aurum",
    order=(*_PRIMARY, *_SECONDARY, "death_patient", *SITE),
    people=("patient", "patient_imd"),
    care={**dict.fromkeys(_PRIMARY, "primary"), **dict.fromkeys(_SECONDARY, "secondary")},
    native=SITE,
    feeds=(
        Feed(relation="patients", needs=("patient",), sql="patients", stored=True),
        Feed(relation="gp_events", needs=("observation",), sql="gp_events", stored=True),
        Feed(relation="prescriptions", needs=("drugissue",), sql="prescriptions", stored=True),
        Feed(relation="hospital_episodes", needs=_STAYS, sql="hospital_episodes", stored=True),
        Feed(relation="deaths", needs=("death_patient",), sql="deaths", stored=True),
        *as_they_are(*SITE),
        Feed(relation="organisations", needs=("practice",), sql="organisations", stored=True),
    ),
    practices_end="practices_end",
    code_tables=(
        CodeTable(table="observation", column="medcodeid", dictionary="medical_dictionary", key="medcodeid"),
        CodeTable(table="drugissue", column="prodcodeid", dictionary="product_dictionary", key="prodcodeid"),
    ),
    limits=(
        ("patients", "CPRD's patient file holds no ethnicity"),
        (
            "hospital_episodes",
            "linked HES ends months before the GP records and holds finished episodes only; attendances at "
            "emergency departments are not linked, and not observable",
        ),
    ),
)
