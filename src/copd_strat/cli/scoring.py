"""Commands on published models: score a table, list the models, show one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from copd_strat.cli.terminal import say, show, table
from copd_strat.errors import InputError
from copd_strat.publish.folder import write_errors

if TYPE_CHECKING:
    import pandas as pd


@click.command()
@click.argument("predictors", type=click.Path(path_type=Path), metavar="TABLE")
@click.option("--model", required=True, help="A model's name: see 'copd-strat models list'.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), required=True, help="CSV or Parquet to write."
)
@click.option("--country", help="accept3: three-letter country code of its recalibration.")
@click.option("--observed-risk", type=float, help="accept3: observed one-year risk of another country.")
@click.option(
    "--edition", type=click.Choice(["2023", "2026"]), default="2023", help="gold_abe: GOLD edition."
)
def score(
    predictors: Path, model: str, output: Path, country: str | None, observed_risk: float | None, edition: str
) -> None:
    """Score TABLE (CSV or Parquet, one row a patient) with a published model."""
    from copd_strat.risk.score import score_table

    scores = score_table(
        read_table(predictors), model, country=country, observed_risk=observed_risk, edition=edition
    )
    with write_errors(output):
        write_table(scores, output)
    counts = scores["status"].str.split(":").str[0].value_counts()
    say(f"{model}: {len(scores):,} rows; " + ", ".join(f"{name} {count:,}" for name, count in counts.items()))
    show(str(output))


def read_table(path: Path) -> pd.DataFrame:
    """A CSV or Parquet file; InputError names the file if it is missing or not what its ending says."""
    import pandas as pd

    try:
        if path.suffix == ".parquet":
            return pd.read_parquet(path)
        return pd.read_csv(path, dtype={"ID": str, "patient_id": str}, encoding="utf-8-sig")
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except (OSError, ValueError) as error:  # pandas, pyarrow and decoding errors are ValueErrors
        raise InputError(
            f"{path}: cannot be read ({type(error).__name__})", fix="give a UTF-8 CSV or a Parquet file"
        ) from None


def write_table(frame: pd.DataFrame, path: Path) -> None:
    if path.suffix == ".parquet":
        frame.to_parquet(path, index=False)
    else:
        frame.to_csv(path, index=False)


@click.group()
def models() -> None:
    """The published models on offer, and the site's own."""


@models.command("list")
def list_models() -> None:
    """Name, outcome, horizon and care setting of every model."""
    from copd_strat.risk import registry

    show(table(["name", "outcome", "horizon", "care setting"], registry.list_rows()))


@models.command("show")
@click.argument("name")
def show_model(name: str) -> None:
    """The card of one model: predictors, ranges, source, licence, published performance.

    NAME is a published model's name, or the file of the site's own.
    """
    from copd_strat.risk import own_model, registry

    if name.endswith(".json"):
        show(own_model.show_text(own_model.load_own(Path(name))))
    else:
        show(registry.show_text(name))


COMMANDS = (score, models)
