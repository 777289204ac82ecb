"""What a person sees: chatter on stderr, results on stdout, tables that survive a log file."""

from __future__ import annotations

import json
import signal
import sys
import traceback
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from types import FrameType, NoneType
from typing import NoReturn

import click

from copd_strat.errors import BUG_EXIT_CODE, CopdStratError, Stopped, stop_behind

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def say(line: str) -> None:
    """One line of chatter, with the time of day."""
    if Stopped.asked and sys.exc_info()[1] is None:
        # A signal's exception is lost where it meets a destructor; the next line of the log stops the night.
        raise Stopped.asked
    click.echo(f"{datetime.now().astimezone():%H:%M:%S}  {line}", err=True)


def show(text: str) -> None:
    """A result."""
    click.echo(text)


def show_json(content: object) -> None:
    click.echo(json.dumps(content, indent=2, ensure_ascii=False, default=str))


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Columns padded with spaces; numbers to the right with thousands marked."""
    raw = [list(row) for row in rows]
    body = [[_cell(value) for value in row] for row in raw]
    widths = [max([len(name), *(len(row[n]) for row in body)]) for n, name in enumerate(head)]
    right = [_is_numeric(raw, n) for n in range(len(head))]
    lines = [list(head), ["-" * width for width in widths], *body]
    return "\n".join(_padded(line, widths, right) for line in lines)


def _padded(cells: list[str], widths: list[int], right: list[bool]) -> str:
    padded = (
        cell.rjust(width) if to_right else cell.ljust(width)
        for cell, width, to_right in zip(cells, widths, right, strict=True)
    )
    return "  ".join(padded).rstrip()


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return str(value)


def _is_numeric(rows: list[list[object]], column: int) -> bool:
    return bool(rows) and all(isinstance(row[column], (int, float, NoneType)) for row in rows)


@contextmanager
def exit_codes() -> Iterator[None]:
    """Errors a person can fix become a message and their exit code; anything else is a bug, 70.

    Interrupt, termination and hang-up end the program with one sentence and 128 + the signal's number. A
    bug's report names places in the code only: an exception's text may hold a value of a record.
    """
    for number in _SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:  # nohup and background jobs ignore some on purpose
            signal.signal(number, _stop)
    try:
        yield
    except Stopped as stop:
        _say_stopped(stop)
    except CopdStratError as error:
        _say_error(error)
        sys.exit(error.exit_code)
    except (click.ClickException, click.exceptions.Exit, click.Abort):
        raise
    except Exception as error:  # noqa: BLE001 - the one place where a bug is turned into words
        if signalled := stop_behind(error):
            _say_stopped(signalled)
        _say_bug(error)
        sys.exit(BUG_EXIT_CODE)


def _stop(number: int, _frame: FrameType | None) -> None:
    """A second signal changes nothing: what is staged is being removed."""
    if Stopped.asked is None:
        Stopped.asked = Stopped(number)
        raise Stopped.asked


def _say_stopped(stop: Stopped) -> NoReturn:
    name = signal.Signals(stop.number).name
    say(f"copd-strat was stopped by you ({name}); nothing that was staged is kept")
    sys.exit(128 + stop.number)


def _say_error(error: CopdStratError) -> None:
    lines = [f"copd-strat stopped (exit {error.exit_code}): {error}"]
    if error.page:
        lines.append(f"  Page: {error.page}")
    if error.then:
        lines.append(f"  Then: {error.then}")
    for line in "\n".join(lines).splitlines():
        say(line)


def _say_bug(error: Exception) -> None:
    say(f"copd-strat stopped on an internal error ({type(error).__name__}). Nothing was published.")
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if "copd_strat" in frame.filename][-4:]
    for frame in [*own, *frames[-1:]] if frames[-1] not in own else own:
        say(f"  at {frame.filename.rsplit('copd_strat', 1)[-1]}:{frame.lineno} in {frame.name}")
    say("  Fix: please report these lines; they hold no data.")
