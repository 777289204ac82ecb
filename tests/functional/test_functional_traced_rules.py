"""What a trace says of a sentence that more than one thing on record keeps."""

from __future__ import annotations

from typing import Any

import pytest

from copd_strat.tracing import trace
from copd_strat.tracing.rows_left_out import LeftOut

PATIENT, ADMISSION, MRC, UNTOLD = ("patients", 1), ("hospital", 1), ("gp_events", 1), ("gp_events", 2)
EVERY = (PATIENT, ADMISSION, MRC, UNTOLD)


def told(_tracer: Any, sets: list[LeftOut]) -> dict[int, list[str]]:
    """Any of admission, MRC and a third rule, which no list tells, is enough for the clinic."""
    copies = [frozenset(EVERY), *(frozenset(EVERY) - one.rows for one in sets)]
    return {number: list(said(rows)) for number, rows in enumerate(copies)}


def said(rows: frozenset[tuple[str, int]]) -> list[str]:
    if PATIENT not in rows:
        return [trace.NOT_ON_REGISTER]
    clinic = bool(rows & {ADMISSION, MRC, UNTOLD})
    sentences = [f"disposition: {'clinic' if clinic else 'self_management'}", "no CAT on record"]
    return sentences + [str(row) for row in (ADMISSION, MRC) if row in rows]


def test_what_several_things_keep_does_not_rest_on_what_is_not_on_record(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Kept from a trace that said it of a clinic place of somebody with an admission and MRC 5."""
    monkeypatch.setattr(trace, "_told", told)
    sets = [LeftOut(rows=frozenset({row}), single=True) for row in EVERY]
    found: Any = trace._rests(None, sets)  # type: ignore[arg-type]
    assert found["disposition: clinic"] == (frozenset(), False, True)
    assert found["no CAT on record"] == (frozenset(), False, False)
    assert found[str(MRC)] == (frozenset({MRC}), False, False)
    assert found[trace.ON_REGISTER] == (frozenset({PATIENT}), False, False)
