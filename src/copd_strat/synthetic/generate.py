"""A synthetic care system on disk: extracts in one layout, the truth beside them, and the label."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import pyarrow as pa

from copd_strat.errors import ConfigError
from copd_strat.extracts import synthetic_files
from copd_strat.extracts.layouts import LAYOUTS
from copd_strat.synthetic.settings import SyntheticReport, SyntheticSettings
from copd_strat.synthetic.world import World, simulate_world


def generate(settings: SyntheticSettings, out: Path) -> SyntheticReport:
    """Simulate and write extracts to ``out/<layout>`` and the truth to ``out/truth``.

    Earlier synthetic files there are replaced. Raises ConfigError for a layout that cannot be written,
    OutputError for a folder that cannot be written or holds other files.
    """
    return write_world(simulate_world(settings), out)


def write_world(world: World, out: Path, layout: str | None = None) -> SyntheticReport:
    """Write one simulated world in ``layout`` (else the settings' own): the same people in any layout."""
    chosen = layout or world.settings.layout
    if chosen not in LAYOUTS:
        raise ConfigError(f"layout '{chosen}' cannot be written", fix=f"choose one of {', '.join(LAYOUTS)}")
    extracts, truth = out / chosen, out / "truth"
    synthetic_files.prepare(extracts)
    synthetic_files.prepare(truth)
    written = [synthetic_files.write_label(extracts), *writer_of(chosen)(world.tables, extracts)]
    written.append(synthetic_files.write_label(truth))
    written += [
        synthetic_files.write_text(table, truth / f"{name}.csv") for name, table in world.truth.items()
    ]
    return SyntheticReport(
        extracts=extracts,
        truth=truth,
        layout=chosen,
        register=world.settings.register,
        people=world.truth["patients"].num_rows,
        rows={name: table.num_rows for name, table in world.tables.items()},
        files=tuple(written),
    )


def writer_of(layout: str) -> Callable[[dict[str, pa.Table], Path], tuple[Path, ...]]:
    """The layout's writer: canonical tables and a folder into that layout's files."""
    found: Callable[[dict[str, pa.Table], Path], tuple[Path, ...]] = import_module(
        f"copd_strat.extracts.layouts.{layout}.writer"
    ).write
    return found
