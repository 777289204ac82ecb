"""OMOP Common Data Model 5.4: general practice and hospital in one database.

Source: field list of OHDSI/CommonDataModel. ``docs/layouts.md`` tells what is unconfirmed.
"""

from __future__ import annotations

from copd_strat.extracts.layout import Feed, Layout, as_they_are
from copd_strat.extracts.layouts.native.mapping import SITE

_PEOPLE = ("person", "observation_period", "care_site")
_RECORDS = ("drug_exposure", "measurement", "observation", "procedure_occurrence")
_VISITS = ("concept", "condition_occurrence", "visit_occurrence")

LAYOUT = Layout(
    name="omop",
    order=(*_PEOPLE, "concept", "condition_occurrence", *_RECORDS, "visit_occurrence", "death", *SITE),
    people=_PEOPLE,
    care=dict.fromkeys((*_PEOPLE, *_RECORDS), "primary"),
    native=SITE,
    feeds=(
        Feed(relation="patients", needs=("person", "observation_period"), sql="patients", stored=True),
        Feed(
            relation="gp_events",
            needs=("concept", "condition_occurrence"),
            sql="gp_events",
            stored=True,
        ),
        Feed(
            relation="prescriptions",
            needs=("concept", "drug_exposure"),
            sql="prescriptions",
            stored=True,
        ),
        Feed(
            relation="hospital_episodes",
            needs=_VISITS,
            sql="hospital_episodes",
            stored=True,
            only_if="SELECT count(*) > 0 FROM omop_visit_occurrence WHERE visit_concept_id IN (9203, 262)",
            otherwise="OMOP has lost the method of admission, and no emergency visits are there to tell it "
            "by: severe exacerbations are not observable",
        ),
        Feed(
            relation="ed_attendances",
            needs=_VISITS,
            sql="ed_attendances",
            stored=True,
            only_if="SELECT count(*) > 0 FROM omop_visit_occurrence WHERE visit_concept_id = 9203",
            otherwise="no emergency visits are there: attendances are not observable",
        ),
        Feed(relation="deaths", needs=("death",), sql="deaths", stored=True),
        *as_they_are(*SITE),
        Feed(relation="organisations", needs=("person", "care_site"), sql="organisations", stored=True),
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
