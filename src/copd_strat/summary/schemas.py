"""The published tables: one object says each table's columns, types and meanings.

The Parquet writer, the data dictionary, the report and the contracts in
``data_contracts/published/`` all follow it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import pyarrow as pa

SCHEMA_VERSION = "1.0.0"

# What Power BI, Tableau's engine, DuckDB and a spreadsheet all read without surprise.
TYPES: dict[str, pa.DataType] = {
    "string": pa.string(),
    "int32": pa.int32(),
    "int64": pa.int64(),
    "double": pa.float64(),
    "bool": pa.bool_(),
    "date32": pa.date32(),
}


@dataclass(frozen=True)
class Column:
    """A column: its type (a key of TYPES), what it means, and how not to use it."""

    name: str
    type: str
    meaning: str
    caution: str = ""
    required: bool = True
    values: tuple[str, ...] = ()


@dataclass(frozen=True)
class Table:
    """A published table; ``key`` columns identify a row and give its order."""

    name: str
    meaning: str
    key: tuple[str, ...]
    columns: tuple[Column, ...] = field(repr=False)
    csv_twin: bool = False

    @property
    def schema(self) -> pa.Schema:
        fields = [
            pa.field(c.name, TYPES[c.type], nullable=not c.required, metadata={"description": c.meaning})
            for c in self.columns
        ]
        return pa.schema(fields, metadata={"schema_version": SCHEMA_VERSION, "table": self.name})

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)


NEVER_SUM = "Never sum across breakdown_type, or across organisation levels: totals are rows of their own."
ROUNDED = "Rounded to the nearest 5, so parts need not add up to totals."
STATUSES = ("shown", "suppressed_small", "not_applicable", "insufficient_data")

_PERIOD = (
    Column("period_start", "date32", "First day of the month"),
    Column("period_end", "date32", "Last day of the month"),
)
_CELL = (
    Column("org_key", "string", "Organisation; key of dim_org", NEVER_SUM),
    Column("breakdown_type", "string", "What the row is broken down by; 'all' is the total", NEVER_SUM),
    Column("breakdown_value", "string", "Value of the breakdown; with breakdown_type a key of dim_breakdown"),
)
_STATUS = Column(
    "value_status",
    "string",
    "shown; suppressed_small: hidden because it is small or would give a small number away; "
    "not_applicable: nobody to count among; insufficient_data: no source covers it",
    "A hidden value is empty, never 0.",
    values=STATUSES,
)
_REVISION = Column(
    "revision",
    "int32",
    "0 first figures, 1 the one revision after three months",
    "Use the latest: dim_period.latest_revision.",
)

FACT_INDICATOR = Table(
    "fact_indicator",
    "Monthly indicators after disclosure control",
    ("period_start", "revision", "indicator_id", "org_key", "breakdown_type", "breakdown_value"),
    (
        *_PERIOD,
        Column("period_type", "string", "Always 'month'", values=("month",)),
        *_CELL,
        Column("indicator_id", "string", "Indicator; key of dim_indicator"),
        Column("numerator", "int64", "Events, days or people counted", ROUNDED, required=False),
        Column("denominator", "int64", "People among whom they are counted", ROUNDED, required=False),
        Column(
            "value",
            "double",
            "Count, rate or percentage, from the rounded numbers",
            "Do not average; recompute from numerator and denominator.",
            required=False,
        ),
        Column("ci_lower", "double", "Lower 95 % limit, from the rounded numbers", required=False),
        Column("ci_upper", "double", "Upper 95 % limit, from the rounded numbers", required=False),
        _STATUS,
        Column("sdc_method", "string", "Rule of disclosure control that was applied"),
        Column(
            "group_disclosure",
            "bool",
            "The published percentage is 0 or 100: it says something about everybody in the group",
            "Read before quoting: handle as sensitive.",
        ),
        Column("is_provisional", "bool", "True until the revision after three months"),
        _REVISION,
        Column("run_id", "string", "Run that first published the row; key of dim_run"),
    ),
    csv_twin=True,
)

FACT_SPC = Table(
    "fact_spc",
    "Statistical process control (XmR) of monthly indicators, from published values only",
    ("indicator_id", "org_key", "period_start"),
    (
        *_PERIOD,
        Column("org_key", "string", "Organisation; key of dim_org"),
        Column("indicator_id", "string", "Indicator; key of dim_indicator"),
        Column("value", "double", "The month's published value", required=False),
        Column("mean", "double", "Mean of the series", required=False),
        Column(
            "lower_limit",
            "double",
            "Lower process limit: mean less 2.66 times the mean moving range",
            "May be below 0: a limit of the process, not of the measure.",
            required=False,
        ),
        Column(
            "upper_limit",
            "double",
            "Upper process limit: mean plus 2.66 times the mean moving range",
            required=False,
        ),
        Column(
            "special_cause",
            "string",
            "First rule that the point meets, or 'none'",
            values=("none", "outside_limits", "trend", "two_of_three", "shift"),
        ),
        Column(
            "variation",
            "string",
            "What the point says, given which direction is better",
            values=("common", "improvement", "concern", "neutral_high", "neutral_low", "not_assessed"),
        ),
        Column("trial_limits", "bool", "Fewer than 13 points: the limits may still move"),
        _STATUS,
    ),
    csv_twin=True,
)

FACT_DATA_QUALITY = Table(
    "fact_data_quality",
    "Completeness, worked out from published numbers only",
    ("period_start", "revision", "check_id", "org_key"),
    (
        *_PERIOD,
        Column("org_key", "string", "Organisation; key of dim_org"),
        Column(
            "check_id",
            "string",
            "sex_unknown, imd_quintile_unknown, ethnicity_group_unknown: people whose value is not known; "
            "figures_hidden: cells of fact_indicator that are hidden",
            values=(
                "sex_unknown",
                "age_band_unknown",
                "imd_quintile_unknown",
                "ethnicity_group_unknown",
                "figures_hidden",
            ),
        ),
        Column("failed", "int64", "People (rounded) or figures that fail the check", ROUNDED, required=False),
        Column("checked", "int64", "People (rounded) or figures checked", ROUNDED, required=False),
        Column("value", "double", "Failed per 100 checked", required=False),
        _STATUS,
        _REVISION,
    ),
    csv_twin=True,
)

DIM_ORG = Table(
    "dim_org",
    "Organisations; a new row whenever name or membership changes (slowly changing, type 2)",
    ("org_key",),
    (
        Column("org_key", "string", "Level, code and first month of this version"),
        Column(
            "org_level",
            "string",
            "practice, pcn, sub_icb or icb",
            values=("practice", "pcn", "sub_icb", "icb"),
        ),
        Column("org_code", "string", "Code of the organisation: the same through all its versions"),
        Column("org_name", "string", "Name", required=False),
        Column("pcn_code", "string", "PCN it is or belongs to", required=False),
        Column("sub_icb_code", "string", "Sub-ICB location it is or belongs to", required=False),
        Column("icb_code", "string", "Integrated care board it is or belongs to"),
        Column("valid_from", "date32", "First day of the first month of this version"),
        Column("valid_to", "date32", "Last day of its last month; empty while current", required=False),
        Column("is_current", "bool", "Valid in the latest published month"),
    ),
)

DIM_INDICATOR = Table(
    "dim_indicator",
    "What each indicator counts",
    ("indicator_id",),
    (
        Column("indicator_id", "string", "Indicator"),
        Column("name", "string", "Name for people"),
        Column("unit", "string", "Unit of value"),
        Column("kind", "string", "count, rate or proportion", values=("count", "rate", "proportion")),
        Column("multiplier", "int32", "value = multiplier x numerator / denominator"),
        Column("polarity", "string", "Which direction is better", values=("higher", "lower", "neutral")),
        Column("counts", "string", "What the numerator counts", values=("people", "events", "days")),
        Column(
            "interval_method",
            "string",
            "Byar (exact Poisson under 10) or Wilson",
            "Repeated events of one person make true limits wider.",
            values=("byar", "wilson", "none"),
        ),
        Column("numerator_definition", "string", "Numerator in words"),
        Column("denominator_definition", "string", "Denominator in words"),
        Column("source", "string", "Where the definition comes from"),
    ),
)

DIM_PERIOD = Table(
    "dim_period",
    "Published months",
    ("period_start",),
    (
        *_PERIOD,
        Column("period_type", "string", "Always 'month'", values=("month",)),
        Column("label", "string", "Month in words"),
        Column("financial_year", "string", "NHS financial year, April to March"),
        Column("latest_revision", "int32", "Revision of fact_indicator to use"),
        Column("is_provisional", "bool", "A revision is still to come"),
    ),
)

DIM_BREAKDOWN = Table(
    "dim_breakdown",
    "Breakdowns and their values",
    ("breakdown_type", "breakdown_value"),
    (
        Column("breakdown_type", "string", "Breakdown"),
        Column("breakdown_value", "string", "Value"),
        Column("label", "string", "Value in words"),
        Column("sort_order", "int32", "Order within the breakdown"),
        Column("is_unknown", "bool", "Stands for people whose value is not known"),
    ),
)

DIM_RUN = Table(
    "dim_run",
    "Runs that published a month",
    ("run_id",),
    (
        Column("run_id", "string", "Run"),
        Column("title", "string", "Title of the run's configuration"),
        Column("as_of", "date32", "Run date"),
        Column("index_date", "date32", "End of the look-back windows"),
        Column("complete_to", "date32", "Last day to which every source is complete"),
        Column("policy", "string", "Policy that gave the dispositions"),
        Column("model", "string", "Risk model"),
        Column("synthetic", "bool", "True: these people do not exist"),
        Column("schema_version", "string", "Version of the published schema"),
    ),
)

DATA_DICTIONARY = Table(
    "data_dictionary",
    "This dictionary",
    ("table_name", "position"),
    (
        Column("table_name", "string", "Table"),
        Column("position", "int32", "Place of the column in the table"),
        Column("column_name", "string", "Column"),
        Column("type", "string", "Type in Parquet"),
        Column("may_be_empty", "bool", "The column may be empty"),
        Column("allowed_values", "string", "Allowed values, if limited", required=False),
        Column("meaning", "string", "What it holds"),
        Column("caution", "string", "How not to use it", required=False),
    ),
    csv_twin=True,
)

TABLES = (
    FACT_INDICATOR,
    FACT_SPC,
    FACT_DATA_QUALITY,
    DIM_ORG,
    DIM_INDICATOR,
    DIM_PERIOD,
    DIM_BREAKDOWN,
    DIM_RUN,
    DATA_DICTIONARY,
)
