"""What some tests need beyond Python, and an honest closing line about what could not run."""

from __future__ import annotations

import shutil
from collections import Counter

import pytest

TOOLS = {
    "needs_browser": ("a browser", ("chromium", "chromium-browser", "google-chrome")),
    "needs_office": ("an office suite", ("soffice", "libreoffice")),
    "needs_java": ("Java", ("java",)),
    "needs_systemd": ("systemd", ("systemd-analyze",)),
    "needs_compiler": ("a C compiler", ("cc",)),
}


# Their files hold few tests and whole nights: they are begun first, so that both cores end together.
LONG = ("functional", "engines", "trust", "docs", "installed", "deploy", "structure", "core")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.path.parent.name not in LONG)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--require-all", action="store_true", help="fail a test whose tool is not installed")


def pytest_configure(config: pytest.Config) -> None:
    for marker, (tool, commands) in TOOLS.items():
        config.addinivalue_line("markers", f"{marker}: needs {tool} ({' or '.join(commands)})")
    config.addinivalue_line(
        "markers", "slow: takes longer than the rest of its folder together; run by 'make slow'"
    )


def _missing_tool(item: pytest.Item) -> str | None:
    for marker, (tool, commands) in TOOLS.items():
        if item.get_closest_marker(marker) and not any(map(shutil.which, commands)):
            return tool
    return None


def pytest_runtest_setup(item: pytest.Item) -> None:
    tool = _missing_tool(item)
    if tool is None:
        return
    if item.config.getoption("--require-all"):
        pytest.fail(f"{tool} is not installed", pytrace=False)
    pytest.skip(f"not run for want of {tool}")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    wanting = Counter(
        report.longrepr[2].removeprefix("Skipped: ")
        for report in terminalreporter.stats.get("skipped", [])
        if isinstance(report.longrepr, tuple)
    )
    terminalreporter.section("what this machine could not run")
    for reason, count in sorted(wanting.items()):
        terminalreporter.write_line(f"{count} test(s) {reason}")
    if "not slow" in terminalreporter.config.option.markexpr:
        terminalreporter.write_line("tests marked slow were left out: 'make slow'")
    if not wanting:
        terminalreporter.write_line("for want of a tool: nothing")
