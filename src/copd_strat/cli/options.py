"""Options that several commands share. The clock is read here, once, and nowhere deeper."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

import click

from copd_strat.cli.command_line import remember_config


class Day(click.ParamType[date]):
    """A calendar date such as 2026-03-31."""

    name = "date"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        if isinstance(value, date):
            return value
        try:
            return date.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is not a date; write it as 2026-03-31", param, ctx)


def today() -> date:
    """The date where the program runs; nights are scheduled by local date."""
    return datetime.now().astimezone().date()


config = click.option(
    "--config",
    "config_path",
    type=click.Path(path_type=Path),
    required=True,
    callback=remember_config,
    help="The run's configuration (YAML).",
)
as_of = click.option(
    "--as-of", type=Day(), default=today, show_default="today", help="The run date: who is alive, registered."
)
index = click.option(
    "--index", type=Day(), default=None, help="End of the look-back windows [default: GP data complete to]."
)
no_store = click.option(
    "--no-store",
    is_flag=True,
    help="Parse every file, and take away what earlier runs kept of files; the result is the same.",
)
as_json = click.option("--json", "as_json", is_flag=True, help="The result as JSON on standard output.")
