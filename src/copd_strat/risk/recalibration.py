"""A published model brought to a site's own level: intercept and slope on the model's own scale.

ACCEPT turns a yearly rate into a risk, 1 - exp(-rate), so its own scale is ln(rate). A positive slope keeps
everybody's place in the order; only the level changes. Fitted by ``copd-strat recalibrate``, read and signed
off by people, used by the run that names the file.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from copd_strat.errors import ModelError
from copd_strat.risk.parameters import Floats
from copd_strat.risk.sealed_files import SEAL, read_sealed

KIND = "recalibration"


@dataclass(frozen=True, kw_only=True)
class Line:
    """ln(rate) becomes ``intercept`` + ``slope`` · ln(rate)."""

    intercept: float
    slope: float

    def log_rate(self, log_rate: Floats) -> Floats:
        return self.intercept + self.slope * log_rate

    def rate(self, risk: Floats) -> Floats:
        """The new yearly rate from the old risk; a risk of 0 stays 0."""
        with np.errstate(divide="ignore"):
            return np.asarray(np.exp(self.log_rate(np.log(-np.log1p(-risk)))))

    def risk(self, risk: Floats) -> Floats:
        """The new risk. Not rounded: rounding would make ties that were none."""
        return np.asarray(-np.expm1(-self.rate(risk)))


@dataclass(frozen=True, kw_only=True)
class Recalibration:
    """Both outcomes' lines for one model in one care setting, and how lists and manifest name them."""

    model: str
    any_exacerbation: Line
    severe_exacerbation: Line
    indexes: tuple[str, ...]
    signed_off_by: str
    seal: str

    @property
    def label(self) -> str:
        return f"{self.model}, recalibrated on {' and '.join(self.indexes)} ({self.seal[:8]})"

    def record(self) -> dict[str, object]:
        """What the manifest keeps."""
        return {"indexes": self.indexes, "signed_off_by": self.signed_off_by, SEAL: self.seal}


def load_recalibration(path: Path, *, model: str, care_setting: str) -> Recalibration:
    """The recalibration in ``path`` for ``model``; ModelError if it does not fit or nobody signed it off."""
    content = read_sealed(path, KIND)
    for what, wanted in (("model", model), ("care_setting", care_setting)):
        if content.get(what) != wanted:
            raise ModelError(
                f"{path}: made for another {what.replace('_', ' ')} than {wanted}",
                fix="recalibrate again with 'copd-strat recalibrate', or take the file out of the configuration",
            )
    if not content.get("signed_off_by"):
        raise ModelError(
            f"{path}: nobody has signed it off",
            fix="after reading its figures, write who did into signed_off_by, and when into signed_off_on",
        )
    try:
        lines = {
            outcome: Line(intercept=float(line["intercept"]), slope=float(line["slope"]))
            for outcome, line in content["outcomes"].items()
        }
        found = Recalibration(
            model=model,
            indexes=tuple(map(str, content["indexes"])),
            signed_off_by=str(content["signed_off_by"]),
            seal=content[SEAL],
            **lines,
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        raise ModelError(f"{path}: intercepts or slopes are missing", fix="recalibrate again") from None
    if min(found.any_exacerbation.slope, found.severe_exacerbation.slope) <= 0:
        raise ModelError(f"{path}: a slope of 0 or less would turn the order round", fix="recalibrate again")
    return found
