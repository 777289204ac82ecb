"""The site's own commands that hear how a night ended."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from copd_strat.cli.terminal import say
from copd_strat.errors import BUG_EXIT_CODE, CopdStratError

if TYPE_CHECKING:
    from copd_strat.plan import Night
    from copd_strat.publish import Outcome

# Longer, and the night itself would seem to hang (project choice).
_SECONDS = 300


@contextmanager
def failure_told(night: Night) -> Iterator[None]:
    """An error that ends the night inside starts ``hooks.on_failure``, and goes on its way.

    A night that was stopped by a signal tells nobody: whoever sent it knows.
    """
    try:
        yield
    except Exception as error:
        code = error.exit_code if isinstance(error, CopdStratError) else BUG_EXIT_CODE
        page = error.page if isinstance(error, CopdStratError) else None
        _start(night, "on_failure", page.parent if page else night.settings.output, "stopped", code)
        raise


def tell_success(night: Night, outcome: Outcome) -> None:
    """Start ``hooks.on_success`` with the published run's folder."""
    _start(night, "on_success", outcome.path, outcome.status, 0)


def _start(night: Night, name: str, folder: Path, status: str, code: int) -> None:
    """Run one hook without a shell. It cannot change how the night ended: a fault of its own is only told."""
    command: tuple[str, ...] = getattr(night.settings.hooks, name)
    if not command:
        return
    told = {"COPD_STRAT_STATUS": status, "COPD_STRAT_EXIT_CODE": str(code)}
    # the reference key is the night's alone, and so is the one before it
    secret = (night.settings.pathways.reference_key_env, night.rotate_key_from)
    own = {key: value for key, value in os.environ.items() if key not in secret}
    try:
        done = subprocess.run(  # noqa: S603 - the configuration is the site's own, and no shell reads the words
            [*command, str(folder)],
            env=own | told,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        reason = getattr(error, "strerror", None) or f"took more than {_SECONDS} seconds"
        say(f"Warning: hooks.{name}: {command[0]}: {reason}")
        return
    ended = f"hooks.{name}: {command[0]} ended with {done.returncode}"
    say(ended if done.returncode == 0 else f"Warning: {ended}")
