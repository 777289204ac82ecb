"""The shape of the NHS England environments: GDPPR journal, HES APC by financial year, ECDS, deaths."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from copd_strat.extracts.synthetic_files import parts, write_parquet, write_text
from copd_strat.extracts.synthetic_selects import shape

_JOURNAL_PARTS = 8


def write(tables: dict[str, pa.Table], folder: Path) -> tuple[Path, ...]:
    """Parquet parts for GDPPR, one CSV a financial year for HES APC, CSV (ECDS: gzipped) for the rest."""
    written = []
    delivery = pa.table({"last_day": [pc.max(tables["gp_events"]["event_date"])]})
    events, issues = (parts(tables[name], _JOURNAL_PARTS) for name in ("gp_events", "prescriptions"))
    for number, (some_events, some_issues) in enumerate(zip(events, issues, strict=True), start=1):
        pieces = {**tables, "gp_events": some_events, "prescriptions": some_issues, "delivery": delivery}
        path = folder / "gdppr" / f"part_{number:02d}.parquet"
        written.append(write_parquet(shape(pieces, "nhse", "gdppr"), path))
    admitted = shape(tables, "nhse", "hes_apc")
    for year in map(str, pc.unique(admitted["FYEAR"]).to_pylist()):
        of_the_year = admitted.filter(pc.equal(admitted["FYEAR"], pa.scalar(year)))
        written.append(write_text(of_the_year, folder / f"hes_apc_{year}.csv"))
    return (
        *written,
        write_text(shape(tables, "nhse", "ecds"), folder / "ecds.csv.gz"),
        write_text(shape(tables, "nhse", "deaths"), folder / "deaths.csv"),
        write_text(tables["organisations"], folder / "organisations.csv"),
        write_text(tables["local_flags"], folder / "local_flags.csv"),
    )
