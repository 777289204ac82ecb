"""What is published: contract and schema are one, other engines can read it, and arithmetic is the rule's."""

from __future__ import annotations

import csv
import sys
from datetime import date
from itertools import product
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import tableauhyperapi as tableau
from summary_fixture import TWO_MONTHS, people, summary_of

from copd_strat.contracts.contract import Contract
from copd_strat.contracts.own_tables import arrow_type, column_names, conform
from copd_strat.errors import ConfigError, InputError
from copd_strat.summary.fact_rows import indicator_rows
from copd_strat.summary.period_figures import with_declared
from copd_strat.summary.rates import byar, poisson_limits, wilson
from copd_strat.summary.schemas import published, published_tables
from copd_strat.summary.small_numbers import bounds_of_shown, is_small, rounded
from copd_strat.summary.summarise import SUMMARY, SummaryResult
from copd_strat.summary.tableau_hyper import write_hyper
from copd_strat.summary.totals_workbook import WORKBOOK


@pytest.mark.parametrize("contract", published_tables(), ids=lambda contract: contract.table)
def test_what_is_written_is_what_the_contract_says(
    contract: Contract, summary: tuple[Path, SummaryResult]
) -> None:
    written = pq.read_table(summary[0] / f"{contract.table}.parquet")
    assert written.schema.names == [column.name for column in contract.columns]
    for column, field in zip(contract.columns, written.schema, strict=True):
        assert field.type == arrow_type(column)
        assert field.nullable is not column.required
        assert field.metadata[b"description"].decode() == column.description
        if column.values:
            assert set(written[column.name].drop_null().to_pylist()) <= set(column.values)
    with (summary[0] / f"{contract.table}.csv").open(encoding="utf-8-sig", newline="") as stream:
        names, *rows = csv.reader(stream)
    assert names == written.schema.names
    assert len(rows) == written.num_rows


def test_every_published_table_has_a_contract_and_no_other_stands(
    summary: tuple[Path, SummaryResult],
) -> None:
    assert {contract.table for contract in published_tables()} == set(summary[1].tables)
    assert {path.stem for path in summary[0].iterdir() if path.name != WORKBOOK} == set(summary[1].tables)


def test_a_table_that_does_not_fit_its_contract_is_never_written() -> None:
    run = pd.DataFrame([dict.fromkeys(column_names(published("dim_run")), "x")])
    run = run.assign(
        **dict.fromkeys(["as_of", "index_date", "complete_to"], date(2026, 3, 10)), synthetic=True
    )
    assert conform(published("dim_run"), run).num_rows == 1
    with pytest.raises(ValueError, match="column policy has gaps"):
        conform(published("dim_run"), run.assign(policy=None))
    with pytest.raises(pa.ArrowInvalid):
        conform(published("dim_run"), run.assign(as_of="yesterday"))


def test_types_and_names_are_what_every_reader_takes(summary: tuple[Path, SummaryResult]) -> None:
    allowed = {pa.string(), pa.int32(), pa.int64(), pa.float64(), pa.bool_(), pa.date32()}
    for table in summary[1].tables.values():
        names = table.schema.names
        assert set(table.schema.types) <= allowed
        assert len({name.lower() for name in names}) == len(names)
        assert all(name.isascii() and name == name.lower() and len(name) <= 63 for name in names)


def test_hidden_is_null_and_shown_is_a_multiple_of_five(summary: tuple[Path, SummaryResult]) -> None:
    fact = summary[1].tables["fact_indicator"].to_pandas()
    hidden = fact["value_status"] == "suppressed_small"
    assert hidden.any()
    assert (~hidden).any()
    assert fact.loc[hidden, ["numerator", "value", "ci_lower", "ci_upper"]].isna().all(axis=None)
    counts = fact[["numerator", "denominator"]].stack().dropna()
    assert (counts % 5 == 0).all()
    assert not counts.between(1, 7).any()


def cells_of(**published: int | None) -> pd.DataFrame:
    """Protected cells of one network in a year: a published count an indicator, 500 people on its register."""
    return pd.DataFrame(
        {
            "indicator_id": list(published),
            "org_level": "pcn",
            "org_code": "U1",
            "breakdown_type": "all",
            "breakdown_value": "all",
            "published": pd.array(list(published.values()), dtype="Int64"),
            "denominator": 500.0,
        }
    )


def test_among_nobody_there_is_no_number() -> None:
    cells = cells_of(moderate_exacerbations=0).assign(denominator=0.0)
    row = indicator_rows(cells, frozenset(), "hes").iloc[0]
    assert row["value_status"] == "not_applicable"
    assert row[["numerator", "value", "ci_lower", "ci_upper"]].isna().all()
    assert row["denominator"] == 0


def test_duties_met_are_a_share_of_the_duties_due() -> None:
    cells = cells_of(discharge_duties_due=40, discharge_duties_met=30, moderate_exacerbations=50)
    rows = indicator_rows(with_declared(cells), frozenset(), "hes").set_index("indicator_id")
    assert rows["denominator"].tolist() == [500, 40, 500]
    assert rows.loc["discharge_duties_met", "value"] == 75
    assert rows.loc["moderate_exacerbations", "value"] == 10
    hidden = with_declared(cells_of(discharge_duties_due=None, discharge_duties_met=0))
    assert set(indicator_rows(hidden, frozenset(), "hes")["value_status"]) == {"suppressed_small"}


