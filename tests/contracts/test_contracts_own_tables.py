"""The program's own tables: every column has its contract, and every rule can stop a night."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

import pandas as pd
import pytest
from own_tables_world import ROWS, broken_frame, frame_of, sound_frame, sound_values

from copd_strat.checks import check_kind
from copd_strat.contracts.contract import Contract, Rule
from copd_strat.contracts.own_tables import own_table, own_tables
from copd_strat.errors import ContractError
from copd_strat.quality import gate
from copd_strat.quality.findings import RuleResult

TABLES = [*own_tables("internal"), *own_tables("published")]
# A rule that compares two columns is broken alone, since breaking the other column could keep it.
ALONE = ("not_above", "not_before")
Group = tuple[Contract, tuple[Rule, ...]]


def groups(contracts: Iterable[Contract], wanted: Callable[[Rule], bool]) -> list[Group]:
    """Rules that can be broken together: of one table and check, severity and place in its column."""
    found: dict[tuple[str, ...], Group] = {}
    for contract in contracts:
        for rule in filter(wanted, contract.rules):
            name = rule.code if rule.check in ALONE else rule.code.rsplit(".", 1)[-1]
            key = (contract.name, name, rule.severity, str(rule.fail_share))
            found[key] = (contract, (*found.get(key, (contract, ()))[1], rule))
    return list(found.values())


def name_of(item: object) -> str:
    return item.name if isinstance(item, Contract) else item[0].code.rsplit(".", 1)[-1]


def tolerates_a_few(rule: Rule) -> bool:
    return check_kind(rule.check).of_one_value and rule.severity != "warn"


def codes(found: Iterable[RuleResult | Rule]) -> set[str]:
    return {item.code for item in found}


@pytest.mark.parametrize("contract", TABLES, ids=lambda contract: contract.name)
def test_a_sound_table_passes(contract: Contract) -> None:
    verdict = gate.judge_table(sound_frame(contract), contract)
    assert verdict.failures == ()
    assert verdict.warnings == ()
    assert {found.code for found in verdict.results} == {rule.code for rule in contract.rules}


@pytest.mark.parametrize(("contract", "rules"), groups(TABLES, lambda _: True), ids=name_of)
def test_every_rule_can_be_broken(contract: Contract, rules: tuple[Rule, ...]) -> None:
    verdict = gate.judge_table(broken_frame(contract, rules), replace(contract, rules=rules))
    if rules[0].severity == "warn":
        assert verdict.success
        assert codes(verdict.warnings) == codes(rules)
        return
    assert codes(verdict.failures) == codes(rules)
    assert all(found.fix for found in verdict.failures)
    assert "canary" not in str(verdict)


@pytest.mark.parametrize(("contract", "rules"), groups(own_tables("internal"), tolerates_a_few), ids=name_of)
def test_one_person_never_stops_a_night_and_five_do(contract: Contract, rules: tuple[Rule, ...]) -> None:
    """docs/decisions.md §37: a share of people, and at least five."""
    share = rules[0].fail_share or 0.0
    few = max(4, int(share * ROWS))
    judged = replace(contract, rules=rules)
    told = gate.judge_table(broken_frame(contract, rules, rows=few), judged)
    assert told.success
    assert codes(told.warnings) == codes(rules)
    stopped = gate.judge_table(broken_frame(contract, rules, rows=few + 1), judged)
    assert codes(stopped.failures) == codes(rules)


def test_a_site_without_any_mrc_can_run() -> None:
    """docs/decisions.md §37: no published model scores its patients, rules and reviews still work."""
    features, scores = own_table("internal", "features"), own_table("internal", "scores")
    gaps = sound_values(features) | dict.fromkeys(("mrc", "mrc_date", "cat", "cat_date"), [None] * ROWS)
    verdict = gate.judge_table(frame_of(features, gaps), features)
    assert verdict.success
    assert [found.code for found in verdict.warnings] == ["internal.features.mrc.required"]
    unscored = [
        column.name for column in scores.columns if column.name.startswith(("risk_any", "risk_severe"))
    ]
    assert gate.judge_table(
        frame_of(scores, sound_values(scores) | dict.fromkeys(unscored, [None] * ROWS)), scores
    ).success


def test_what_nobody_can_observe_does_not_stop_the_run() -> None:
    features = own_table("internal", "features")
    gaps = [column.name for column in features.columns if not column.required and column.name != "mrc"]
    values = sound_values(features) | dict.fromkeys(gaps, [None] * ROWS)
    assert gate.judge_table(frame_of(features, values), features).success


def test_few_patients_are_not_judged_by_bands() -> None:
    features = own_table("internal", "features")
    few = sound_frame(features).head(20).assign(mrc=pd.NA, age=95.0)
    assert gate.judge_table(few, features).success


def test_a_column_that_must_be_there_is_missed() -> None:
    features = own_table("internal", "features")
    verdict = gate.judge_table(sound_frame(features).drop(columns="age"), features)
    assert {rule.code for rule in features.rules if rule.column == "age"} <= {
        found.code for found in verdict.failures
    }


def test_a_column_of_the_wrong_type_is_refused() -> None:
    features = own_table("internal", "features")
    with pytest.raises(ContractError, match="column age is not of type number") as caught:
        gate.judge_table(sound_frame(features).assign(age="canary"), features)
    assert "canary" not in str(caught.value)
