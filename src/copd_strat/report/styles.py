"""Colours of the page, and its style sheet (templates/styles.css).

Text and lines keep the contrast that WCAG 2.2 AA asks for (4.5 for text, 3 for graphics). The hues of NHS
England's Making Data Count are too pale for that by themselves, so points have a dark outline, a shape and a
letter. Palette of nhsuk-frontend (MIT); no logo and no licensed typeface.
"""

from __future__ import annotations

from copd_strat.report.rendering import render

WHITE = "#ffffff"
PALE = "#f0f4f5"
INK = "#212b32"
SLATE = "#4c6272"
BLUE = "#005eb8"
DARK_BLUE = "#003087"
RED = "#d5281b"
RULE = "#d8dde0"

COMMON = "#a6a6a6"
IMPROVEMENT = "#00b0f0"
CONCERN = "#e46c0a"
NEUTRAL = "#490092"

#: What carries text, as (text, background), and what carries a chart's meaning on white.
TEXT_ON = (
    (INK, WHITE),
    (INK, PALE),
    (SLATE, WHITE),
    (BLUE, WHITE),
    (DARK_BLUE, WHITE),
    (WHITE, DARK_BLUE),
    (WHITE, RED),
)
GRAPHICS = (INK, SLATE, BLUE, NEUTRAL, RED)

_COLOURS = {name: value for name, value in globals().items() if name.isupper() and isinstance(value, str)}

CSS = render("styles.css", **_COLOURS)
