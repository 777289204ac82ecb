"""The shape of the NHS England environments: GDPPR journal, HES APC by year, ECDS, registered deaths.

Sources: BHF Data Science Centre documentation of GDPPR and its HES, ECDS and deaths curation; NHS England's
field lists of HES. ``docs/layouts.md`` tells what is unconfirmed.
"""

from __future__ import annotations

from copd_strat.extracts.layout import Feed, Layout, as_they_are
from copd_strat.extracts.layouts.native.mapping import SITE

LAYOUT = Layout(
    name="nhse",
    order=("lsoa_deprivation", "gdppr", "hes_apc", "hes_op", "ecds", "deaths", *SITE),
    people=("lsoa_deprivation", "gdppr"),
    care={
        "lsoa_deprivation": "primary",
        "gdppr": "primary",
        "hes_apc": "secondary",
        "hes_op": "secondary",
        "ecds": "secondary",
    },
    native=SITE,
    feeds=(
        Feed(relation="patients", needs=("gdppr",), sql="patients", stored=True),
        Feed(relation="gp_events", needs=("gdppr",), sql="gp_events"),
        Feed(relation="prescriptions", needs=("gdppr",), sql="prescriptions"),
        Feed(relation="hospital_episodes", needs=("hes_apc",), sql="hospital_episodes"),
        Feed(relation="ed_attendances", needs=("ecds",), sql="ed_attendances"),
        Feed(relation="deaths", needs=("deaths",), sql="deaths", stored=True),
        *as_they_are(*SITE),
    ),
    limits=(
        (
            "patients",
            "GDPPR has no registration history: people who left their practice cannot be told from people "
            "who are seldom seen; the practice is the one that sent the latest entry",
        ),
        (
            "gp_events",
            "GDPPR holds the codes in its scope only, some of them for two years: absence of a code is weak "
            "evidence; units of values are not sent",
        ),
    ),
)
