"""The order in which tests are tried on a mutant: those that noticed others of its file, then the cheapest.

Of tests that stay together what one of them costs counts: three hundred cases of one world say more than one test
that makes a world of its own.
"""

from __future__ import annotations

import json
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest


class TestOrder:
    """A plugin that sorts the tests, and notes the first that fails; without ``costs`` it measures them.

    ``costs`` are processor seconds by test; ``kills`` how many mutants of the same file each test has noticed.
    """

    __test__ = False

    def __init__(
        self, costs: Mapping[str, float] | None = None, kills: Mapping[str, int] | None = None
    ) -> None:
        self.measures = costs is None
        self.costs, self.kills = dict(costs or {}), dict(kills or {})
        self.failed = ""
        self._setups: defaultdict[str, float] = defaultdict(float)
        self._wide: dict[str, bool] = {}

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        self._wide = {item.nodeid: _shares_a_fixture(item) for item in items}
        if not self.measures:
            items[:] = [
                item for _, group in sorted(self._groups(items).items(), key=self._urgency) for item in group
            ]

    def _groups(self, items: list[pytest.Item]) -> dict[str, list[pytest.Item]]:
        """Tests that belong together: those of a module that share its fixtures; all others are alone."""
        groups: defaultdict[str, list[pytest.Item]] = defaultdict(list)
        for item in items:
            alone = item.nodeid in self.kills or not self._wide[item.nodeid]
            groups[item.nodeid if alone else item.nodeid.partition("::")[0]].append(item)
        return groups

    def _urgency(self, group: tuple[str, list[pytest.Item]]) -> tuple[float, float]:
        name, items = group
        cost = sum(self.costs.get(item.nodeid, 0.0) for item in items)
        return (0, cost / self.kills[name]) if name in self.kills else (1, cost / len(items))

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Iterator[None]:
        began = time.process_time()
        yield
        self._setups[item.nodeid] += time.process_time() - began

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Iterator[None]:
        began = time.process_time()
        yield
        if self.measures:
            self.costs[item.nodeid] = time.process_time() - began

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed and not self.failed:
            self.failed = report.nodeid

    def write_costs(self, path: Path) -> None:
        """Each test with its own setup; one that shares fixtures with the dearest setup of its module."""
        dearest: defaultdict[str, float] = defaultdict(float)
        for name, seconds in self._setups.items():
            module = name.partition("::")[0]
            dearest[module] = max(dearest[module], seconds)
        costs = {
            name: seconds + (dearest[name.partition("::")[0]] if self._wide[name] else self._setups[name])
            for name, seconds in self.costs.items()
        }
        path.write_text(json.dumps(costs), encoding="utf-8")


def _shares_a_fixture(item: pytest.Item) -> bool:
    """Whether the test uses a fixture that others of its module use as well."""
    known = getattr(item, "_fixtureinfo", None)
    found = known.name2fixturedefs.values() if known else ()
    return any(one.scope in ("class", "module", "package", "session") for one in (d[-1] for d in found))


def read_costs(path: Path) -> dict[str, float]:
    return {
        str(name): float(seconds) for name, seconds in json.loads(path.read_text(encoding="utf-8")).items()
    }
