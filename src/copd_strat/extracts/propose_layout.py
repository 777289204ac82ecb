"""Look at a folder of unknown extracts and say which layout its headers fit."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from copd_strat.contracts.contract import Contract
from copd_strat.contracts.contract_files import load_contracts
from copd_strat.errors import InputError
from copd_strat.extracts.layouts import LAYOUTS
from copd_strat.extracts.source_files import ending, find, open_file


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """A layout and the tables of it that the folder holds, by name of table → names of files."""

    layout: str
    tables: dict[str, tuple[str, ...]]

    @property
    def files(self) -> int:
        return sum(len(names) for names in self.tables.values())


def propose(folder: Path, contracts: Path) -> Proposal:
    """The layout whose contracts fit most files of ``folder``; InputError if none fits any."""
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder", fix="give the folder that holds the extract files")
    proposals = [
        Proposal(layout=name, tables=_tables(folder, load_contracts(contracts, name)))
        for name in LAYOUTS
        if (contracts / name).is_dir()
    ]
    best = max(proposals, key=lambda proposal: proposal.files, default=None)
    if best is None or not best.tables:
        raise InputError(
            f"{folder}: no file fits a table of any layout",
            fix="name the files after their tables (docs/layouts.md), or write the configuration by hand",
        )
    return best


def _tables(folder: Path, contracts: dict[str, Contract]) -> dict[str, tuple[str, ...]]:
    found = {table: _fitting(folder, contract) for table, contract in contracts.items()}
    return {table: names for table, names in found.items() if names}


def _fitting(folder: Path, contract: Contract) -> tuple[str, ...]:
    """Files named after the table whose header holds every column that must be present."""
    wanted = {column.name for column in contract.columns if column.present}
    names = []
    for path in find(folder, contract):
        try:
            columns = open_file(path, folder, contract).columns
        except InputError:
            continue
        if ending(path) and wanted <= set(columns):
            names.append(path.relative_to(folder).as_posix())
    return tuple(names)
