"""Colours and the style sheet.

Text and lines keep the contrast that WCAG 2.2 AA asks for (4.5 for text, 3 for graphics). The hues of NHS
England's Making Data Count are too pale for that by themselves, so points have a dark outline, a shape and a
letter. Palette of nhsuk-frontend (MIT); no logo and no licensed typeface.
"""

from __future__ import annotations

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
GRAPHICS = (INK, SLATE, BLUE, NEUTRAL)

CSS = f"""
*{{box-sizing:border-box}}
body{{margin:0;background:{WHITE};color:{INK};font:16px/1.5 Arial,Helvetica,sans-serif}}
main,header>div,footer{{max-width:74rem;margin:0 auto;padding:0 1.5rem}}
header{{background:{DARK_BLUE};color:{WHITE};padding:1.25rem 0}}
header p{{margin:.25rem 0 0}}
.banner{{background:{RED};color:{WHITE};font-weight:bold;text-align:center}}
.banner{{margin:0;max-width:none;padding:.6rem 1.5rem}}
.skip{{position:absolute;left:-999rem}}
.skip:focus{{left:1rem;top:1rem;background:{WHITE};color:{BLUE};padding:.5rem}}
h1{{font-size:2rem;line-height:1.2;margin:0}}
h2{{color:{DARK_BLUE};font-size:1.5rem;margin:2.5rem 0 .75rem}}
h2{{border-top:4px solid {DARK_BLUE};padding-top:.75rem}}
h3{{font-size:1.15rem;margin:1.75rem 0 .5rem}}
p,ul,dl{{max-width:46rem}}
a{{color:{BLUE}}}
a:focus,summary:focus,.scroll:focus{{outline:3px solid {INK};outline-offset:2px}}
nav ul{{columns:2;padding-left:1.2rem;margin:1.5rem 0 0}}
dl{{display:grid;grid-template-columns:max-content 1fr;gap:.25rem 1.25rem}}
dt{{font-weight:bold}}
dd{{margin:0}}
.scroll{{overflow-x:auto;margin:1rem 0 .5rem}}
table{{border-collapse:collapse;min-width:24rem;font-size:.9375rem}}
caption{{text-align:left;font-weight:bold;padding-bottom:.4rem}}
th,td{{border-bottom:1px solid {RULE};padding:.35rem 1rem .35rem 0;text-align:left;vertical-align:top}}
thead th{{border-bottom:2px solid {INK};vertical-align:bottom}}
thead th{{font-size:.875rem;line-height:1.3}}
tbody th{{font-weight:normal;min-width:9.5rem}}
.number{{text-align:right;padding:.35rem .25rem .35rem .75rem;font-variant-numeric:tabular-nums}}
.note{{color:{SLATE};font-size:.875rem;margin:.25rem 0 1rem}}
.unseen{{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}}
.charts{{display:grid;grid-template-columns:repeat(auto-fit,minmax(28rem,1fr));gap:1.75rem 2rem}}
figure{{margin:0;break-inside:avoid;min-width:0}}
figcaption{{margin-bottom:.25rem}}
figcaption strong{{display:block}}
figcaption span{{font-size:.875rem;color:{SLATE}}}
svg{{display:block;width:100%;height:auto}}
svg text{{font:15px Arial,Helvetica,sans-serif;fill:{INK}}}
.grid{{stroke:{RULE};stroke-width:1}}
.axis{{stroke:{SLATE};stroke-width:1}}
.series{{stroke:{SLATE};stroke-width:1.75;fill:none}}
.mean{{stroke:{INK};stroke-width:1.25}}
.limit{{stroke:{INK};stroke-width:1.25;stroke-dasharray:5 4}}
.point{{stroke:{INK};stroke-width:1.25}}
.common{{fill:{COMMON}}}
.improvement{{fill:{IMPROVEMENT}}}
.concern{{fill:{CONCERN}}}
.neutral{{fill:{NEUTRAL}}}
svg .letter{{font-weight:bold;text-anchor:middle}}
svg .end{{text-anchor:end}}
svg .middle{{text-anchor:middle}}
svg.key{{display:inline-block;width:16px;height:16px;vertical-align:-2px}}
.legend{{list-style:none;padding:0;display:flex;flex-wrap:wrap;gap:.25rem 1.5rem;max-width:none}}
summary{{color:{BLUE};cursor:pointer;padding:.25rem 0}}
footer{{color:{SLATE};font-size:.875rem;padding-top:2rem;padding-bottom:2rem}}
@media (max-width:40rem){{
nav ul{{columns:1}}
dl,.charts{{grid-template-columns:1fr}}
}}
@page{{size:A4;margin:15mm}}
@media print{{
body{{font-size:10.5pt}}
header,.banner{{background:{WHITE};color:{INK};border-bottom:2px solid {INK}}}
nav,.skip{{display:none}}
h2,h3,caption{{break-after:avoid}}
tr{{break-inside:avoid}}
main,header>div,footer{{padding:0}}
.scroll{{overflow:visible;break-inside:avoid}}
table,thead th{{font-size:8pt}}
.number{{padding-left:.4rem}}
tbody th{{min-width:5.5rem}}
.charts{{grid-template-columns:1fr 1fr}}
}}
""".strip()
