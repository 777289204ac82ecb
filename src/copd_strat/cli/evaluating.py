"""Commands on whether it works here: back-test, recalibrate, train, evaluate."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from copd_strat import __version__, config
from copd_strat.cli import options
from copd_strat.cli.command_line import typed
from copd_strat.cli.nightly import say_reads
from copd_strat.cli.terminal import say, show, show_json, table
from copd_strat.errors import OutputError
from copd_strat.progress import Narrator
from copd_strat.publish import RunFolder

if TYPE_CHECKING:
    from copd_strat.backtesting import Tested

indexes = click.option(
    "--index",
    "indexes",
    type=options.Day(),
    multiple=True,
    required=True,
    help="A day at least a year before the extracts end; give it several times.",
)


@click.command()
@options.config
@options.as_of
@indexes
@options.as_json
def backtest(config_path: Path, as_of: date, indexes: tuple[date, ...], as_json: bool) -> None:
    """Does the risk fit here? Every model and baseline as of INDEX, against the year that followed."""
    from copd_strat import backtesting
    from copd_strat.plan import Night, plan

    night = Night(settings=config.load(config_path), as_of=as_of, command="backtest", check_again=typed())
    dates = sorted(set(indexes))
    say(f"copd-strat {__version__} · {night.settings.title} · back-test of {len(dates)} index date(s)")
    with RunFolder(night.settings.output).lock("backtest"):
        planned = plan(night)
        say_reads(planned)
        say(f"  writes  {night.settings.output / 'backtest'}: {', '.join(map(str, dates))}")
        steps = len(backtesting.READING) + len(dates)
        tested = backtesting.backtest(planned, dates, Narrator(say, total=steps))
    if as_json:
        show_json([_as_json(one) for one in tested])
        return
    for one in tested:
        show_tested(one)
    say("These figures are for the site; only shareable.html may go further.")


def _as_json(tested: Tested) -> dict[str, Any]:
    metrics = tested.test.tables["metrics"]
    overall = metrics[metrics["group_type"] == "overall"]
    return {"index": tested.test.index, "folder": str(tested.folder), "metrics": overall.to_dict("records")}


def show_tested(tested: Tested) -> None:
    """In short; the risks in use beside what needs no model; where the page with all others is."""
    from copd_strat.evaluation.backtest_files import PAGE
    from copd_strat.evaluation.backtest_page import groups_told
    from copd_strat.evaluation.backtest_words import in_short, policy_words

    tables, record = tested.test.tables, tested.test.record
    show(f"\nIndex {tested.test.index}: {record['register']:,} people on the register\n")
    for sentence in in_short(tables, record, groups_told(exact=True)):
        show(f"  {sentence}")
    show("")
    for sentence in policy_words(tables["policies"], record):
        show(f"  {sentence}")
    show("")
    show(table(["outcome", "ranked by", "C-statistic", "O/E", "slope", "found at capacity"], _beside(tested)))
    show(
        "O/E: observed over expected. Found at capacity: share of those with one whom a month's places reach."
    )
    show(f"\n  {tested.folder / PAGE}: all {len(record['models'])}, groups, tables")


def _beside(tested: Tested) -> list[list[str]]:
    """The risks in use, and two baselines that need no model."""
    from copd_strat.evaluation.backtest_page import figure

    metrics, record = tested.test.tables["metrics"], tested.test.record
    overall = metrics[metrics["group_type"] == "overall"]
    rows = []
    for outcome, in_use in record["in_use"].items():
        for model in (in_use, "last_year_count", "severe_ever"):
            own = overall[(overall["outcome"] == outcome) & (overall["model"] == model)]
            found = {row.metric: figure(row.value, row.lower, row.upper) for row in own.itertuples()}
            names = ("c_statistic", "oe_ratio", "calibration_slope", "sensitivity_at_capacity")
            words = outcome.replace("_", " ")
            rows.append([words, record["models"][model], *(found.get(name, "–") for name in names)])
    return rows


signed_off_by = click.option(
    "--signed-off-by", metavar="WHO", help="Who has read the figures and answers for them: name and role."
)


@click.command()
@options.config
@options.as_of
@click.option(
    "--index",
    "indexes",
    type=options.Day(),
    multiple=True,
    required=True,
    help="An index date back-tested here.",
)
@signed_off_by
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    help="File to write [default: recalibration.json beside the configuration].",
)
def recalibrate(
    config_path: Path, as_of: date, indexes: tuple[date, ...], signed_off_by: str | None, output: Path | None
) -> None:
    """Bring the ranking model to this site's level: intercept and slope, from back-tests made before."""
    from copd_strat.evaluation import recalibrating
    from copd_strat.evaluation.backtest_files import FOLDER
    from copd_strat.evaluation.candidates import ranking_name

    settings = config.load(config_path)
    path = output or config_path.parent / "recalibration.json"
    model = ranking_name(settings.risk)
    sources = [recalibrating.read_backtest(settings.output / FOLDER, index) for index in sorted(set(indexes))]
    content = recalibrating.recalibrate(sources, model, settings.risk.care_setting)
    write_sealed(path, content, signed_off_by, as_of)
    rows = [
        [outcome, found["people"], found["events"], _text(found["oe_before"]), _text(found["oe_after"])]
        for outcome, found in content["outcomes"].items()
    ]
    show(table(["outcome", "people", "events", "O/E before", "O/E after, on the same people"], rows))
    show(f"\nWrote {path}. Nobody's place in the order changes; thresholds now meet other risks.")
    if not signed_off_by:
        show("Next: read it, then write into it who signs it off; until then a run refuses it.")
    show(f"Next: name it in the configuration: risk: {{recalibration: {path.name}}}")


