"""EMIS: the bulk extract, version 8.2, with its daily changes, and search reports as CSV files.

Sources: EMIS extract specification 8.2 (NHSISL/Datasets); North Central London's search reports.
The identifier columns of the specification must be removed before extraction; ``docs/layouts.md`` names them.
"""

from __future__ import annotations

from copd_strat.extracts.layout import Changes, CodeTable, Feed, Layout, as_they_are
from copd_strat.extracts.layouts.native.mapping import SECONDARY, SITE

_CODES = ("coding_clinicalcode", "coding_drugcode")
_BULK = ("admin_organisation", "admin_patient", *_CODES, "carerecord_observation", "prescribing_issuerecord")
_REPORTS = ("report_patients", "report_events", "report_conditions", "report_medications")
_HAS_BULK_PATIENTS = ("admin_organisation", "admin_patient")
# Of a row's versions the one to be processed last counts; of equal ones the one that deletes.
_LAST = "ProcessingId DESC, lower(Deleted) DESC NULLS LAST"
_DELETED = "lower(Deleted) IN ('true', '1')"
# Confidential records are treated as deleted ones.
_WITHHELD = f"{_DELETED} OR lower(IsConfidential) IN ('true', '1')"

LAYOUT = Layout(
    name="emis",
    order=(*_BULK, *_REPORTS, *SECONDARY, "deaths", *SITE),
    people=(*_HAS_BULK_PATIENTS, "report_patients"),
    care={**dict.fromkeys((*_BULK, *_REPORTS), "primary"), **dict.fromkeys(SECONDARY, "secondary")},
    native=(*SECONDARY, "deaths", *SITE),
    feeds=(
        Feed(relation="patients", needs=_HAS_BULK_PATIENTS, sql="patients", stored=True),
        Feed(relation="patients", needs=("report_patients",), sql="report_patients", stored=True),
        Feed(
            relation="gp_events",
            needs=("carerecord_observation", "coding_clinicalcode"),
            sql="gp_events",
            stored=True,
        ),
        Feed(relation="gp_events", needs=("report_events",), sql="report_gp_events", stored=True),
        Feed(
            relation="prescriptions",
            needs=("prescribing_issuerecord", "coding_drugcode"),
            sql="prescriptions",
            stored=True,
        ),
        Feed(relation="prescriptions", needs=("report_medications",), sql="report_prescriptions"),
        Feed(relation="organisations", needs=_HAS_BULK_PATIENTS, sql="organisations", stored=True),
        *as_they_are(*SECONDARY, "deaths", *SITE),
    ),
    code_tables=(
        CodeTable(
            table="carerecord_observation", column="CodeId", dictionary="coding_clinicalcode", key="CodeId"
        ),
        CodeTable(
            table="prescribing_issuerecord", column="CodeId", dictionary="coding_drugcode", key="CodeId"
        ),
    ),
    changes={
        "admin_organisation": Changes(key=("OrganisationGuid",), last="ProcessingId DESC"),
        "admin_patient": Changes(key=("PatientGuid", "OrganisationGuid"), last=_LAST, gone=_WITHHELD),
        **dict.fromkeys(_CODES, Changes(key=("CodeId",), last="ProcessingId DESC")),
        # an id is unique within its organisation only
        "carerecord_observation": Changes(
            key=("ObservationGuid", "OrganisationGuid"), last=_LAST, gone=_WITHHELD
        ),
        "prescribing_issuerecord": Changes(
            key=("IssueRecordGuid", "OrganisationGuid"), last=_LAST, gone=_WITHHELD
        ),
    },
    limits=(
        (
            "patients",
            "EMIS sends the latest registration only; the bulk extract has neither ethnicity nor deprivation",
        ),
    ),
)
