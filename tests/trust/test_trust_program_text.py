"""What the program's text must not hold: ways to run other programs, to unpickle, or to reach a network."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import copd_strat

ROOT = Path(copd_strat.__file__).parent
FORBIDDEN = {
    "pickle", "shelve", "marshal", "dill", "joblib", "subprocess", "pty", "socket", "ssl", "http", "urllib",
    "requests", "httpx", "aiohttp", "ftplib", "smtplib", "telnetlib", "xmlrpc", "webbrowser",
}  # fmt: skip
TEXT_ONLY = {"urllib.parse"}  # takes an address apart and asks nobody
CALLS = {
    "eval",
    "exec",
    "os.system",
    "os.popen",
    "pd.read_pickle",
    "yaml.unsafe_load",
    "yaml.full_load",
    "np.load",
}


def faults(text: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(text)):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        yield from (n for n in names if n.split(".")[0] in FORBIDDEN and n not in TEXT_ONLY)
        if isinstance(node, ast.Call) and (called := ast.unparse(node.func)) in CALLS:
            yield called
        if isinstance(node, ast.keyword) and node.arg in ("shell", "allow_pickle"):
            yield str(node.arg)


@pytest.mark.parametrize(
    "path", sorted(ROOT.rglob("*.py")), ids=lambda path: path.relative_to(ROOT).as_posix()
)
def test_a_module_runs_nothing_unpickles_nothing_and_asks_no_network(path: Path) -> None:
    # The site's own hooks are the one thing that is run: a list of words, without a shell.
    allowed = ["subprocess"] if path.name == "site_hooks.py" else []
    assert list(faults(path.read_text(encoding="utf-8"))) == allowed


@pytest.mark.parametrize(
    "text",
    [
        "import pickle",
        "from urllib.request import urlopen",
        "os.system('ls')",
        "f(shell=True)",
        "import http.client",
    ],
)
def test_such_a_module_would_be_found(text: str) -> None:
    assert list(faults(text))
