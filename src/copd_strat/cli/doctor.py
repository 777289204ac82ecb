"""Is this site ready for a night? Each check says what it found and what to do."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import click

from copd_strat import config
from copd_strat.cli import options
from copd_strat.cli.terminal import show, table
from copd_strat.errors import ConfigError, CopdStratError, InputError, OutputError
from copd_strat.file_permissions import check_inputs
from copd_strat.publish import RunFolder
from copd_strat.publish.approval import check_approval

# A night keeps the checked rows beside the run until it is published: about this many times the extracts.
_DISK_PER_INPUT = 6


@click.command()
@options.config
@options.as_of
def doctor(config_path: Path, as_of: date) -> None:
    """Check Python, memory, disk, configuration, contracts, policy, key, extracts and the last run."""
    settings = config.load(config_path)
    outcomes = [(name, _outcome(check)) for name, check in _checks(settings, as_of)]
    show(table(["check", "", "found"], [(name, *_line(outcome)) for name, outcome in outcomes]))
    failed = [f"{name}: {outcome}" for name, outcome in outcomes if isinstance(outcome, CopdStratError)]
    if failed:
        # each says how it is put right, so that no fix of the whole stands beside theirs
        raise ConfigError(f"{len(failed)} check(s) failed\n" + "\n".join(failed))


def _outcome(check: Callable[[], str]) -> str | CopdStratError:
    try:
        return check()
    except CopdStratError as error:
        return error


def _line(outcome: str | CopdStratError) -> tuple[str, str]:
    if isinstance(outcome, CopdStratError):
        return "FAIL", outcome.problem.splitlines()[0]
    return "ok", outcome


def _checks(settings: config.Settings, as_of: date) -> Iterator[tuple[str, Callable[[], str]]]:
    yield "python", lambda: sys.version.split()[0]
    yield "memory", lambda: _memory(settings)
    yield "approval", lambda: _approval(settings, as_of)
    yield "contracts", lambda: _contracts(settings)
    yield "policy", lambda: _policy(settings)
    yield "reference key", lambda: key_check(settings)
    yield "permissions", lambda: _permissions(settings)
    yield "extracts", lambda: _extracts(settings)
    yield "disk", lambda: _disk(settings)
    yield "write access", lambda: _writable(settings.output)
    yield "hooks", lambda: _hooks(settings.hooks)
    yield "last run", lambda: _last_run(settings.output)


def _memory(settings: config.Settings) -> str:
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return f"{total / 2**30:.0f} GiB; the engine may use {settings.engine.memory_limit}"


def _approval(settings: config.Settings, as_of: date) -> str:
    check_approval(settings.governance, as_of=as_of)
    return f"{settings.governance.approval_reference}, until {settings.governance.approval_expires}"


def _contracts(settings: config.Settings) -> str:
    from copd_strat.contracts.contract_files import packaged
    from copd_strat.contracts.lint import contract_files, lint

    folder = settings.contracts or packaged()
    faults = lint(folder)
    if faults:
        raise ConfigError(
            f"{len(faults)} fault(s), first: {faults[0]}", fix="'copd-strat contracts lint' tells them all"
        )
    return f"{len(contract_files(folder))} contracts, no faults"


def _policy(settings: config.Settings) -> str:
    from copd_strat.pathways import load_policy

    return load_policy(settings.pathways.policy).label


def key_check(settings: config.Settings) -> str:
    """The key, held against that of the published run, which a night would refuse to leave."""
    from copd_strat.pathways import reference_key
    from copd_strat.pathways.reference_keys import key_change

    key = reference_key(settings.pathways)
    try:
        published = RunFolder(settings.output).current()
    except InputError:
        return f"{len(key)} bytes; not compared, since the last run cannot be read"
    if published is None:
        return f"{len(key)} bytes"
    key_change(published.manifest["reference_key"], key, None)
    return f"{len(key)} bytes, the key of the published run"


def _permissions(settings: config.Settings) -> str:
    check_inputs(settings)
    return "nobody else may write to the inputs"


def _extracts(settings: config.Settings) -> str:
    from copd_strat.contracts.contract_files import packaged
    from copd_strat.extracts.propose_layout import look_at

    found = [look_at(source, settings.contracts or packaged()) for source in settings.extracts]
    told = [f"{s.layout}: {len(s.tables)} tables in {s.files} files" for f in found for s in f.sources]
    unread = [sentence for proposal in found for sentence in proposal.unread]
    return "; ".join(told) + (f"; {len(unread)} not read, first {unread[0]}" if unread else "")


def _disk(settings: config.Settings) -> str:
    from copd_strat.extracts.inventory import inventory

    size = sum(item.bytes for source in settings.extracts for item in inventory(source.path))
    there = next(path for path in (settings.output, *settings.output.parents) if path.exists())
    free = shutil.disk_usage(there).free
    if free < _DISK_PER_INPUT * size:
        raise OutputError(
            f"{free / 1e9:.1f} GB free, about {_DISK_PER_INPUT * size / 1e9:.1f} GB needed",
            fix=f"free space where {there} lies, or put output elsewhere",
        )
    return f"{free / 1e9:.1f} GB free"


def _writable(output: Path) -> str:
    folder = RunFolder(output)
    with folder.lock("doctor"):
        return "the output folder can be written and is not locked"


def _hooks(hooks: config.HookSettings) -> str:
    commands = {"on_success": hooks.on_success, "on_failure": hooks.on_failure}
    absent = [name for name, command in commands.items() if command and not shutil.which(command[0])]
    if absent:
        raise ConfigError(
            f"hooks.{absent[0]}: {commands[absent[0]][0]} cannot be run",
            fix="give its whole path, and the right to run it ('chmod u+x')",
        )
    return ", ".join(name for name, command in commands.items() if command) or "none"


def _last_run(output: Path) -> str:
    current = RunFolder(output).intact_current()
    if current is None:
        return "none yet"
    return f"run {current.run_id} of {current.manifest['as_of']}, all files as published"


COMMANDS = (doctor,)
