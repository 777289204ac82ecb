"""The layouts on offer. Adding one: a folder of contracts, one module, one line here."""

from __future__ import annotations

from copd_strat.extracts.cprd_aurum import CPRD_AURUM
from copd_strat.extracts.emis import EMIS
from copd_strat.extracts.mapping import Layout
from copd_strat.extracts.native import NATIVE
from copd_strat.extracts.nhse import NHSE
from copd_strat.extracts.omop import OMOP

LAYOUTS: dict[str, Layout] = {layout.name: layout for layout in (NATIVE, NHSE, CPRD_AURUM, EMIS, OMOP)}
