"""Every model on offer, by name, and its card as text."""

from __future__ import annotations

import difflib

from copd_strat.errors import ModelError
from copd_strat.risk.model_card import Model, Predictor
from copd_strat.risk.models.accept3 import ACCEPT3
from copd_strat.risk.models.accept3_cprd import ACCEPT3_CPRD
from copd_strat.risk.models.accept_models import ACCEPT1, ACCEPT2, ACCEPT2_NO_SGRQ
from copd_strat.risk.models.ado import ADO, ADO_UPDATED
from copd_strat.risk.models.bodex import BODEX
from copd_strat.risk.models.codex import CODEX
from copd_strat.risk.models.dose import DOSE
from copd_strat.risk.models.efi import EFI
from copd_strat.risk.models.gli_global import GLI_GLOBAL
from copd_strat.risk.models.gold import GOLD_ABE, GOLD_GRADE
from copd_strat.risk.models.precisex import PRECISEX

MODELS = {
    model.name: model
    for model in (
        ACCEPT3_CPRD,
        ACCEPT3,
        ACCEPT2,
        ACCEPT2_NO_SGRQ,
        ACCEPT1,
        PRECISEX,
        GOLD_ABE,
        GOLD_GRADE,
        DOSE,
        ADO,
        ADO_UPDATED,
        BODEX,
        CODEX,
        EFI,
        GLI_GLOBAL,
    )
}


def model(name: str) -> Model:
    """The model called ``name``; ModelError lists what there is."""
    if name not in MODELS:
        near = difflib.get_close_matches(name, MODELS, n=1)
        hint = f"did you mean '{near[0]}'? " if near else ""
        raise ModelError(f"there is no model '{name}'", fix=f"{hint}models: {', '.join(MODELS)}")
    return MODELS[name]


def list_rows() -> list[tuple[str, str, str, str]]:
    """(name, outcome, horizon, care setting) of every model, for ``copd-strat models list``."""
    return [(m.name, m.outcome, m.horizon, m.care_setting) for m in MODELS.values()]


def show_text(name: str) -> str:
    """The card of one model, for ``copd-strat models show NAME``."""
    chosen = model(name)
    lines = {
        "outcome": chosen.outcome,
        "horizon": chosen.horizon,
        "care setting": chosen.care_setting,
        "missing values": chosen.missing,
        "source": chosen.source,
        "licence": chosen.licence,
        "performance": chosen.performance,
        "notes": chosen.notes,
        "outputs": ", ".join(chosen.outputs),
    }
    head = [f"{chosen.name}: {chosen.title}", *(f"  {key}: {text}" for key, text in lines.items() if text)]
    return "\n".join([*head, "  predictors:", *(_predictor_line(chosen, p) for p in chosen.predictors)])


def _predictor_line(chosen: Model, predictor: Predictor) -> str:
    alternatives = " or ".join(chosen.one_of)
    need = "required" if predictor.required else "optional"
    if predictor.name in chosen.one_of:
        need = f"one of {alternatives}"
    limits = f"{_limit(predictor.low)} to {_limit(predictor.high)}"
    if predictor.count:
        limits = "whole number, 0 or more"
    elif predictor.low is None and predictor.high is None:
        limits = "any"
    feature = f"; feature {predictor.feature}" if predictor.feature else ""
    return f"    {predictor.name}: {predictor.label}; {limits}; {need}{feature}"


def _limit(value: float | None) -> str:
    return "any" if value is None else f"{value:g}"
