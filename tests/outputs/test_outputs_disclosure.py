"""No hidden count can be worked out: known leaks are found and covered, and brute force finds no others."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from copd_strat.errors import DisclosureError
from copd_strat.summary import protect as protection
from copd_strat.summary.audit import Witnesses, exposed
from copd_strat.summary.counts import CELL_KEY
from copd_strat.summary.protect import KNOWN, protect
from copd_strat.summary.relations import linked_indicators, system_of

INDICATOR = "bed_days"
NEAR = 6  # brute force looks this far around a true count that is hidden without an upper bound


def tree(practices_by_pcn: list[int]) -> pd.DataFrame:
    """Membership of practices in PCNs of one sub-ICB and ICB; names by number."""
    pcns = [f"N{pcn}" for pcn, count in enumerate(practices_by_pcn) for _ in range(count)]
    practices = [f"P{number}" for number in range(len(pcns))]
    return pd.DataFrame({"practice": practices, "pcn": pcns, "sub_icb": "S", "icb": "I"})


def totals(counts: list[int], membership: pd.DataFrame, indicator: str = INDICATOR) -> pd.DataFrame:
    """Practice totals and their sums as cells."""
    base = membership.assign(n=counts)
    rows = [
        (indicator, level, str(code), "all", "all", int(n))
        for level in ("practice", "pcn", "sub_icb", "icb")
        for code, n in base.groupby(level)["n"].sum().items()
    ]
    return pd.DataFrame(rows, columns=[*CELL_KEY, "n"])


def by_sex(counts: list[tuple[int, int]]) -> pd.DataFrame:
    """PCN counts of women and men, and their sums."""
    split = [("female", 0), ("male", 1)]
    rows = [
        (INDICATOR, "pcn", f"N{pcn}", "sex", sex, pair[column])
        for pcn, pair in enumerate(counts)
        for sex, column in split
    ]
    rows += [
        (INDICATOR, level, code, "sex", sex, sum(pair[column] for pair in counts))
        for level, code in (("sub_icb", "S"), ("icb", "I"))
        for sex, column in split
    ]
    return pd.DataFrame(rows, columns=[*CELL_KEY, "n"])


def hidden_of(cells: pd.DataFrame, level: str) -> pd.DataFrame:
    return cells[(cells["org_level"] == level) & cells["published"].isna()]


@pytest.mark.parametrize(
    ("counts", "why"),
    [
        ([1] * 12, "twelve hidden counts of at least 1 and a total of at most 12"),
        ([7] * 4, "four hidden counts of at most 7 and a total of at least 28"),
        ([7, 12, 12, 12], "the shown ones cannot make up the total without a full 7"),
    ],
)
def test_a_known_leak_of_the_small_number_rule_is_covered(counts: list[int], why: str) -> None:
    membership = tree([len(counts)])
    cells = totals(counts, membership)
    naive = protection._bounded(protection._primary(cells, "hes"), "hes")
    assert exposed(system_of(naive, membership), Witnesses()).any(), why
    safe = protect(cells, membership, "hes")
    assert not exposed(system_of(safe, membership), Witnesses()).any()
    assert safe["published"].isna().sum() > (np.array(counts) < 8).sum()


def test_what_is_safe_already_loses_nothing() -> None:
    membership = tree([3, 3])
    safe = protect(totals([3, 22, 30, 5, 18, 40], membership), membership, "hes")
    assert set(hidden_of(safe, "practice")["org_code"]) == {"P0", "P3"}
    assert safe.loc[safe["org_level"] != "practice", "published"].notna().all()


def test_a_true_zero_is_shown_and_under_opensafely_it_is_not() -> None:
    membership = tree([4])
    cells = totals([0, 15, 20, 30], membership)
    hes, opensafely = protect(cells, membership, "hes"), protect(cells, membership, "opensafely")
    assert hes.set_index("org_code").loc["P0", "published"] == 0
    assert set(hidden_of(opensafely, "practice")["org_code"]) >= {"P0"}


def test_a_revision_is_audited_together_with_the_first_figures() -> None:
    """First figures say at least 5, the revised ones at most 5: either alone is safe."""
    membership = tree([5])
    first = protect(totals([5, 12, 12, 12, 12], membership), membership, "hes")
    revised = totals([5, 13, 13, 13, 13], membership)
    alone = protect(revised, membership, "hes")
    assert first["published"].isna().sum() == alone["published"].isna().sum() == 1
    together = protect(revised, membership, "hes", earlier=first[[*CELL_KEY, *KNOWN]])
    assert together["published"].isna().sum() > 1


def test_a_revision_without_change_hides_what_the_first_hid() -> None:
    membership = tree([3, 2])
    cells = totals([3, 22, 30, 5, 18], membership)
    first = protect(cells, membership, "hes")
    again = protect(cells, membership, "hes", earlier=first[[*CELL_KEY, *KNOWN]])
    pd.testing.assert_series_equal(again["published"], first["published"])


def test_counts_among_hidden_people_are_hidden() -> None:
    membership = tree([3])
    cells = pd.concat(
        [totals([4, 60, 80], membership, "copd_register"), totals([20, 40, 30], membership)],
        ignore_index=True,
    )
    safe = protect(cells, membership, "hes").set_index(["indicator_id", "org_code"])
    assert pd.isna(safe.loc[(INDICATOR, "P0"), "published"])
    assert safe.loc[(INDICATOR, "P1"), "published"] == 40


def test_nothing_is_published_if_the_audit_fails_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protection, "exposed", lambda system, seen: np.ones(len(system.lower), dtype=bool))
    membership = tree([2])
    with pytest.raises(DisclosureError) as caught:
        protect(totals([3, 20], membership), membership, "hes")
    assert caught.value.exit_code == 14


def test_linked_indicators_are_audited_together_and_others_apart() -> None:
    groups = {name: tuple(group) for group in linked_indicators() for name in group}
    assert groups["disposition_clinic"] == groups["people_placed"] == groups["clinic_places"]
    assert groups["readmissions_30d"] == groups["copd_emergency_admissions"]
    assert groups["copd_register"] == ("copd_register",)


def test_protection_does_not_depend_on_the_order_of_rows() -> None:
    membership = tree([4, 4])
    cells = totals([7, 7, 7, 7, 1, 30, 9, 0], membership)
    mixed = cells.sample(frac=1, random_state=1)
    one = protect(cells, membership, "hes").set_index(CELL_KEY)["published"].sort_index()
    two = protect(mixed, membership, "hes").set_index(CELL_KEY)["published"].sort_index()
    pd.testing.assert_series_equal(one, two)


# --- brute force: two PCNs of two practices each, with a breakdown by sex ---

pairs = st.tuples(st.integers(0, 14), st.integers(0, 14))


def two_pcns(
    practices: tuple[tuple[int, int], tuple[int, int]], women: tuple[int, int]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Membership and true cells; women are counted up to everybody of a PCN."""
    sums = [sum(pair) for pair in practices]
    sexes = [(min(f, total), total - min(f, total)) for f, total in zip(women, sums, strict=True)]
    membership = tree([2, 2])
    counts = totals([n for pair in practices for n in pair], membership)
    return membership, pd.concat([counts, by_sex(sexes)], ignore_index=True)


