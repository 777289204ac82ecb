"""Runs a notebook as a reader would from a fresh start: cell after cell, and what each shows at its end.

    python notebook_reader.py NOTEBOOK

in the notebook's own folder. Prints a line a code cell: what it shows, and how large that is.
"""

from __future__ import annotations

import ast
import json
import sys
from pathlib import Path
from typing import Any


def shown(cell: str, names: dict[str, Any]) -> object:
    """Run a cell; the value of its last line, where that is an expression."""
    tree = ast.parse(cell)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, "cell", "exec"), names)
    return None if last is None else eval(compile(ast.Expression(last.value), "cell", "eval"), names)


def size(value: object) -> int:
    """How much a reader sees: marks of a picture, rows of a table."""
    picture = getattr(value, "_repr_svg_", None)
    return (
        picture().count("<")
        if picture
        else len(value)
        if hasattr(value, "__len__")
        else int(value is not None)
    )


if __name__ == "__main__":
    path = Path(sys.argv[1])
    sys.path.insert(0, str(path.parent))
    names: dict[str, Any] = {"__name__": "__main__"}
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] == "code":
            value = shown("".join(cell["source"]), names)
            sys.stdout.write(f"{type(value).__name__} {size(value)}\n")
