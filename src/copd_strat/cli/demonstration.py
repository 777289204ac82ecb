"""Commands that make things to start from: synthetic extracts and the demonstration."""

from __future__ import annotations

import json
import re
import shutil
import sys
from datetime import date, timedelta
from pathlib import Path

import click

from copd_strat import config
from copd_strat.cli import options
from copd_strat.cli.terminal import say, show
from copd_strat.errors import OutputError
from copd_strat.publish.folder import write_errors

# Published with the program, so it protects nobody: it is for people who do not exist.
_DEMO_KEY = "a demonstration key for synthetic people only\n"


def last_month_end(day: date) -> date:
    return day.replace(day=1) - timedelta(days=1)


@click.command()
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder to write to.")
@click.option("--seed", type=int, default=1, show_default=True)
@click.option("--practices", type=click.IntRange(1), default=30, show_default=True)
@click.option("--register", type=click.IntRange(1), default=6000, show_default=True, help="People with COPD.")
@click.option("--years", type=click.IntRange(2), default=5, show_default=True, help="Years of history.")
@click.option("--layout", type=click.Choice(config.layouts()), default="native", show_default=True)
@click.option(
    "--end",
    type=options.Day(),
    default=lambda: last_month_end(options.today()),
    show_default="last day of last month",
    help="Last complete day of the GP records.",
)
def synth(out: Path, seed: int, practices: int, register: int, years: int, layout: str, end: date) -> None:
    """Write SYNTHETIC extracts of people who do not exist, with the truth beside them."""
    write_extracts(
        out, seed=seed, practices=practices, register=register, years=years, layout=layout, end=end
    )


def write_extracts(
    out: Path, *, seed: int, practices: int, register: int, years: int, layout: str, end: date
) -> None:
    from copd_strat.synthetic import SyntheticSettings, generate

    settings = SyntheticSettings(
        seed=seed, practices=practices, register=register, years=years, layout=layout, end=end
    )
    report = generate(settings, out)
    people = f"{report.people:,} people, {report.register:,} with COPD"
    say(f"SYNTHETIC extracts in layout {report.layout}: {people}")
    for name, rows in report.rows.items():
        say(f"  {name:<20} {rows:>12,} rows")
    show(str(report.extracts.parent))


@click.command()
@click.option("--folder", type=click.Path(path_type=Path), default=Path("demo"), show_default=True)
@click.option("--practices", type=click.IntRange(1), default=30, show_default=True)
@click.option("--register", type=click.IntRange(1), default=6000, show_default=True, help="People with COPD.")
@click.pass_context
def demo(context: click.Context, folder: Path, practices: int, register: int) -> None:
    """Synthetic extracts, a configuration and a key in a folder, then a whole run on them."""
    from copd_strat.cli.nightly import run

    extracts = folder / "extracts"
    if (extracts / "native").exists():
        say(f"The extracts in {extracts} are there already and stay as they are.")
    else:
        end = last_month_end(options.today())
        write_extracts(
            extracts, seed=1, practices=practices, register=register, years=5, layout="native", end=end
        )
    with write_errors(folder):
        key = folder / "reference.key"
        key.touch(mode=0o600)
        key.write_text(_DEMO_KEY, encoding="utf-8")
        for name in ("demo.yaml", config.SCHEMA):
            shutil.copyfile(config.packaged_folder("pipelines") / name, folder / name)
    context.invoke(run, config_path=folder / "demo.yaml")


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path), default="nightly.yaml", show_default=True)
def init(folder: Path, output: Path) -> None:
    """Look at the headers of the files in FOLDER, propose a layout and write a configuration for it.

    On a terminal it asks for what only a person knows. What is not answered stays in angle brackets, and
    'doctor' and 'run' name it. The JSON Schemas beside the configuration let an editor check it.
    """
    from copd_strat.extracts.propose_layout import propose
    from copd_strat.pathways.policy_files import FOLDER, SCHEMA

    if output.exists():
        raise OutputError(f"{output}: is there already", fix="give another name with -o")
    found = propose(folder, config.packaged_folder("data_contracts"))
    for name, files in found.tables.items():
        say(f"  {name:<20} {', '.join(files[:3])}{' …' if len(files) > 3 else ''}")
    for sentence in found.unread:
        say(f"  not read: {sentence}")
    text = _with_extracts(found.layout, found.folder.resolve())
    if _on_terminal():
        text = _BLANK.sub(_asked, text)
    with write_errors(output):
        output.write_text(text, encoding="utf-8")
        for schema in (config.packaged_folder("pipelines") / config.SCHEMA, FOLDER / SCHEMA):
            shutil.copyfile(schema, output.with_name(schema.name))
    show(f"Layout {found.layout}: {found.files} files fit.")
    show(f"Wrote {output}; for editors, {config.SCHEMA} and, for policies of your own, {SCHEMA}.")
    blanks = len(_BLANK.findall(text))
    todo = f"fill in what stands in angle brackets ({blanks} places), then run" if blanks else "run"
    show(f"Next: {todo} 'copd-strat doctor --config {output}'")


def _on_terminal() -> bool:
    return sys.stdin.isatty()


# A key whose value is still a remark in angle brackets.
_BLANK = re.compile(r"(?<=: )<([^<>]*)>(?=$)", re.MULTILINE)
_EXTRACTS = re.compile(r"(?<=^extracts:\n)(?:  .*\n)+", re.MULTILINE)


def _with_extracts(layout: str, folder: Path) -> str:
    """The packaged template of a night with this one source."""
    template = (config.packaged_folder("pipelines") / "nightly.yaml").read_text(encoding="utf-8")
    return _EXTRACTS.sub(lambda _: f"  - {{layout: {layout}, path: {json.dumps(str(folder))}}}\n", template)


def _asked(blank: re.Match[str]) -> str:
    """The answer as YAML; the blank itself if there is none."""
    answer = click.prompt(blank[1].capitalize(), default=blank[0], show_default=False, err=True).strip()
    is_plain = answer == blank[0] or re.fullmatch(r"\d{4}-\d\d-\d\d", answer)
    return answer if is_plain else json.dumps(answer, ensure_ascii=False)


COMMANDS = (synth, demo, init)
