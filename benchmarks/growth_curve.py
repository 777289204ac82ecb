"""How cost and memory grow with the number of patients, as a drawing."""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

_WIDTH, _HEIGHT, _EDGE = 640, 320, 56


def draw(nights: Iterable[dict[str, Any]], path: Path) -> None:
    """Milliseconds of CPU a patient and peak GiB of the first night, by patients (logarithmic)."""
    sizes = sorted(nights, key=lambda night: night["patients"])
    costs = [1000 * night["first night"]["cpu_seconds"] / night["patients"] for night in sizes]
    peaks = [night["first night"]["peak_gib"] for night in sizes]
    counts = [night["patients"] for night in sizes]
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
        'font-family="Arial, sans-serif" font-size="12">',
        "<title>Cost and memory of a first night by size, SYNTHETIC data</title>",
        *_curve(counts, costs, "#005EB8", "CPU ms a patient", 16),
        *_curve(counts, peaks, "#AE2573", "peak GiB", 34),
        *(
            f'<text x="{_x(counts, count):.0f}" y="{_HEIGHT - 16}" text-anchor="middle">{count:,}</text>'
            for count in counts
        ),
        "</svg>",
    ]
    path.write_text("\n".join(parts) + "\n", encoding="utf-8")


def _curve(counts: list[int], values: list[float], colour: str, name: str, label_y: int) -> list[str]:
    top = max(values) * 1.15
    places = [
        (_x(counts, n), _HEIGHT - _EDGE - v / top * (_HEIGHT - 2 * _EDGE))
        for n, v in zip(counts, values, strict=True)
    ]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    return [
        f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>',
        *(
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>'
            f'<text x="{x:.1f}" y="{y - 8:.1f}" text-anchor="middle" fill="{colour}">{value:.2g}</text>'
            for (x, y), value in zip(places, values, strict=True)
        ),
        f'<text x="{_EDGE}" y="{label_y}" fill="{colour}">{name}</text>',
    ]


def _x(counts: list[int], count: int) -> float:
    low, high = math.log(min(counts)), math.log(max(counts))
    share = (math.log(count) - low) / (high - low) if high > low else 0.5
    return _EDGE + share * (_WIDTH - 2 * _EDGE)