@settings(max_examples=60, deadline=None)
@given(practices=st.tuples(pairs, pairs), women=st.tuples(st.integers(0, 28), st.integers(0, 28)))
def test_brute_force_finds_a_second_table_for_every_hidden_count(
    practices: tuple[tuple[int, int], tuple[int, int]], women: tuple[int, int]
) -> None:
    membership, cells = two_pcns(practices, women)
    safe = protect(cells, membership, "hes")
    possible = possible_counts(safe)
    for row in safe[safe["published"].isna() & (safe["n"] > 0)].itertuples():
        assert len(possible[row.org_level, row.org_code, row.breakdown_value]) > 1, row


@settings(max_examples=60, deadline=None)
@given(practices=st.tuples(pairs, pairs), women=st.tuples(st.integers(0, 28), st.integers(0, 28)))
def test_what_bounds_prove_fixed_has_one_value_by_brute_force(
    practices: tuple[tuple[int, int], tuple[int, int]], women: tuple[int, int]
) -> None:
    membership, cells = two_pcns(practices, women)
    naive = protection._bounded(protection._primary(cells, "hes"), "hes")
    possible = possible_counts(naive)
    for row in naive[system_of(naive, membership).same_in_all_tables()].itertuples():
        assert possible[row.org_level, row.org_code, row.breakdown_value] == {row.n}, row


