"""Who is CP-7K3M-9QWX-4? The practice's own key sheet, made where its patients are known."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import click

from copd_strat import config
from copd_strat.cli import options
from copd_strat.cli.terminal import say, show
from copd_strat.errors import InputError
from copd_strat.publish.folder import write_errors


@click.group()
def keysheet() -> None:
    """A practice's references and its own numbers, side by side: one workbook a practice.

    The site hands over a practice's key once; the practice makes its sheet from it, and no number of a
    patient leaves the practice.

    \b
    copd-strat keysheet key A81001 --config nightly.yaml -o A81001.key     # at the site
    copd-strat keysheet make link.csv --key A81001.key -o keysheets/       # in the practice
    """


@keysheet.command()
@click.argument("practice")
@options.config
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="File for the key.")
def key(practice: str, config_path: Path, output: Path) -> None:
    """Derive the key of PRACTICE from the site's: it makes this practice's references and no others'."""
    from copd_strat.lists import ODS_PRACTICE
    from copd_strat.lists.key_sheets import outside_output
    from copd_strat.pathways import practice_key_text, reference_key

    settings = config.load(config_path)
    if not re.fullmatch(ODS_PRACTICE, practice):
        raise click.UsageError(f"{practice!r} is not a practice code such as A81001")
    outside_output(output.parent, settings.output)
    with write_errors(output):
        output.touch(mode=0o600)
        output.chmod(0o600)
        output.write_text(practice_key_text(reference_key(settings.pathways), practice), encoding="ascii")
    say(f"hand {output} to practice {practice} by a safe way: it is as secret as the key sheet")
    show(str(output))


@keysheet.command()
@click.argument("link", type=click.Path(path_type=Path))
@click.option("--key", "key_path", type=click.Path(path_type=Path), help="The key of one practice.")
@click.option(
    "--config", "config_path", type=click.Path(path_type=Path), help="At the site: all practices of LINK."
)
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), required=True, help="Folder of the key sheets."
)
@options.as_of
def make(link: Path, key_path: Path | None, config_path: Path | None, output: Path, as_of: date) -> None:
    """Make the key sheet from LINK, a CSV file with patient_id (as in the extract) and local_id.

    With --config (the site's key) LINK names each line's practice_id and may hold several practices. NHS
    numbers are refused, and so is a folder inside the output of runs.
    """
    from copd_strat.lists.key_sheets import outside_output, read_link, write_key_sheets
    from copd_strat.pathways import make_references, practice_key_from, reference_key, references_of_practice

    if (key_path is None) == (config_path is None):
        raise click.UsageError("give --key of the practice, or --config of the site")
    people = read_link(link)
    if key_path is not None:
        practice, secret = practice_key_from(key_path)
        people = people.assign(practice_id=people.get("practice_id", practice))
        if set(people["practice_id"]) - {practice}:
            raise InputError(
                f"{link}: holds another practice than {practice}", fix="give that practice's lines alone"
            )
        written = write_key_sheets(output, people, lambda rows: references_of_practice(rows, secret), as_of)
    elif config_path is not None:
        settings = config.load(config_path)
        site = reference_key(settings.pathways)
        if "practice_id" not in people:
            raise InputError(
                f"{link}: column practice_id is missing", fix="say which practice each line is of"
            )
        outside_output(output, settings.output)
        written = write_key_sheets(output, people, lambda rows: make_references(rows, site), as_of)
    for path in written:
        path.chmod(0o600)
        show(str(path))


COMMANDS = (keysheet,)
