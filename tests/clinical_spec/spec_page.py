"""Writes docs/clinical-cases.md from the spec tables: ``python tests/clinical_spec/spec_page.py``."""

from __future__ import annotations

from pathlib import Path

from spec_cases import Case, Topic, topics
from spec_words import GP_WORDS, MEDICINES

PAGE = Path(__file__).parents[2] / "docs" / "clinical-cases.md"

HEAD = """# Clinical cases

What happened to a patient, and what the pipeline makes of it: {cases} cases, each with its rule. This page
is made from the text tables in `tests/clinical_spec/topics/`, which the tests run; to change a case, change
it there and run `python tests/clinical_spec/spec_page.py`. The rules themselves are in [Clinical
definitions](clinical-definitions.md), our choices in [Decisions](decisions.md); facts are named as in
`data_contracts/internal/features.odcs.yaml`.

Unless a case says otherwise, the person is a man born in June 1959, registered since 2010, with COPD coded
on 1 January 2015 and something recorded on 30 December 2025; the run is on its index date, 31 December
2025, with data complete to it. Diagnoses of a hospital stay stand in their order; a stay is a finished
emergency admission (method 21) from and to home (19) at one provider; "handed on" is an episode that ended
without discharge, "still in" one that has not ended. "Unknown" means that the value is empty.
"""


def page() -> str:
    found = topics()
    head = HEAD.format(cases=sum(len(topic.cases) for topic in found))
    return "\n".join([head, *map(_section, found), _vocabulary()])


def _section(topic: Topic) -> str:
    rows = [_row(case) for case in topic.cases]
    table = ["| case | what happened | facts | rule |", "|---|---|---|---|", *rows]
    return "\n".join([f"## {topic.name}", "", topic.about, "", *table, ""])


def _row(case: Case) -> str:
    happened = "<br>".join(case.lines) or "nothing more"
    facts = "<br>".join(f"{name}: **{value}**" for name, value in case.facts.items())
    return f"| {case.id} {case.shows} | {happened} | {facts} | {case.rule} |"


def _vocabulary() -> str:
    rows = [f"| {word} | {code} |" for word, code in sorted((GP_WORDS | MEDICINES).items())]
    about = "One SNOMED CT or dm+d code stands for each word; the lists hold more."
    return "\n".join(["## Words of the tables", "", about, "", "| word | code |", "|---|---|", *rows, ""])


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