@pytest.mark.parametrize("counts", [[1] * 12, [7] * 4, [7, 12, 12, 12]])
def test_bounds_alone_prove_the_known_leaks(counts: list[int]) -> None:
    membership = tree([len(counts)])
    naive = protection._bounded(protection._primary(totals(counts, membership), "hes"), "hes")
    system = system_of(naive, membership)
    assert (system.same_in_all_tables() & system.hidden).any()


Place = tuple[str, str, str]


def possible_counts(safe: pd.DataFrame) -> dict[Place, set[int]]:
    """Counts that each cell can have, from the published numbers and the reader's knowledge of the rules."""
    within = {
        (row.org_level, row.org_code, row.breakdown_value): (
            max(row.lower, row.n - NEAR),
            min(row.upper, row.n + NEAR),
        )
        for row in safe.itertuples()
    }
    tables = [list(tables_of_pcn(within, pcn)) for pcn in (0, 1)]
    sums = [{(t[0] + t[1], t[2], t[3]) for t in those} for those in tables]
    possible: dict[Place, set[int]] = {place: set() for place in within}
    bounds = np.array([within[place] for place in higher_places()])
    for pcn, other in ((0, 1), (1, 0)):
        theirs = np.array(sorted(sums[other])).reshape(-1, 3)
        for table in tables[pcn]:
            wholes = np.tile(np.add(theirs, (table[0] + table[1], table[2], table[3])), 2)
            wholes = wholes[((wholes >= bounds[:, 0]) & (wholes <= bounds[:, 1])).all(axis=1)]
            if len(wholes):
                note_pcn(possible, pcn, table)
            for place, counts in zip(higher_places(), wholes.T, strict=True):
                possible[place].update(counts.tolist())
    return possible


def tables_of_pcn(within: dict[Place, tuple[int, int]], pcn: int) -> Iterator[tuple[int, int, int, int]]:
    """Practices' and sexes' counts that fit a PCN's own published cells."""
    low_total, high_total = within["pcn", f"N{pcn}", "all"]
    ranges = [span(within["practice", f"P{2 * pcn + n}", "all"]) for n in (0, 1)]
    women, men = (within["pcn", f"N{pcn}", sex] for sex in ("female", "male"))
    for one, two in product(*ranges):
        if low_total <= one + two <= high_total:
            for f in span(women):
                if men[0] <= one + two - f <= men[1]:
                    yield one, two, f, one + two - f


def span(bounds: tuple[int, int]) -> range:
    return range(bounds[0], bounds[1] + 1)


def higher_places() -> list[Place]:
    return [
        (level, code, what)
        for level, code in (("sub_icb", "S"), ("icb", "I"))
        for what in ("all", "female", "male")
    ]


def note_pcn(possible: dict[Place, set[int]], pcn: int, table: tuple[int, int, int, int]) -> None:
    one, two, women, men = table
    possible["practice", f"P{2 * pcn}", "all"].add(one)
    possible["practice", f"P{2 * pcn + 1}", "all"].add(two)
    possible["pcn", f"N{pcn}", "all"].add(one + two)
    possible["pcn", f"N{pcn}", "female"].add(women)
    possible["pcn", f"N{pcn}", "male"].add(men)
