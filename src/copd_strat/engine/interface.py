"""What the clinical rules ask of an engine: one SQL text in, tables inside, small results out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from itertools import count, takewhile
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from copd_strat.engine.sql import Literal, packaged_sql, render

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from copd_strat.engine.embedded import Engine

NONE: Mapping[str, str] = MappingProxyType({})


class SqlEngine(ABC):
    """Runs the texts of this program, which are written in DuckDB's dialect as far as other engines read it too.

    Nothing is fetched but what a caller asks for by ``table``, ``frame``, ``rows`` or ``scalar``; these are for
    results of one row a patient or smaller.
    """

    @abstractmethod
    def rows(self, sql: str) -> list[tuple[Any, ...]]: ...

    @abstractmethod
    def table(self, sql: str) -> pa.Table:
        """The result as an Arrow table."""

    @abstractmethod
    def create_table(self, name: str, select: str) -> None:
        """Materialise ``select`` as the table ``name``, replacing it."""

    @abstractmethod
    def create_view(self, name: str, select: str) -> None: ...

    @abstractmethod
    def create_categories(self, name: str, select: str) -> None:
        """Make a type of the distinct texts of ``select``, so that columns of it are small and read as text."""

    @abstractmethod
    def register_frame(
        self, name: str, frame: pd.DataFrame | pa.Table, categories: Mapping[str, str] = NONE
    ) -> None:
        """Copy a small table from Python into the engine under ``name``.

        ``categories``: column → the type that ``create_categories`` made for it.
        """

    @abstractmethod
    def drop(self, *names: str) -> None:
        """Give back the memory of tables, and take away views, that nothing reads any more."""

    @abstractmethod
    def give_back(self) -> None:
        """Hand memory that statements have freed back to the system."""

    @abstractmethod
    def has_table(self, name: str) -> bool: ...

    @abstractmethod
    def columns(self, name: str) -> tuple[str, ...]: ...

    @abstractmethod
    def take(self, source: Engine, *names: str) -> None:
        """Copy tables of the embedded engine into this one, those that are there."""

    @abstractmethod
    def bring(self, target: Engine, *names: str) -> None:
        """Copy tables of this engine into the embedded one: those of one row a patient or smaller."""

    @abstractmethod
    def close(self) -> None: ...

    def scalar(self, sql: str) -> Any:
        """The single value of a one-row, one-column result."""
        row = self.rows(sql)
        return row[0][0] if row else None

    def frame(self, sql: str) -> pd.DataFrame:
        """The result as pandas with Arrow-backed types, so that ids stay text and gaps stay gaps."""
        import pandas as pd

        return self.table(sql).to_pandas(types_mapper=pd.ArrowDtype)

    def create_in_parts(self, name: str, selects: Iterable[str], *, views: bool = False) -> None:
        """A view ``name`` of all rows of ``selects``, each a table, or a view: no statement need hold all of them."""
        self.drop(*self.parts_of(name))  # there may have been more of them
        parts = {self._part(name, number): select for number, select in enumerate(selects)}
        for part, select in parts.items():
            (self.create_view if views else self.create_table)(part, select)
        self.create_view(name, " UNION ALL ".join(f"SELECT * FROM {part}" for part in parts))

    def parts_of(self, name: str) -> tuple[str, ...]:
        """The tables or views that ``create_in_parts`` made for ``name``."""
        return tuple(takewhile(self.has_table, (self._part(name, number) for number in count())))

    @staticmethod
    def _part(name: str, number: int) -> str:
        return f"{name}_part_{number}"

    def materialise(self, package: str, name: str, **literals: Literal) -> None:
        """Run the packaged SELECT ``<package>/sql/<name>.sql`` into the table of the same name."""
        self.create_table(name, render(packaged_sql(package, name), literals))
