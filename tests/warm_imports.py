"""What a night imports, for ``warm_program`` to fork from."""

from __future__ import annotations

import copd_strat.cli
import copd_strat.run  # noqa: F401
from copd_strat.checks.expectations import expectations

expectations()