def test_duckdb_pandas_and_tableau_s_engine_read_the_same_rows(
    summary: tuple[Path, SummaryResult], tmp_path: Path
) -> None:
    folder, result = summary
    parameters = {"log_config": ""}
    with (
        tableau.HyperProcess(
            tableau.Telemetry.DO_NOT_SEND_USAGE_DATA_TO_TABLEAU, parameters=parameters
        ) as hyper,
        tableau.Connection(
            hyper.endpoint, str(tmp_path / "summary.hyper"), tableau.CreateMode.CREATE_AND_REPLACE
        ) as connection,
    ):
        for name, table in result.tables.items():
            path = folder / f"{name}.parquet"
            in_tableau = connection.execute_scalar_query(f"SELECT COUNT(*) FROM external('{path}')")
            in_duckdb = duckdb.sql(f"SELECT count(*) FROM '{path}'").fetchone()
            assert in_duckdb is not None
            assert in_tableau == in_duckdb[0] == table.num_rows
            pd.testing.assert_frame_equal(pd.read_parquet(path), table.to_pandas())


def test_the_file_for_tableau_holds_the_tables_value_for_value(
    summary: tuple[Path, SummaryResult], tmp_path: Path
) -> None:
    path = tmp_path / "summary.hyper"
    assert write_hyper(summary[0], path) == {name: t.num_rows for name, t in summary[1].tables.items()}
    with (
        tableau.HyperProcess(
            tableau.Telemetry.DO_NOT_SEND_USAGE_DATA_TO_TABLEAU, parameters={"log_config": ""}
        ) as process,
        tableau.Connection(process.endpoint, str(path)) as connection,
    ):
        for name, table in summary[1].tables.items():
            chosen = ", ".join(f'"{column}"' for column in table.schema.names)
            found = connection.execute_list_query(f'SELECT {chosen} FROM "{name}"')
            in_hyper = [
                tuple(v.to_date() if isinstance(v, tableau.Date) else v for v in row) for row in found
            ]
            assert sorted(in_hyper, key=repr) == sorted(
                (tuple(row.values()) for row in table.to_pylist()), key=repr
            )


def test_a_folder_that_is_no_summary_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="data_dictionary"):
        write_hyper(tmp_path, tmp_path / "summary.hyper")


def test_without_the_optional_package_the_command_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "tableauhyperapi", None)
    with pytest.raises(ConfigError, match="not installed"):
        write_hyper(tmp_path, tmp_path / "summary.hyper")


def test_the_same_people_give_the_same_bytes(summary: tuple[Path, SummaryResult], tmp_path: Path) -> None:
    summary_of(tmp_path, people(), TWO_MONTHS)
    for path in sorted(summary[0].iterdir()):
        assert (tmp_path / SUMMARY / path.name).read_bytes() == path.read_bytes(), path.name


@pytest.mark.parametrize(("true", "shown"), [(0, 0), (8, 10), (12, 10), (13, 15), (17, 15), (18, 20)])
def test_rounding_is_the_rule_s(true: int, shown: int) -> None:
    assert rounded(np.array([true]))[0] == shown


def test_one_to_seven_are_hidden_and_a_true_zero_is_shown() -> None:
    counts = np.arange(0, 10)
    assert is_small(counts, "hes").tolist() == [False] + [True] * 7 + [False] * 2
    assert is_small(counts, "opensafely").tolist() == [True] * 8 + [False] * 2


def test_bounds_of_a_shown_number_hold_exactly_the_counts_that_give_it() -> None:
    for shown in range(0, 60, 5):
        lower, upper = bounds_of_shown(np.array([shown]))
        giving = [n for n in range(100) if n not in range(1, 8) and rounded(np.array([n]))[0] == shown]
        if shown != 5:
            assert (lower[0], upper[0]) == (min(giving), max(giving))


def test_limits_are_the_published_ones() -> None:
    # Byar's limits of 10, as PHEindicatormethods documents them; from 10 up they are the ones used
    assert np.allclose(byar(10), [4.787, 18.392], atol=1e-3)
    assert np.allclose(poisson_limits(10), byar(10))
    low, high = wilson(5, 10)
    assert (round(float(low), 4), round(float(high), 4)) == (0.2366, 0.7634)


def test_no_hidden_count_is_given_away_by_all_that_is_published(
    summary: tuple[Path, SummaryResult],
) -> None:
    """Brute force on one small sum: networks of a board, one month, one indicator, from the shown totals."""
    fact = summary[1].tables["fact_indicator"].to_pandas()
    orgs = summary[1].tables["dim_org"].to_pandas()
    joined = fact.merge(orgs[["org_key", "org_code", "org_level", "sub_icb_code"]], on="org_key")
    totals = joined[(joined["breakdown_type"] == "all") & (joined["indicator_id"] == "ed_only_exacerbations")]
    tried = 0
    for (_, _), month in totals.groupby(["period_start", "indicator_id"]):
        for _, board in month[month["org_level"] == "sub_icb"].iterrows():
            parts = month[(month["org_level"] == "pcn") & (month["sub_icb_code"] == board["org_code"])]
            hidden = parts["value_status"].eq("suppressed_small").to_numpy()
            if not hidden.any() or len(parts) > 3:
                continue
            tried += 1
            tables = _fitting(board["numerator"], parts["numerator"].to_numpy())
            for place in np.flatnonzero(hidden):
                assert len({table[place] for table in tables}) > 1
    assert tried


def _fitting(total: float, parts: np.ndarray) -> list[tuple[int, ...]]:
    def counts(shown: float) -> list[int]:
        if np.isnan(shown):
            return list(range(1, 60))
        lower, upper = bounds_of_shown(np.array([int(shown)]))
        return list(range(int(lower[0]), int(upper[0]) + 1))

    fitting = set(counts(total))
    return [table for table in product(*map(counts, parts)) if sum(table) in fitting]
