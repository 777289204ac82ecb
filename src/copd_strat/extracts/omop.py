"""OMOP Common Data Model 5.4: general practice and hospital in one database.

Source: field list of OHDSI/CommonDataModel. ``docs/layouts.md`` tells what is unconfirmed.
"""

from __future__ import annotations

from copd_strat.extracts.mapping import Feed, Layout, as_they_are
from copd_strat.extracts.native import SITE

_PEOPLE = ("person", "observation_period", "care_site")
_RECORDS = ("drug_exposure", "measurement", "observation", "procedure_occurrence")
_VISITS = ("concept", "condition_occurrence", "visit_occurrence")

OMOP = Layout(
    name="omop",
    order=(*_PEOPLE, "concept", "condition_occurrence", *_RECORDS, "visit_occurrence", "death", *SITE),
    people=_PEOPLE,
    care=dict.fromkeys((*_PEOPLE, *_RECORDS), "primary"),
    native=SITE,
    feeds=(
        Feed(relation="patients", needs=("person", "observation_period"), sql="omop_patients", stored=True),
        Feed(
            relation="gp_events",
            needs=("concept", "condition_occurrence"),
            sql="omop_gp_events",
            stored=True,
        ),
        Feed(
            relation="prescriptions",
            needs=("concept", "drug_exposure"),
            sql="omop_prescriptions",
            stored=True,
        ),
        Feed(
            relation="hospital_episodes",
            needs=_VISITS,
            sql="omop_hospital_episodes",
            stored=True,
            only_if="SELECT count(*) > 0 FROM omop_visit_occurrence WHERE visit_concept_id IN (9203, 262)",
            otherwise="OMOP has lost the method of admission, and no emergency visits are there to tell it "
            "by: severe exacerbations are not observable",
        ),
        Feed(
            relation="ed_attendances",
            needs=_VISITS,
            sql="omop_ed_attendances",
            stored=True,
            only_if="SELECT count(*) > 0 FROM omop_visit_occurrence WHERE visit_concept_id = 9203",
            otherwise="no emergency visits are there: attendances are not observable",
        ),
        Feed(relation="deaths", needs=("death",), sql="omop_deaths", stored=True),
        *as_they_are(*SITE),
        Feed(relation="organisations", needs=("person", "care_site"), sql="omop_organisations", stored=True),
    ),
    limits=(
        (
            "patients",
            "OMOP holds no deprivation, and a person who left on the extract's last day seems to stay",
        ),
        (
            "hospital_episodes",
            "OMOP has lost the method of admission: stays count as emergencies only if an emergency visit "
            "came just before, so severe exacerbations may be undercounted",
        ),
        ("ed_attendances", "OMOP has no qualifiers of diagnoses: suspected ones count as confirmed"),
    ),
)
