"""The README's picture of a terminal, drawn from what the demonstration says.

copd-strat demo 2>&1 | python tests/docs/terminal_figure.py
"""

from __future__ import annotations

import sys
from html import escape
from pathlib import Path

FIGURE = Path(__file__).parents[2] / "docs" / "figures" / "terminal.svg"
TITLE = "The terminal during the demonstration run, SYNTHETIC data"
LINE, MARGIN, CHARACTER = 17, 16, 7.3


def picture(said: str, place: str) -> str:
    """``said`` without its times of day, and with paths below ``place``."""
    lines = [line[10:] if line[2:3] == ":" else line for line in said.replace(f"{place}/", "").splitlines()]
    width = round(max(map(len, lines)) * CHARACTER) + 2 * MARGIN
    height = LINE * (len(lines) + 1) + MARGIN
    text = "".join(
        f'<text x="{MARGIN}" y="{30 + LINE * row}">{escape(line)}</text>\n' for row, line in enumerate(lines)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
        f' role="img" aria-labelledby="t"><title id="t">{TITLE}</title>\n'
        f'<rect width="{width}" height="{height}" rx="6" fill="#212b32"/>\n'
        '<g font-family="DejaVu Sans Mono, Menlo, Consolas, monospace" font-size="12" fill="#f0f4f5"'
        f' xml:space="preserve">\n{text}</g></svg>\n'
    )


if __name__ == "__main__":
    said = sys.stdin.read()
    start = next(i for i, line in enumerate(said.splitlines()) if "copd-strat" in line)
    FIGURE.write_text(picture("\n".join(said.splitlines()[start:]), str(Path.cwd())), encoding="utf-8")
