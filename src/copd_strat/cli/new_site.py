"""From a folder of unknown files to a configuration that a night can run on."""

from __future__ import annotations

import json
import re
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from copd_strat import config
from copd_strat.cli.terminal import say, show
from copd_strat.errors import OutputError
from copd_strat.model_faults import Key, blanks_of, fault_at
from copd_strat.publish.folder import write_errors

if TYPE_CHECKING:
    from copd_strat.extracts.propose_layout import Proposal, ProposedSource

_EXTRACTS = re.compile(r"(?<=^extracts:\n)(?:  .*\n)+", re.MULTILINE)
_DAY = re.compile(r"\d{4}-\d\d-\d\d")


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    default="nightly.yaml",
    show_default=True,
    help="The configuration to write.",
)
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
    _say_found(found)
    text = _with_extracts(found)
    if _on_terminal():
        text = _with_answers(text, output)
    with write_errors(output):
        output.write_text(text, encoding="utf-8")
        for schema in (config.packaged_folder("pipelines") / config.SCHEMA, FOLDER / SCHEMA):
            shutil.copyfile(schema, output.with_name(schema.name))
    for source in found.sources:
        show(f"Layout {source.layout}: {source.files} files fit.")
    show(f"Wrote {output}; for editors, {config.SCHEMA} and, for policies of your own, {SCHEMA}.")
    blanks = len(list(blanks_of(config.plain_yaml(text))))
    todo = f"fill in what stands in angle brackets ({blanks} places), then run" if blanks else "run"
    show(f"Next: {todo} 'copd-strat doctor --config {output}'")


def _say_found(found: Proposal) -> None:
    for source in found.sources:
        say(f"{source.folder}: layout {source.layout}{_only(source)}")
        for name, files in source.tables.items():
            say(f"  {name:<24} {', '.join(files[:3])}{' …' if len(files) > 3 else ''}")
        for care in () if source.care else sorted(_CARE.keys() - source.supplies):
            say(f"  nothing of {_CARE[care]}: what rests on it will not be observable")
    for sentence in found.unread:
        say(f"  not read: {sentence}")


_CARE = {"primary": "general practice", "secondary": "hospitals"}


def _only(source: ProposedSource) -> str:
    return f", for {_CARE[source.care]} only" if source.care else ""


def _on_terminal() -> bool:
    return sys.stdin.isatty()


def _with_extracts(found: Proposal) -> str:
    """The packaged template of a night with these sources."""
    template = (config.packaged_folder("pipelines") / "nightly.yaml").read_text(encoding="utf-8")
    lines = "".join(
        f"  - {{layout: {source.layout}, path: {json.dumps(str(source.folder.resolve()))}"
        f"{f', care: [{source.care}]' if source.care else ''}}}\n"
        for source in found.sources
    )
    return _EXTRACTS.sub(lambda _: lines, template)


def _with_answers(text: str, output: Path) -> str:
    """``text`` with each blank that a person fills in; an answer that cannot be is asked for again."""
    say("What only you know; press Enter to leave a question for later:")
    for key, blank in blanks_of(config.plain_yaml(text)):
        answer = _answer(text, key, blank, output)
        text = text.replace(blank, answer, 1)
    return text


def _answer(text: str, key: Key, blank: str, output: Path) -> str:
    """What stands for ``blank`` in the file: a valid answer, or the blank itself if there is none."""
    question = f"{str(key[-1]).replace('_', ' ').capitalize()} ({blank.strip('<>')})"
    while True:
        typed = str(click.prompt(question, default="", show_default=False, err=True)).strip()
        if not typed:
            return blank
        written = typed if _DAY.fullmatch(typed) else json.dumps(typed, ensure_ascii=False)
        raw = config.plain_yaml(text.replace(blank, written, 1))
        fault = fault_at(config.Settings, raw, key, base=output.parent)
        if fault is None:
            return written
        say(f"  {fault}")


COMMANDS = (init,)
