"""A back-test as files: Parquet by their contracts, the record, pages, and documents from what ran."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from copd_strat.contracts.own_tables import conform, own_table, write_parquet
from copd_strat.evaluation.backtest import BackTest
from copd_strat.evaluation.backtest_page import DOCUMENTS, document, restricted_page, shareable_page
from copd_strat.publish.manifest import write_json

FOLDER, RECORD = "backtest", "backtest.json"
PAGE, SHAREABLE = "backtest.html", "shareable.html"
# For the site's analysts alone: one row a patient.
_RESTRICTED = {"predictions": "analyst"}


def write_backtest(tested: BackTest, folder: Path, about: dict[str, Any]) -> None:
    """Everything of one index date below ``folder``; ``about`` says what it was made of.

    The same extracts, configuration and version give the same bytes.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name, frame in tested.tables.items():
        place = folder / _RESTRICTED.get(name, "")
        write_parquet(conform(own_table("internal", f"backtest_{name}"), frame), place / f"{name}.parquet")
    record = about | tested.record
    write_json(folder / RECORD, record)
    (folder / PAGE).write_text(restricted_page(tested, record), encoding="utf-8")
    (folder / SHAREABLE).write_text(shareable_page(tested, record), encoding="utf-8")
    for name in DOCUMENTS:
        (folder / name).write_text(document(name, tested, record), encoding="utf-8")
