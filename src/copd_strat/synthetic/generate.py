"""A synthetic care system on disk: extracts in one layout, the truth beside them, and the label."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa

from copd_strat.errors import ConfigError
from copd_strat.synthetic import files
from copd_strat.synthetic.settings import SyntheticReport, SyntheticSettings
from copd_strat.synthetic.world import World, simulate_world
from copd_strat.synthetic.writers import cprd_aurum, emis, native, nhse, omop

WRITERS: dict[str, Callable[[dict[str, pa.Table], Path], tuple[Path, ...]]] = {
    "native": native.write,
    "nhse": nhse.write,
    "cprd_aurum": cprd_aurum.write,
    "emis": emis.write,
    "omop": omop.write,
}


def generate(settings: SyntheticSettings, out: Path) -> SyntheticReport:
    """Simulate and write extracts to ``out/<layout>`` and the truth to ``out/truth``.

    Earlier synthetic files there are replaced. Raises ConfigError for a layout that cannot be written,
    OutputError for a folder that cannot be written or holds other files.
    """
    return write_world(simulate_world(settings), out)


def write_world(world: World, out: Path, layout: str | None = None) -> SyntheticReport:
    """Write one simulated world in ``layout`` (else the settings' own): the same people in any layout."""
    chosen = layout or world.settings.layout
    if chosen not in WRITERS:
        raise ConfigError(f"layout '{chosen}' cannot be written", mend=f"choose one of {', '.join(WRITERS)}")
    extracts, truth = out / chosen, out / "truth"
    files.prepare(extracts)
    files.prepare(truth)
    written = [files.write_label(extracts), *WRITERS[chosen](world.tables, extracts)]
    written.append(files.write_label(truth))
    written += [files.write_text(table, truth / f"{name}.csv") for name, table in world.truth.items()]
    return SyntheticReport(
        extracts=extracts,
        truth=truth,
        layout=chosen,
        register=world.settings.register,
        people=world.truth["patients"].num_rows,
        rows={name: table.num_rows for name, table in world.tables.items()},
        files=tuple(written),
    )
