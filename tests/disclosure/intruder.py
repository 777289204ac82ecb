"""An intruder who knows the rules, the tree of organisations and every published table, and owns a solver.

Written apart from the program: unknowns are practice totals and network groups by month, published cells
bound their sums, and whole-number programmes give the least and greatest value of a hidden cell. The intruder
is even told for which reason a cell is hidden, and the exact count of every stock's total that is shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, milp

SMALL, SMALL_STOCK, COVER = 1, 2, 7
LEVELS = ("practice", "pcn", "sub_icb", "icb")
DISPOSITIONS = ("clinic", "self_management", "clinical_review", "not_listed")
COVERED = ("pneumococcal_vaccinated", "review_coverage", "rehabilitation_completed")
# Counted on a period's last day: known exactly where they are shown.
STOCKS = ("copd_register", "people_placed", *(f"disposition_{name}" for name in DISPOSITIONS), *COVERED)
PARTS = {
    "ed_only_exacerbations": "ed_attendances",
    "readmissions_90d": "copd_emergency_admissions",
    "readmissions_30d": "readmissions_90d",
    "readmissions_90d_reviewed": "readmissions_90d",
    "readmissions_30d_reviewed": "readmissions_30d",
    "discharge_duties_met": "discharge_duties_due",
    "exacerbation_reviews_met": "exacerbation_reviews_due",
}
# What the program is not told, and an intruder knows all the same.
ALSO = {"readmissions_30d_reviewed": "readmissions_90d_reviewed"}
PLENTY = 4000

Atom = tuple[str, str, object, str, str]  # indicator, practice or network, month, breakdown, value


def bounds(row: Any) -> tuple[int, int]:
    """What a cell's own print says."""
    if not row.hidden:
        printed = int(row.published)
        if row.indicator_id in STOCKS and row.breakdown_type == "all":
            return int(row.n), int(row.n)
        return (0, 0) if printed == 0 else (max(8, printed - 2), printed + 2)
    known = {SMALL: (1, 7), SMALL_STOCK: (0, 12), COVER: (8, PLENTY)}
    return known.get(int(row.reason), (0, PLENTY))


@dataclass
class Intruder:
    """Sums of unknowns with their bounds, ready for the solver."""

    places: pd.DataFrame
    atoms: dict[Atom, int] = field(default_factory=dict)
    sums: list[dict[int, float]] = field(default_factory=list)
    low: list[float] = field(default_factory=list)
    high: list[float] = field(default_factory=list)

    @classmethod
    def of(cls, cells: pd.DataFrame, places: pd.DataFrame, names: Sequence[str]) -> Intruder:
        """All that ``cells`` (published, with their period) say of ``names``, linked with each other."""
        intruder = cls(places)
        cells = cells[cells["indicator_id"].isin(names)]
        for row in cells.itertuples():
            intruder._know(intruder.cell(row), *bounds(row))
        months = sorted({month for period in cells["period"] for month in period.months})
        intruder._breakdowns(names, months, cells)
        intruder._links(names)
        return intruder

    def cell(self, row: Any) -> dict[int, float]:
        """A cell as a sum of unknowns."""
        months = row.period.months[-1:] if row.indicator_id in STOCKS else row.period.months
        kind, value = row.breakdown_type, row.breakdown_value
        places = self.places
        own = places[places["month"].isin(months) & (places[row.org_level] == row.org_code)]
        low = "practice" if kind == "all" else "pcn"
        pairs = own[["month", low]].drop_duplicates().itertuples(index=False)
        found = [(row.indicator_id, code, month, kind, value) for month, code in pairs]
        return dict.fromkeys((self._atom(atom) for atom in found), 1.0)

    def range_of(self, row: Any) -> tuple[int, int]:
        """Least and greatest whole number that a cell can be."""
        push = np.zeros(len(self.atoms))
        for at, weight in self.cell(row).items():
            push[at] = weight
        ends = []
        for sign in (1, -1):
            found = milp(
                sign * push,
                constraints=LinearConstraint(self._matrix, self.low, self.high),
                integrality=np.ones(len(push)),
                bounds=Bounds(0, PLENTY),
                options={"mip_rel_gap": 0},
            )
            assert found.status == 0, found.message
            ends.append(round(sign * found.fun))
        return ends[0], ends[1]

    def _atom(self, atom: Atom) -> int:
        return self.atoms.setdefault(atom, len(self.atoms))

    def _know(self, total: dict[int, float], low: float, high: float) -> None:
        self.sums.append(total)
        self.low.append(low)
        self.high.append(high)

    def _breakdowns(self, names: Iterable[str], months: Iterable[object], cells: pd.DataFrame) -> None:
        """Each network's groups add up to its practices' totals, month by month."""
        groups = cells[cells["breakdown_type"] != "all"]
        kinds = groups[["indicator_id", "breakdown_type", "breakdown_value"]].drop_duplicates()
        for (name, kind), own in kinds.groupby(["indicator_id", "breakdown_type"]):
            for month in months:
                now = self.places[self.places["month"] == month]
                for network, inside in now.groupby("pcn"):
                    total = {self._atom((name, network, month, kind, v)): 1.0 for v in own["breakdown_value"]}
                    total |= {self._atom((name, p, month, "all", "all")): -1.0 for p in inside["practice"]}
                    self._know(total, 0, 0)

    def _links(self, names: Sequence[str]) -> None:
        """Parts are no larger than their wholes; the dispositions add up to everybody placed."""
        for name, *rest in list(self.atoms):
            for wholes in (PARTS, ALSO):
                if wholes.get(name) in names:
                    whole = self._atom((wholes[name], *rest))
                    self._know({self.atoms[name, *rest]: 1.0, whole: -1.0}, -np.inf, 0)
            if name == "people_placed":
                parts = {self._atom((f"disposition_{d}", *rest)): 1.0 for d in DISPOSITIONS}
                self._know(parts | {self.atoms[name, *rest]: -1.0}, 0, 0)

    @cached_property
    def _matrix(self) -> sparse.csr_array:
        rows = [at for at, total in enumerate(self.sums) for _ in total]
        columns = [column for total in self.sums for column in total]
        weights = [weight for total in self.sums for weight in total.values()]
        return sparse.csr_array((weights, (rows, columns)), shape=(len(self.sums), len(self.atoms)))
