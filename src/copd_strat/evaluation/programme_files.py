"""An evaluation as a record and a page."""

from __future__ import annotations

from pathlib import Path

from copd_strat.config import Settings
from copd_strat.evaluation.backtest_page import page
from copd_strat.evaluation.clinic_effect import Evaluation
from copd_strat.evaluation.programme_words import beforehand, conclusion
from copd_strat.publish.manifest import write_json


def write_evaluation(found: Evaluation, folder: Path, settings: Settings) -> None:
    """``evaluation.json`` and ``evaluation.html``; same inputs, same bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / "evaluation.json", found.to_json())
    content = page(
        "evaluation.html",
        found=found,
        title=settings.title,
        synthetic=settings.synthetic,
        beforehand=list(beforehand(found)),
        conclusion=list(conclusion(found)),
    )
    (folder / "evaluation.html").write_text(content, encoding="utf-8")
