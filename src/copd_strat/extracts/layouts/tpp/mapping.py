"""SystmOne (TPP): the strategic reporting extract, a full history and daily changes as one CSV file a table.

Sources: column lists and handling of a public reader of the extract (Discovery Data Service, 2018 to 2021); notes on
formats in CRATE's documentation. ``docs/layouts.md`` tells what is unconfirmed, and which columns must be removed.
"""

from __future__ import annotations

from copd_strat.extracts.layout import Changes, CodeTable, Feed, Layout, as_they_are
from copd_strat.extracts.layouts.native.mapping import SECONDARY, SITE

_PEOPLE = ("srmanifest", "srpatient", "srpatientregistration")
_RECORDS = ("srcode", "srprimarycaremedication", "srimmunisation")
_PRIMARY = (*_PEOPLE, "srorganisation", "srctv3tosnomed", *_RECORDS)


def _changes(table: str, key: str, *, removes: bool = True) -> Changes:
    """Of a row's versions the one delivered last counts, of one delivery the one that removes the row.

    Where the manifest calls a delivery of the table a full history, what came before it counts no more.
    """
    full = f"IsDelta = 'N' AND lower(FileName) IN ('{table}', '{table}.csv')"
    return Changes(
        key=(key,),
        last="Delivery DESC NULLS LAST" + (", RemovedData DESC NULLS LAST" if removes else ""),
        gone="RemovedData IN ('1', 'TRUE')" if removes else "FALSE",
        superseded=f"Delivery < (SELECT max(Delivery) FROM tpp_srmanifest WHERE {full})",
    )


LAYOUT = Layout(
    name="tpp",
    order=(*_PRIMARY, *SECONDARY, "deaths", *SITE),
    people=_PEOPLE,
    care={**dict.fromkeys(_PRIMARY, "primary"), **dict.fromkeys(SECONDARY, "secondary")},
    native=(*SECONDARY, "deaths", *SITE),
    feeds=(
        Feed(relation="patients", needs=("srpatient", "srpatientregistration"), sql="patients", stored=True),
        Feed(relation="gp_events", needs=("srcode",), sql="gp_events", stored=True),
        Feed(relation="prescriptions", needs=("srprimarycaremedication",), sql="prescriptions", stored=True),
        *as_they_are(*SECONDARY, "deaths", *SITE),
        Feed(relation="organisations", needs=("srorganisation",), sql="organisations", stored=True),
    ),
    changes={
        **{
            table: _changes(table, "RowIdentifier")
            for table in ("srpatient", "srpatientregistration", *_RECORDS)
        },
        "srorganisation": _changes("srorganisation", "ID"),
        "srctv3tosnomed": _changes("srctv3tosnomed", "Ctv3Code", removes=False),
    },
    code_tables=(
        CodeTable(
            table="srcode",
            column="CTV3Code",
            dictionary="srctv3tosnomed",
            key="Ctv3Code",
            # a concept beside it, or a code of SystmOne's own, which no map holds
            explained="nullif(SNOMEDCode, '-1') IS NOT NULL OR regexp_matches(CTV3Code, '^Y[0-9A-Za-z]{4}$')",
        ),
    ),
    limits=(
        ("patients", "the tables that are read of SystmOne hold neither ethnicity nor deprivation"),
        ("gp_events", "SystmOne's referrals and answered questionnaires are not read"),
    ),
)
