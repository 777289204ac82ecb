"""Small pictures for the notebooks: SVG, so that nothing is fetched and no further package is needed."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

WIDTH, HEIGHT, LEFT, TOP, BOTTOM = 720, 260, 64, 34, 34
INK, BLUE, PALE = "#212b32", "#005eb8", "#c8d9ea"


class Picture:
    """An SVG that a notebook shows."""

    def __init__(self, parts: Sequence[str], height: int = HEIGHT) -> None:
        head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" role="img">'
        style = f"<style>text{{font:13px Arial,sans-serif;fill:{INK}}}</style>"
        self.svg = "\n".join([head, style, *parts, "</svg>"])

    def _repr_svg_(self) -> str:
        return self.svg


def line(
    title: str,
    labels: Sequence[str],
    values: Sequence[float | None],
    lower: Sequence[float | None] | None = None,
    upper: Sequence[float | None] | None = None,
) -> Picture:
    """Values over periods, with their intervals; a value that is not shown leaves a gap."""
    known = [v for v in [*values, *(upper or [])] if v is not None]
    if not known:
        raise ValueError(f"{title}: nothing to draw")
    top = max(known) * 1.1 or 1.0

    def x(at: int) -> float:
        return LEFT + (WIDTH - LEFT - 20) * (at + 0.5) / len(values)

    def y(value: float) -> float:
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * value / top

    parts = [
        f"<title>{escape(title)}</title>",
        f'<text x="{LEFT}" y="18" font-weight="bold">{escape(title)}</text>',
    ]
    for mark in (top * step / 4 for step in range(5)):
        parts.append(
            f'<line x1="{LEFT}" x2="{WIDTH - 20}" y1="{y(mark):.1f}" y2="{y(mark):.1f}" stroke="#d8dde0"/>'
        )
        parts.append(f'<text x="{LEFT - 8}" y="{y(mark) + 4:.1f}" text-anchor="end">{mark:,.1f}</text>')
    parts.extend(
        f'<text x="{x(at):.1f}" y="{HEIGHT - 12}" text-anchor="middle">{escape(labels[at])}</text>'
        for at in range(0, len(values), max(1, -(-len(values) // 8)))
    )
    limits = zip(lower or [None] * len(values), upper or [None] * len(values), strict=True)
    for at, (low, high) in enumerate(limits):
        if low is not None and high is not None:
            ends = f'x1="{x(at):.1f}" x2="{x(at):.1f}" y1="{y(low):.1f}" y2="{y(high):.1f}"'
            parts.append(f'<line {ends} stroke="{PALE}" stroke-width="8"/>')
    return Picture([*parts, *_trace([None if v is None else (x(at), y(v)) for at, v in enumerate(values)])])


def _trace(points: Sequence[tuple[float, float] | None]) -> list[str]:
    """The points, and the line through those that follow each other."""
    pen, path, dots = "M", "", []
    for point in points:
        if point is None:
            pen = "M"
            continue
        path += f"{pen}{point[0]:.1f} {point[1]:.1f}"
        pen = "L"
        dots.append(f'<circle cx="{point[0]:.1f}" cy="{point[1]:.1f}" r="3.5" fill="{BLUE}"/>')
    return [f'<path d="{path}" fill="none" stroke="{BLUE}" stroke-width="2"/>', *dots]


def bars(title: str, labels: Sequence[str], values: Sequence[float], unit: str = "") -> Picture:
    """One bar a label, with its number; 0 has a number and no bar."""
    height, most = TOP + 26 * len(labels) + 10, max(values, default=0) or 1
    parts = [
        f"<title>{escape(title)}</title>",
        f'<text x="10" y="18" font-weight="bold">{escape(title)}</text>',
    ]
    for at, (label, value) in enumerate(zip(labels, values, strict=True)):
        y, width = TOP + 26 * at, 380 * value / most
        parts.append(f'<text x="250" y="{y + 15}" text-anchor="end">{escape(label)}</text>')
        parts.append(f'<rect x="258" y="{y}" width="{width:.1f}" height="20" fill="{BLUE}"/>')
        parts.append(f'<text x="{264 + width:.1f}" y="{y + 15}">{value:,.4g}{escape(unit)}</text>')
    return Picture(parts, height)
