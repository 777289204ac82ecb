"""What was typed, so that an error's next command is one of it and never another's."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import click

from copd_strat.errors import ApprovalError, ConfigError, CopdStratError, RequestError

_TYPED, _CONFIG = "copd_strat.typed", "copd_strat.config"
# What the configuration or the approval lacks is checked by doctor, whatever was typed.
_DOCTORS = (ConfigError, ApprovalError)


def remember_config(ctx: click.Context, _param: click.Parameter, path: Path) -> Path:
    """The callback of ``--config``: every context of this call knows the configuration."""
    ctx.meta[_CONFIG] = path
    return path


def typed() -> str:
    """The command as it was typed, ready to be typed again."""
    return str(click.get_current_context().meta[_TYPED])


def doctor_command(path: Path) -> str:
    return f"copd-strat doctor --config {shlex.quote(str(path))}"


class TypedCommands(click.Group):
    """A group whose errors name the next command, unless who raised them did: doctor, or the same once more.

    A request for what is not there names none: the same words would fail again.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        ctx.meta[_TYPED] = shlex.join(("copd-strat", *args))
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except CopdStratError as error:
            if error.then is None and not isinstance(error, RequestError):
                error.then = _next(error, ctx)
            raise


def _next(error: CopdStratError, ctx: click.Context) -> str:
    path = ctx.meta.get(_CONFIG)
    return doctor_command(path) if path and isinstance(error, _DOCTORS) else str(ctx.meta[_TYPED])
