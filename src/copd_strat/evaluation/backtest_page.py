"""The back-test's pages: what the figures say, in words and tables; no script, nothing fetched.

``shareable`` shows what is of enough people, with counts rounded to 5; ``restricted`` adds practices, rules and
exact counts for the site.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import pandas as pd

from copd_strat.evaluation.backtest import BackTest
from copd_strat.evaluation.backtest_words import in_short, policy_words
from copd_strat.evaluation.candidates import ANY, SEVERE
from copd_strat.evaluation.withheld import withhold_few_found, withhold_rankings, withhold_tenths
from copd_strat.risk import registry

OUTCOME_WORDS = {ANY: "any exacerbation in 12 months", SEVERE: "a severe exacerbation in 12 months"}
_SHARED_GROUPS = ("sex", "age_band", "deprivation_quintile", "ethnicity_group", "missing")


def restricted_page(tested: BackTest, record: dict[str, Any]) -> str:
    """For the site alone."""
    return _render("backtest.html", tested, record, exact=True)


def shareable_page(tested: BackTest, record: dict[str, Any]) -> str:
    """What may leave the site: no practice, no small group, no exact count."""
    return _render("shareable.html", tested, record, exact=False)


DOCUMENTS = ("model_card.md", "tripod_ai.md", "probast_ai.md", "atrs.md")


def document(name: str, tested: BackTest, record: dict[str, Any]) -> str:
    """One of ``DOCUMENTS``, from what ran; counts rounded, small groups left out, as they are to be shown."""
    return _render(name, tested, record, exact=False)


def _render(template: str, tested: BackTest, record: dict[str, Any], *, exact: bool) -> str:
    tables = tested.tables if exact else _for_others(tested.tables)
    kinds = groups_told(exact=exact)
    return page(
        template,
        record=record,
        outcomes=OUTCOME_WORDS,
        short=in_short(tables, record, kinds),
        policy_words=policy_words(tables["policies"], record) if exact else [],
        models={outcome: _overall(tables["metrics"], outcome, record) for outcome in OUTCOME_WORDS},
        groups=_of_groups(tables["metrics"], record["in_use"], kinds),
        curves=_curves(tables["decision_curve"], record["in_use"]),
        calibration=_tenths(tables["calibration"], record["in_use"], exact=exact),
        policies=tables["policies"].to_dict("records") if exact else [],
        rankings=tables["rankings"].to_dict("records"),
        card=registry.model(record["published_model"]),
        figure=figure,
        benefit="{:.3f}".format if exact else "{:.2f}".format,  # more digits would give small counts away
        count=counted if exact else rounded,
    )


def groups_told(*, exact: bool) -> tuple[str, ...]:
    """Kinds of groups on the page: practices for the site alone."""
    return (*_SHARED_GROUPS, "practice") if exact else _SHARED_GROUPS


def _for_others(tables: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    return tables | {
        "metrics": withhold_few_found(tables["metrics"]),
        "rankings": withhold_rankings(tables["rankings"]),
    }


def page(template: str, **content: Any) -> str:
    """A file of templates/ filled with ``content``."""
    return str(_templates().get_template(template).render(content))


def _overall(metrics: pd.DataFrame, outcome: str, record: dict[str, Any]) -> list[dict[str, Any]]:
    """One row a model: its figures by name; those that rank best first."""
    rows = metrics[(metrics["group_type"] == "overall") & (metrics["outcome"] == outcome)]
    found = []
    for model, own in rows.groupby("model", sort=False):
        figures = {row.metric: row for row in own.itertuples()}
        found.append(
            {
                "name": model,
                "model": record["models"][model],
                "n": figures["c_statistic"].n,
                "figures": figures,
            }
        )
    return sorted(found, key=lambda row: -_number(row["figures"]["c_statistic"].value))


def _number(value: Any) -> float:
    return -1.0 if pd.isna(value) else float(value)


def _of_groups(
    metrics: pd.DataFrame, in_use: dict[str, str], kinds: tuple[str, ...]
) -> dict[str, list[dict[str, Any]]]:
    """By outcome: each group's figures of the risk in use."""
    own = _in_use(metrics[metrics["group_type"].isin(kinds)], in_use)
    return {
        outcome: [
            {
                "kind": str(kind).replace("_", " "),
                "group": group,
                "figures": {r.metric: r for r in rows.itertuples()},
            }
            for (kind, group), rows in own[own["outcome"] == outcome].groupby(
                ["group_type", "group_value"], sort=False
            )
        ]
        for outcome in OUTCOME_WORDS
    }


def _in_use(table: pd.DataFrame, in_use: dict[str, str]) -> pd.DataFrame:
    """The rows of the risk that is in use for each outcome."""
    return table[table["model"] == table["outcome"].map(in_use)]


def _curves(curve: pd.DataFrame, in_use: dict[str, str]) -> dict[str, list[dict[Any, Any]]]:
    """Every fifth threshold of the risk in use."""
    own = _in_use(curve[(curve["threshold"] * 100).round() % 5 == 0], in_use)
    return {outcome: own[own["outcome"] == outcome].to_dict("records") for outcome in OUTCOME_WORDS}


def _tenths(
    calibration: pd.DataFrame, in_use: dict[str, str], *, exact: bool
) -> dict[str, list[dict[Any, Any]]]:
    own = _in_use(calibration[calibration["group"].str.startswith("tenth")], in_use)
    parts = {outcome: own[own["outcome"] == outcome] for outcome in OUTCOME_WORDS}
    return {
        outcome: (part if exact else withhold_tenths(part)).to_dict("records")
        for outcome, part in parts.items()
    }


def figure(value: Any, lower: Any = None, upper: Any = None) -> str:
    """'0.74 (0.70 to 0.78)'; a dash where there is none."""
    if pd.isna(value):
        return "–"
    interval = "" if lower is None or pd.isna(lower) else f" ({lower:.2f} to {upper:.2f})"
    return f"{value:.2f}{interval}"


def counted(count: Any) -> str:
    """A count as it is; a dash where it is withheld."""
    return "–" if pd.isna(count) else f"{count:,}"


def rounded(count: Any) -> str:
    """A count to the nearest 5; 1 to 7 are not told (docs/decisions.md §48)."""
    if pd.isna(count):
        return "–"
    return "fewer than 8" if 0 < count < 8 else f"{5 * round(count / 5):,}"


@cache
def _templates() -> Any:
    from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

    return Environment(
        loader=PackageLoader("copd_strat.evaluation"),
        autoescape=select_autoescape(["html"]),  # documents are Markdown
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
