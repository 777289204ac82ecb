"""Writes docs/what-stops-a-night.md from the rules: ``python tests/quality/stops_page.py``."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from copd_strat.checks import check_kinds
from copd_strat.errors import BUG_EXIT_CODE, CopdStratError
from copd_strat.quality.gate_rules import GATE_RULES
from copd_strat.quality.guard_rules import GUARD_RULES

PAGE = Path(__file__).parents[2] / "docs" / "what-stops-a-night.md"
# Who has to act, by exit code: the site's own people, those who send the data, or those who write the program.
_WHO = {
    2: "whoever typed it: add --help",
    10: "the analyst: correct the key that the message names",
    11: "the analyst or the sender: the file that the message names",
    12: "the sender of the table; if counts do not add up, the program's maintainers",
    13: "the sender; if the change is meant, the analyst lets it through for one night",
    14: "the program's maintainers: nothing was published",
    15: "the analyst: model and settings do not fit the data",
    16: "the sender, and the information governance lead: identifiable data have arrived",
    17: "nobody, if another run is under way",
    18: "whoever runs the machine: space and permissions of the output folder",
    19: "the information governance lead",
}
_HEAD = """\
# What stops a night, and what to do

Generated from the program's rules by `python tests/quality/stops_page.py`; do not edit this page.

Whatever stops a night, the last published run stays in place. The terminal says the cause, what to do, and where the
page of the verdict lies ([verdict.md](verdict.md)), and the command to give once it is put right
([what to do, by what you see](night-that-stopped.md)).
"""


def page() -> str:
    kinds = sorted(CopdStratError.__subclasses__(), key=lambda kind: kind.exit_code)
    codes = [
        ("0", "Published, or nothing has changed.", "nobody"),
    ]
    codes += [(str(kind.exit_code), _first_line(kind), _WHO[kind.exit_code]) for kind in kinds]
    codes += [
        (str(BUG_EXIT_CODE), "A fault of the program.", "the program's maintainers: report the lines shown"),
        ("129, 130, 143", "Stopped by a signal: hang-up, interrupt, termination.", "whoever sent it"),
    ]
    checks = [(f"`{name}`", kind.meaning) for name, kind in sorted(check_kinds().items())]
    gate = [(r.code, r.check, r.description, r.fix) for r in GATE_RULES]
    guard = [(r.code, r.description, f"`{r.threshold}`", r.fix) for r in GUARD_RULES.values()]
    parts = [
        _HEAD,
        "## Exit codes\n",
        _table(("code", "what has happened", "who acts"), codes),
        "\n## Rules that hold every night (exit 12)\n",
        _table(("rule", "what must hold", "what was seen", "what to do"), gate),
        "\n## Comparison with the last run and with history (exit 13)\n",
        "Explained in [run-guard.md](run-guard.md).\n",
        _table(("rule", "what was seen", "limit", "what to do"), guard),
        "\n## Contracts (exit 12)\n",
        "A table stops the night when more of its rows break a rule than its contract tolerates. The rules of every"
        "\ntable, with their limits and what to do, are in [contracts.md](contracts.md); these are their kinds:\n",
        _table(("kind", "holds when"), checks),
    ]
    return "\n".join(parts) + "\n"


def _first_line(kind: type[CopdStratError]) -> str:
    return str(kind.__doc__).splitlines()[0]


def _table(headings: tuple[str, ...], lines: Iterable[tuple[str, ...]]) -> str:
    rows = [headings, tuple("---" for _ in headings), *lines]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
