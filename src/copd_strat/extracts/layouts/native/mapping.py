"""The native layout: its tables are the canonical ones."""

from __future__ import annotations

from copd_strat.extracts.layout import Feed, Layout, as_they_are

PRIMARY = ("patients", "gp_events", "prescriptions")
SECONDARY = ("hospital_episodes", "ed_attendances")
SITE = (
    "organisations",
    "provider_successors",
    "local_flags",
    "decisions",
    "community_contacts",
    "app_activity",
)

LAYOUT = Layout(
    name="native",
    order=(*PRIMARY, *SECONDARY, "deaths", *SITE),
    people=("patients",),
    care={**dict.fromkeys(PRIMARY, "primary"), **dict.fromkeys(SECONDARY, "secondary")},
    feeds=(
        *as_they_are("patients", "prescriptions", *SECONDARY, "deaths", *SITE),
        Feed(relation="gp_events", needs=("gp_events",), sql="gp_events"),
    ),
)
