"""What platforms hand over, as far as the pages of docs/ use it, and a page's code run against it."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import duckdb
import pyarrow as pa

DOCS = Path(__file__).parents[2] / "docs"


def blocks(page: str, kind: str = "python") -> list[str]:
    """The code of a page, block by block."""
    text = (DOCS / page).read_text(encoding="utf-8")
    return re.findall(rf"```{kind}\n(.*?)```", text, re.DOTALL)


@dataclass(frozen=True)
class Dataset:
    """An input or output of a transform, by its path in the platform."""

    path: str


@dataclass
class WrittenOutput:
    """What a transform is given for an output: it takes a relation of the connection."""

    written: pa.Table | None = None

    def write_table(self, relation: duckdb.DuckDBPyRelation) -> None:
        self.written = relation.to_arrow_table()


@dataclass
class Foundry:
    """Runs a decorated transform: a connection of DuckDB with each input as a view of that connection alone.

    The platform's inputs are "unmaterialized tables": so no cursor of the connection sees them, and nothing may be
    made beside them.
    """

    tables: Mapping[str, pa.Table]
    transforms: list[tuple[dict[str, Any], Callable[..., None]]] = field(default_factory=list)
    outputs: dict[str, WrittenOutput] = field(default_factory=dict)
    left_behind: set[str] = field(default_factory=set)

    @contextmanager
    def installed(self) -> Iterator[None]:
        """The platform's module ``transforms.api``, as long as a page's code runs."""
        api = ModuleType("transforms.api")
        kinds = {"Input": type("Input", (Dataset,), {}), "Output": type("Output", (Dataset,), {})}
        vars(api).update(kinds, transform=SimpleNamespace(using=self._using))
        sys.modules |= {"transforms": ModuleType("transforms"), "transforms.api": api}
        try:
            yield
        finally:
            del sys.modules["transforms"], sys.modules["transforms.api"]

    def _using(self, **datasets: Any) -> Callable[..., Callable[..., None]]:
        def decorate(compute: Callable[..., None]) -> Callable[..., None]:
            self.transforms.append((datasets, compute))
            return compute

        return decorate

    def run(self) -> None:
        """Build the one transform that the code has registered."""
        ((datasets, compute),) = self.transforms
        given: dict[str, Any] = {}
        with duckdb.connect() as connection:
            for name, dataset in datasets.items():
                if type(dataset).__name__ == "Output":
                    given[name] = self.outputs.setdefault(name, WrittenOutput())
                else:
                    connection.register(name, self.tables[name])
                    given[name] = dataset
            before = self._names(connection)
            compute(SimpleNamespace(duckdb=lambda: SimpleNamespace(conn=connection)), **given)
            self.left_behind = self._names(connection) ^ before

    @staticmethod
    def _names(connection: duckdb.DuckDBPyConnection) -> set[str]:
        """Every table, view, schema, function and type that somebody made in the connection."""
        kinds = ("tables", "views", "schemas", "types", "functions")
        made = (connection.execute(f"FROM duckdb_{kind}() WHERE NOT internal").fetchall() for kind in kinds)
        return {repr(row) for rows in made for row in rows}


def in_lakehouse(code: str, folder: Path) -> str:
    """Code of a Fabric notebook with ``folder`` where its lakehouse is mounted."""
    assert "/lakehouse/default" in code
    return code.replace("/lakehouse/default", str(folder))
