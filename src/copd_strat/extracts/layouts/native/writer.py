"""The native layout, each table in another kind of file, so that a demo reads them all."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from copd_strat.extracts.synthetic_files import parts, write_parquet, write_text

_GP_PARTS, _PRESCRIPTION_PARTS = 6, 3


def write(tables: dict[str, pa.Table], folder: Path) -> tuple[Path, ...]:
    """CSV, gzipped CSV, tab text and Parquet parts, as docs/decisions.md §30 allows."""
    written = [write_text(tables[name], folder / f"{name}.csv") for name in _PLAIN]
    for number, part in enumerate(parts(tables["gp_events"], _GP_PARTS), start=1):
        written.append(write_parquet(part, folder / "gp_events" / f"part_{number:02d}.parquet"))
    for number, part in enumerate(parts(tables["prescriptions"], _PRESCRIPTION_PARTS), start=1):
        written.append(write_text(part, folder / f"prescriptions_{number:02d}.csv.gz"))
    episodes = _as_typed(tables["hospital_episodes"])
    written.append(write_text(episodes, folder / "hospital_episodes.txt", delimiter="\t"))
    written.append(write_text(tables["ed_attendances"], folder / "ed_attendances.csv.gz"))
    return tuple(written)


_PLAIN = ("patients", "deaths", "organisations", "local_flags", "community_contacts", "app_activity")


def _as_typed(episodes: pa.Table) -> pa.Table:
    """Every tenth row's ICD-10 codes with the dot, and every tenth without the padding X."""
    row = np.arange(episodes.num_rows)
    dotted, unpadded = pa.array(row % 10 == 3), pa.array(row % 10 == 7)
    for name in (name for name in episodes.column_names if name.startswith("diagnosis_")):
        code = episodes[name]
        with_dot = pc.replace_substring_regex(code, r"^(...)([0-9])", r"\1.\2")
        without_x = pc.replace_substring_regex(code, "X$", "")
        typed = pc.if_else(dotted, with_dot, pc.if_else(unpadded, without_x, code))
        episodes = episodes.set_column(episodes.column_names.index(name), name, typed)
    return episodes
