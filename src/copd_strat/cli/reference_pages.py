"""Commands that explain what the program goes by: policies, code lists, references."""

from __future__ import annotations

from pathlib import Path

import click

from copd_strat.cli.terminal import show, table
from copd_strat.config import packaged_folder
from copd_strat.errors import ConfigError

_REFERENCE_TEXT = """\
A list names a patient by a reference such as CP-7K3M-9QWX-4. It is a keyed hash of the pseudonymous patient
id, with a salt of its own for each practice: two practices' lists cannot be joined, and nobody without the
site's key can work a reference out. The last character checks the others, so a mistyped one is noticed.

How a practice finds the person: by its own key sheet, made with 'copd-strat keysheet' from a key that the
site derives for that practice alone. copd-strat itself never holds what links a pseudonym to an NHS number.

The key: at least 32 random bytes, for example from 'openssl rand -hex 32', in the environment variable or
file that the configuration names. Losing it changes every reference. To change it
on purpose: 'copd-strat run --rotate-key-from'; answers on earlier lists still find their patient."""


@click.group()
def policy() -> None:
    """The policies that say who goes where."""


@policy.command("list")
def list_policies() -> None:
    """The shipped policies."""
    from copd_strat.pathways import SHIPPED, load_policy

    show(table(["name", "title"], [[name, load_policy(name).title] for name in SHIPPED]))


@policy.command("show")
@click.argument("name")
def show_policy(name: str) -> None:
    """A policy (a shipped name or a file) in plain English, rule by rule, with sources."""
    from copd_strat.pathways import describe, load_policy

    show(describe(load_policy(name)))


@click.command()
def reference() -> None:
    """What a reference on a list is, and how a practice finds the patient behind it."""
    show(_REFERENCE_TEXT)


@click.group("codelists")
def code_lists() -> None:
    """Concepts and their codes."""


@code_lists.command("list")
@click.option("--extra", type=click.Path(path_type=Path), multiple=True, help="A site's own code list file.")
def list_codelists(extra: tuple[Path, ...]) -> None:
    """Every concept: how many codes it has, and from which list."""
    import tempfile

    from copd_strat import codelists
    from copd_strat.config import EngineSettings
    from copd_strat.engine import Engine

    with tempfile.TemporaryDirectory() as folder:
        engine = Engine.open(EngineSettings(), Path(folder))
        report = codelists.load(engine, extra)
        show(table(["concept", "codes", "source"], engine.rows("SELECT * FROM concepts ORDER BY concept")))
        engine.close()
    show(f"\n{report.codes:,} codes; concepts without any: {', '.join(report.without_codes) or 'none'}")


_FOLDER = click.option(
    "--folder",
    type=click.Path(path_type=Path),
    default=lambda: packaged_folder("data_contracts"),
    show_default="the program's own",
    help="Folder of contracts.",
)


@click.group()
def contracts() -> None:
    """The data contracts and their rules."""


@contracts.command("list")
@_FOLDER
def list_contracts(folder: Path) -> None:
    """Every rule: code, table, what it counts, severity, when it warns and when it stops the run."""
    from copd_strat.contracts import documentation
    from copd_strat.quality.program_rules import PROGRAM_RULES

    head = [name.replace("_", " ") for name in documentation.CatalogueRow._fields]
    show(table(head, documentation.rows(folder, PROGRAM_RULES)))


@contracts.command("show")
@click.argument("code")
@_FOLDER
def show_contract(code: str, folder: Path) -> None:
    """One rule: what it counts, its thresholds, what to do. CODE may be short where one rule has it."""
    from copd_strat.contracts import documentation
    from copd_strat.quality.program_rules import PROGRAM_RULES

    show(documentation.explain(folder, code, PROGRAM_RULES))


@contracts.command("lint")
@_FOLDER
def lint_contracts(folder: Path) -> None:
    """Check every contract against the open standard and the program's own rules."""
    from copd_strat.contracts.lint import contract_files, lint

    faults = lint(folder)
    if faults:
        raise ConfigError(
            f"{folder}: {len(faults)} fault(s)\n" + "\n".join(f"  - {fault}" for fault in faults),
            fix="correct the places named above",
        )
    show(f"{len(contract_files(folder))} contracts, no faults.")


@contracts.command("export")
@_FOLDER
@click.option("--expanded", is_flag=True, help="Write out every rule that the contracts imply.")
@click.option("-o", "--out", type=click.Path(path_type=Path, file_okay=False), required=True)
@click.argument("layouts", nargs=-1)
def export_contracts(folder: Path, expanded: bool, out: Path, layouts: tuple[str, ...]) -> None:
    """Copy the contracts of LAYOUTS (of all, if none is named) to a folder, for a supplier."""
    import shutil

    from copd_strat.contracts.export import write_expanded
    from copd_strat.contracts.lint import contract_files

    chosen = [path for path in contract_files(folder) if not layouts or path.parent.name in layouts]
    if not chosen:
        raise ConfigError(
            f"{folder}: no contracts of {', '.join(layouts)}", fix="name folders that are there"
        )
    if expanded:
        write_expanded(chosen, out)
    else:
        for path in chosen:
            (out / path.parent.name).mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, out / path.parent.name / path.name)
    show(f"{len(chosen)} contracts written to {out}.")


COMMANDS = (policy, reference, code_lists, contracts)