def _text(measured: list[float | None]) -> str:
    from copd_strat.evaluation.backtest_page import figure

    return figure(*measured)


def write_sealed(path: Path, content: dict[str, Any], signed_off_by: str | None, day: date) -> None:
    """A new file of the site's own figures; one that is there is never overwritten."""
    from copd_strat.publish.folder import write_errors
    from copd_strat.risk.sealed_files import text_of

    if path.exists():
        raise OutputError(f"{path}: is there already", fix="give another name with -o, or move it away")
    signature = {"signed_off_by": signed_off_by, "signed_off_on": day.isoformat() if signed_off_by else None}
    draft = path.with_name(f".{path.name}.draft")
    with write_errors(path):
        draft.write_text(text_of(content | signature), encoding="utf-8")
        draft.replace(path)


@click.command()
@options.config
@options.as_of
@indexes
@click.option("--name", default="own_model", show_default=True, help="Name by which a policy may rank by it.")
@click.option(
    "--outcome",
    type=click.Choice(["severe", "any"]),
    default="severe",
    show_default=True,
    help="What it foretells.",
)
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    help="File to write [default: NAME.json beside the configuration].",
)
def train(
    config_path: Path,
    as_of: date,
    indexes: tuple[date, ...],
    name: str,
    outcome: str,
    seed: int,
    output: Path | None,
) -> None:
    """Train the site's own additive model; the last INDEX is held out. Recalibrate first: it needs less."""
    from copd_strat import backtesting, training_run
    from copd_strat.evaluation.training import Wanted
    from copd_strat.plan import Night, plan

    night = Night(settings=config.load(config_path), as_of=as_of, command="train", check_again=typed())
    path = output or config_path.parent / f"{name}.json"
    wanted = Wanted(
        name=name,
        title=f"Own additive model of {night.settings.title}",
        outcome=f"{outcome}_exacerbation",
        seed=seed,
    )
    dates = sorted(set(indexes))
    say(f"copd-strat {__version__} · {night.settings.title} · training on {len(dates)} index date(s)")
    with RunFolder(night.settings.output).lock("train"):
        planned = plan(night)
        say_reads(planned)
        steps = len(backtesting.READING) + len(dates) + 1
        content = training_run.train_model(planned, dates, wanted, Narrator(say, total=steps))
    write_sealed(path, content, None, as_of)
    rows = [
        [
            model,
            found["people"],
            *(_text(found[metric]) for metric in ("c_statistic", "oe_ratio", "calibration_slope")),
        ]
        for model, found in content["performance"].items()
    ]
    show(table([f"on {content['training']['held_out']}", "people", "C-statistic", "O/E", "slope"], rows))
    show(
        f"\nWrote {path}; read it with 'copd-strat models show {path}', name it in risk.scorecards, back-test it."
    )


@click.command()
@options.config
@options.as_of
@options.as_json
def evaluate(config_path: Path, as_of: date, as_json: bool) -> None:
    """What did the clinic do? Those just within the places against those next in line; power first."""
    from copd_strat import backtesting, programme_run
    from copd_strat.evaluation.programme_words import beforehand, conclusion
    from copd_strat.plan import Night, plan

    night = Night(settings=config.load(config_path), as_of=as_of, command="evaluate", check_again=typed())
    say(f"copd-strat {__version__} · {night.settings.title} · evaluation of the clinic")
    with RunFolder(night.settings.output).lock("evaluate"):
        planned = plan(night)
        say_reads(planned)
        judged = programme_run.evaluate_programme(planned, Narrator(say, total=len(backtesting.READING) + 1))
    if as_json:
        show_json(judged.evaluation.to_json() | {"folder": str(judged.folder)})
        return
    for sentence in (*beforehand(judged.evaluation), *conclusion(judged.evaluation)):
        show(sentence)
    show(f"\n  {judged.folder}")


COMMANDS = (backtest, recalibrate, train, evaluate)
