"""Each part of the protection against a slow reading of its definition, on small random tables."""

from __future__ import annotations

from datetime import date
from itertools import product

import numpy as np
import pytest
import slow_reading
from slow_reading import PLACED, random_bounds, small_table

from copd_strat.summary import controls, protect
from copd_strat.summary.controls import BOUNDLESS, Guarded, Reason, guarded
from copd_strat.summary.count_table import CountTable, group_slices, groups
from copd_strat.summary.cube import LEVELS, indicators
from copd_strat.summary.exchanges import Exchanges, slack_of, with_wholes
from copd_strat.summary.narrowing import few_values, narrowed_bounds
from copd_strat.summary.periods import MONTHS, Due, Period, PeriodType, due_periods, financial_year, windows
from copd_strat.summary.small_numbers import SmallNumberRule, bounds_of_shown, bounds_of_small, rounded

ED = ("ed_attendances", "ed_only_exacerbations")

ADMITTED = ("copd_emergency_admissions", "readmissions_90d", "readmissions_30d")


@pytest.mark.parametrize(
    "names",
    [("moderate_exacerbations",), ED, ADMITTED, PLACED, (*PLACED, "clinic_places")],
    ids=lambda names: f"{names[0]} {len(names)}",
)
@pytest.mark.parametrize("broken_down", [True, False], ids=["broken down", "totals"])
def test_exchanges_are_those_that_a_slow_reading_finds(names: tuple[str, ...], broken_down: bool) -> None:
    """And each makes another table of whole numbers that prints alike; of one board, and of several."""
    for seed in (1, 2) if len(names) < 4 else (3,):
        table = small_table(names, seed, boards=seed % 2 + 1)
        bounds = random_bounds(table, seed, 4 if len(names) < 4 else 24)
        quick = Exchanges(table, broken_down=broken_down).changeable(slack_of(table, bounds))
        slow, others = slow_reading.changeable(table, bounds, broken_down=broken_down)
        assert [cells.tolist() for cells in quick] == [cells.tolist() for cells in slow]
        assert any(cells.any() for cells in slow)
        assert not all(cells.all() for cells in slow)
        for other in others[:: max(len(others) // 8, 1)]:
            assert slow_reading.prints_alike(other, bounds)


def test_what_is_no_part_of_it_in_fact_is_not_taken_for_one() -> None:
    table = small_table(ED, 1)
    table.counts[1][0, 1, 0] = table.counts[1][0, 0, 0] + 1
    bounds = random_bounds(small_table(ED, 1), 1)
    quick = Exchanges(table, broken_down=True).changeable(slack_of(table, bounds))
    slow, _ = slow_reading.changeable(table, bounds, broken_down=True)
    assert [cells.tolist() for cells in quick] == [cells.tolist() for cells in slow]


def test_slack_in_both_is_slack() -> None:
    table = small_table(ED, 1)
    one, other = (slack_of(table, random_bounds(table, seed)) for seed in (1, 2))
    both = one.and_also(other)
    for side in ("up", "down", "room"):
        pairs = zip(getattr(one, side), getattr(other, side), getattr(both, side), strict=True)
        assert all((a & b == c).all() for a, b, c in pairs)


def test_an_indicator_goes_with_all_that_it_is_part_of() -> None:
    assert with_wholes([(0, 2), (2, 1)], 0) == [(0,), (0, 2), (0, 2, 1)]


@pytest.mark.parametrize("names", [("moderate_exacerbations",), PLACED], ids=lambda names: names[0])
def test_bounds_are_carried_through_every_sum(names: tuple[str, ...]) -> None:
    for seed in (1, 2):
        table = small_table(names, seed)
        bounds = random_bounds(table, seed)
        quick, slow = narrowed_bounds(table, bounds), slow_reading.narrowed(table, bounds)
        for n, (low, high), (low_slow, high_slow) in zip(table.counts, quick, slow, strict=True):
            assert (low == low_slow).all()
            assert (high == high_slow).all()
            assert ((low <= n) & (n <= high)).all()


def test_few_values_are_three_or_fewer() -> None:
    assert few_values((np.array([1, 1, 1, 1]), np.array([1, 3, 4, 7]))).tolist() == [True, True, False, False]


def one_name(
    counts: list[int],
    name: str = "moderate_exacerbations",
    networks: tuple[int, ...] | None = None,
    *,
    boards: bool = False,
) -> Guarded:
    """A month of practices with such counts; everybody is of the first group of each breakdown.

    ``networks``: each practice's; the last network is a sub-ICB location of its own, with ``boards`` under a board
    of its own. One of each if not given.
    """
    practices = np.array(networks or [0] * len(counts))
    above = np.zeros(practices.max() + 1, dtype=np.int64)
    if networks:
        above[-1] = 1
    parents = (practices, above, np.arange(above.max() + 1) * boards)
    levels = [np.array(counts, dtype=np.int64).reshape(-1, 1, 1)]
    for parent in parents:
        own = np.zeros((parent.max() + 1, 1, len(groups())), dtype=np.int64)
        for group in (0, *(part.start for part in group_slices())):
            np.add.at(own[:, 0, group], parent, levels[-1][:, 0, 0])
        levels.append(own)
    codes = tuple(
        tuple(f"{level}{at}" for at in range(len(n))) for level, n in zip(LEVELS, levels, strict=True)
    )
    return guarded(CountTable((name,), codes, parents, tuple(levels)), "month", "hes", stock_breakdown=False)


@pytest.mark.parametrize("rule", ["hes", "opensafely"])
def test_what_a_reader_knows_of_a_cell_depends_on_why_it_is_hidden(rule: SmallNumberRule) -> None:
    counts = [0, 3, 9, 12, 40]
    made = one_name(counts)
    made = Guarded(made.table, rule, made.published, made.known, made.exact, made.reason, made.kind)
    told = {
        Reason.SMALL: (1 if rule == "hes" else 0, 7),
        Reason.SMALL_STOCK: (0, 12),
        Reason.COVER: (8, BOUNDLESS),
    }
    for reason in Reason:
        made.reason[0][:] = reason
        low, high = (side[:, 0, 0].tolist() for side in made.bounds(0))
        if reason == Reason.SHOWN:
            assert (low, high) == ([0, 8, 8, 8, 38], [0, 7, 12, 12, 42])
        else:
            assert set(zip(low, high, strict=True)) == {told.get(reason, (0, BOUNDLESS))}


def test_a_reader_knows_what_follows_and_nothing_of_what_is_not_published() -> None:
    made = one_name([9, 9, 9, 9])
    made.known[0][0] = True
    made.published[0][:2] = False
    made.exact[0][2] = True
    made.reason[0][3] = Reason.COVER
    made.exact[0][3] = True
    low, high = (side[:, 0, 0].tolist() for side in made.bounds(0))
    assert (low, high) == ([9, 0, 9, 8], [9, BOUNDLESS, 9, BOUNDLESS])


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        (Reason.SHOWN, (30, BOUNDLESS)),
        (Reason.COVER, (30, BOUNDLESS)),
        (Reason.SMALL_TOTAL, (0, 29)),
        (Reason.NETWORK, (0, BOUNDLESS)),
        (Reason.FEW_PEOPLE, (0, BOUNDLESS)),
        (Reason.SHORTER_PERIOD, (0, BOUNDLESS)),
        (Reason.REVISION, (0, BOUNDLESS)),
    ],
    ids=str,
)
def test_whether_a_total_is_broken_down_says_on_which_side_of_the_limit_it_lies(
    reason: Reason, expected: tuple[int, int]
) -> None:
    made = one_name([20, 15], "copd_register")
    made.published[1][:] = True
    made.reason[1][:, :, 0] = Reason.NETWORK
    made.reason[1][:, :, 1:] = reason
    low, high = made.bounds(1)
    assert (low[0, 0, 0], high[0, 0, 0]) == expected
    made.published[1][:, :, 1:] = False
    low, high = made.bounds(1)
    assert (low[0, 0, 0], high[0, 0, 0]) == (0, BOUNDLESS)
    made.published[0][:] = True
    made.reason[0][:] = reason
    assert made.bounds(0)[0].shape == (2, 1, 1)


def test_the_limit_of_breakdowns_narrows_what_the_total_s_own_print_says() -> None:
    for counts, reason, expected in (([10], Reason.SMALL_TOTAL, (8, 12)), ([40], Reason.SHOWN, (38, 42))):
        made = one_name(counts)
        made.published[1][:] = True
        made.reason[1][:, :, 1:] = reason
        low, high = made.bounds(1)
        assert (low[0, 0, 0], high[0, 0, 0]) == expected


DECLARED = ("copd_register", "moderate_exacerbations", "pneumococcal_vaccinated", "copd_emergency_admissions")


@pytest.mark.parametrize(("kind", "march"), list(product(MONTHS, (True, False))))
def test_each_period_publishes_what_is_declared_for_it(kind: PeriodType, march: bool) -> None:
    table = small_table(DECLARED, 1)
    made = guarded(table, kind, "hes", stock_breakdown=march)
    for (level, name), (indicator, told) in product(
        enumerate(LEVELS), enumerate(map(indicators().loc.__getitem__, DECLARED))
    ):
        published, known, exact = (
            side[level][:, indicator] for side in (made.published, made.known, made.exact)
        )
        assert (published[:, 0] == (told[name] == kind)).all()
        broken = told["breakdown"] == kind or (told["breakdown"] == "march" and kind == "month" and march)
        assert (published[:, 1:] == broken).all()
        shorter = told[name] in MONTHS and MONTHS[told[name]] < MONTHS[kind]
        assert (known[:, 0] == shorter).all()
        assert (exact[:, 0] == told["stock"]).all()
        assert not known[:, 1:].any()
        assert not exact[:, 1:].any()
        assert (made.declared(level)[indicator] == (told[name] == kind)).all()
    assert all((reason == Reason.SHOWN).all() for reason in made.reason)


def test_an_organisation_that_moved_has_no_figure_and_its_small_counts_are_protected() -> None:
    table = small_table(("moderate_exacerbations",), 1)
    codes = (("P0", "P1", "P2", "P0", "P4"), *table.codes[1:])
    table = CountTable(table.names, codes, table.parents, table.counts)
    table.counts[0][:, 0, 0] = [3, 4, 0, 9, 12]
    made = guarded(table, "month", "hes", stock_breakdown=False)
    assert made.published[0][:, 0, 0].tolist() == [False, True, True, False, True]
    assert made.protected(0)[:, 0, 0].tolist() == [True, False, False, False, False]
    made.known[0][0] = True
    assert not made.protected(0).any()


def test_small_numbers_and_stocks_are_hidden() -> None:
    made = one_name([0, 1, 7, 8, 12, 13])
    controls.hide_small(made)
    assert made.reason[0][:, 0, 0].tolist() == [0, Reason.SMALL, Reason.SMALL, 0, 0, 0]
    assert made.protected(0)[:, 0, 0].tolist() == [False, True, True, False, False, False]
    stock = one_name([0, 1, 7, 8, 12, 13], "copd_register")
    controls.hide_small(stock)
    assert stock.reason[0][:, 0, 0].tolist() == [Reason.SMALL_STOCK] * 5 + [Reason.SHOWN]
    assert stock.protected(0)[:, 0, 0].tolist() == [True] * 5 + [False]


@pytest.mark.parametrize(("total", "hidden"), [(29, True), (30, False)])
def test_no_total_below_thirty_is_broken_down(total: int, hidden: bool) -> None:
    made = one_name([total])
    for level in (1, 2, 3):
        made.published[level][:] = True
    controls.hide_breakdowns_of_small_totals(made)
    for level in (1, 2, 3):
        assert (made.reason[level][:, :, 1:] == (Reason.SMALL_TOTAL if hidden else Reason.SHOWN)).all()
        assert (made.reason[level][:, :, 0] == Reason.SHOWN).all()


def test_where_the_number_of_people_is_hidden_so_is_what_they_did() -> None:
    made = one_name([20, 30])
    few = [np.zeros((len(n), n.shape[2]), dtype=bool) for n in made.table.counts]
    few[1][0, 2] = True
    few[2][0, 0] = True
    made.published[1][:] = made.published[2][:] = True
    made.reason[2][0, 0, 3] = Reason.SMALL
    controls.hide_among_few(made, few)
    assert np.flatnonzero(made.reason[1][0, 0]).tolist() == [2]
    assert (made.reason[2] == Reason.FEW_PEOPLE).all()
    assert not made.reason[3].any()


def test_shares_that_leave_out_few_are_hidden_beside_the_register() -> None:
    made = one_name([20, 19, 13, 12], "pneumococcal_vaccinated")
    made.published[0][:] = True
    register = tuple(np.full_like(n, 20 if not level else 200) for level, n in enumerate(made.table.counts))
    controls.hide_few_without(made, register)
    assert made.reason[0][:, 0, 0].tolist() == [0, Reason.FEW_PEOPLE, Reason.FEW_PEOPLE, 0]
    events = one_name([20, 19, 13, 12])
    controls.hide_few_without(events, register)
    assert not events.reason[0].any()


def test_a_window_is_hidden_in_and_below_a_place_of_which_a_month_is_hidden() -> None:
    table = small_table(("pneumococcal_vaccinated",), 1)
    made = guarded(table, "quarter", "hes", stock_breakdown=False)
    for level in range(4):
        made.published[level][:] = True
        made.known[level][:, :, 0] = True
    hidden = [np.zeros(n.shape, dtype=bool) for n in table.counts]
    hidden[1][2, 0, 0] = True  # the third network: of the fifth practice, in the second sub-ICB location
    hidden[1][0, 0, 4] = True  # a group of the first network
    controls.hide_what_shorter_periods_hide(made, hidden)
    assert [reason[:, 0, 0].astype(bool).tolist() for reason in made.reason] == [
        [False] * 4 + [True], [False, False, True], [False, False], [False],
    ]  # fmt: skip
    assert np.flatnonzero(made.reason[1][0, 0]).tolist() == [4]
    assert made.reason[1][2].all()
    assert not made.reason[1][1].any()
    assert {int(value) for reason in made.reason for value in np.unique(reason)} == {0, Reason.SHORTER_PERIOD}
    assert [known[:, 0, 0].tolist() for known in made.known] == [
        [True] * 5, [True, True, False], [True, False], [False],
    ]  # fmt: skip
    whole = guarded(table, "quarter", "hes", stock_breakdown=False)
    hidden = [np.zeros(n.shape, dtype=bool) for n in table.counts]
    hidden[3][0, 0, 0] = hidden[0][1, 0, 0] = True
    for level in range(4):
        whole.published[level][:] = True
        whole.known[level][:, :, 0] = True
    controls.hide_what_shorter_periods_hide(whole, hidden)
    assert all(reason.all() for reason in whole.reason)
    assert [known[:, 0, 0].tolist() for known in whole.known] == [
        [True, False, True, True, True], [False, True, True], [False, True], [False],
    ]  # fmt: skip


def test_places_of_a_board_are_hidden_where_a_practice_s_clinic_tier_is() -> None:
    names = ("disposition_clinic", "clinic_places")
    for hidden in (True, False):
        made = guarded(small_table(names, 1), "month", "hes", stock_breakdown=True)
        for level in range(4):
            made.published[level][:] = True
        made.reason[0][4, 0, 0] = Reason.SMALL_STOCK if hidden else Reason.SHOWN
        controls.hide_capacity(made)
        assert (made.reason[3][0, 1, 0] == Reason.CAPACITY) is np.bool_(hidden)
        assert not made.reason[3][0, 0].any()
        assert not made.reason[3][0, 1, 1:].any()
    alone = guarded(small_table(("clinic_places",), 1), "month", "hes", stock_breakdown=True)
    controls.hide_capacity(alone)
    assert not any(reason.any() for reason in alone.reason)


def test_reasons_only_hide_what_is_published_and_the_first_one_stays() -> None:
    made = one_name([9, 9, 9])
    made.published[0][1] = False
    made.reason[0][2] = Reason.SMALL
    everything = np.ones((3, 1, 1), dtype=bool)
    made.hide(0, everything, Reason.COVER)
    assert made.reason[0][:, 0, 0].tolist() == [Reason.COVER, Reason.SHOWN, Reason.SMALL]
    made.withhold(0, everything, Reason.NETWORK)
    assert made.reason[0][:, 0, 0].tolist() == [Reason.NETWORK, Reason.SHOWN, Reason.NETWORK]
    assert made.hidden(0)[:, 0, 0].tolist() == [True, False, True]


def test_small_number_rules_are_the_published_ones() -> None:
    assert (bounds_of_small("hes"), bounds_of_small("opensafely")) == ((1, 7), (0, 7))
    assert rounded(np.array([0, 8, 12, 13, 17, 18])).tolist() == [0, 10, 10, 15, 15, 20]
    low, high = bounds_of_shown(np.array([0, 10, 15]))
    assert (low.tolist(), high.tolist()) == ([0, 8, 13], [0, 12, 17])


# --- hiding more ---


def shown_month(counts: list[int], networks: tuple[int, ...] | None = None) -> Guarded:
    """A month whose shown totals everybody knows to the last event: rounding protects nothing."""
    made = one_name(counts, networks=networks)
    for exact in made.exact:
        exact[:, :, 0] = True
    for n, reason in zip(made.table.counts, made.reason, strict=True):
        reason[:, :, 0] = np.where((n > 0) & (n < 8), Reason.SMALL, Reason.SHOWN)[:, :, 0]
    return made


def hidden_practices(made: Guarded) -> dict[int, Reason]:
    reasons = made.reason[0][:, 0, 0]
    return {int(at): Reason(int(reasons[at])) for at in np.flatnonzero(reasons)}


def nothing_before(made: Guarded) -> list[np.ndarray]:
    return [np.zeros(n.shape, dtype=bool) for n in made.table.counts]


def test_a_count_that_could_be_worked_out_gets_the_smallest_cover_or_last_month_s() -> None:
    made = shown_month([3, 40, 25, 33])
    protect.protect(made, nothing_before(made))
    assert hidden_practices(made) == {0: Reason.SMALL, 2: Reason.COVER}
    before = nothing_before(made)
    again = shown_month([3, 40, 25, 33])
    before[0][3] = True
    protect.protect(again, before)
    assert hidden_practices(again) == {0: Reason.SMALL, 3: Reason.COVER}


def test_covers_lie_in_the_same_network_where_they_can() -> None:
    made = shown_month([3, 60, 20, 21, 22], (0, 0, 1, 1, 2))
    protect.protect(made, nothing_before(made))
    assert hidden_practices(made) == {0: Reason.SMALL, 1: Reason.COVER}
    assert not any(reason[:, 0, 0].any() for reason in made.reason[1:])


def test_a_cover_outside_the_network_hides_the_places_between() -> None:
    """The practice, its network and their sub-ICB location are of 3: each gets a cover."""
    made = shown_month([30, 60, 20, 21, 3], (0, 0, 1, 1, 2))
    protect.protect(made, nothing_before(made))
    hidden = [np.flatnonzero(reason[:, 0, 0]).tolist() for reason in made.reason]
    assert hidden == [[2, 4], [0, 1, 2], [0, 1], []]


def test_what_a_revision_would_newly_hide_goes_with_its_network() -> None:
    made = shown_month([9, 30, 40])
    shown = [cells.published[level] & True for level, cells in enumerate([made] * 4)]
    first = protect.First(
        slack_of(made.table, [(n - 2, n + 2) for n in made.table.counts]), nothing_before(made), shown
    )
    revised = shown_month([7, 30, 40])
    protect.protect(revised, nothing_before(made), first)
    assert set(hidden_practices(revised).values()) == {Reason.REVISION}
    assert revised.reason[1][0, 0, 0] == Reason.REVISION
    assert len(hidden_practices(revised)) == 3
    same = shown_month([9, 30, 40])
    protect.protect(same, nothing_before(made), first)
    assert hidden_practices(same) == {}
    kept = [cells.copy() for cells in nothing_before(made)]
    kept[0][1], shown[0][1] = True, False
    protect.protect(same, nothing_before(made), protect.First(first.slack, kept, shown))
    assert hidden_practices(same) == {1: Reason.REVISION}


def withheld(
    cell: tuple[int, int, int, int], names: tuple[str, ...], *, above: bool = False
) -> list[set[tuple[int, ...]]]:
    """Cells (organisation, indicator, group) by level that go where ``cell`` of a level is found."""
    made = guarded(small_table(names, 1), "month", "hes", stock_breakdown=True)
    for level in range(4):
        made.published[level][:] = True
    found = [np.zeros(n.shape, dtype=bool) for n in made.table.counts]
    found[cell[0]][cell[1:]] = True
    protect._withhold(made, found, Reason.NETWORK, above=above)
    return [{tuple(map(int, at)) for at in np.argwhere(reason == Reason.NETWORK)} for reason in made.reason]


def cells(
    organisations: list[int], indicators: list[int], whole_groups: object = None
) -> set[tuple[int, ...]]:
    wanted = range(len(groups())) if whole_groups is None else whole_groups
    return set(product(organisations, indicators, wanted))  # type: ignore[call-overload]


def test_where_a_group_is_found_its_breakdown_goes_in_that_place() -> None:
    sex = range(group_slices()[0].start, group_slices()[0].stop)
    assert withheld((1, 0, 0, 2), ED) == [set(), cells([0], [0, 1], sex), set(), set()]
    assert withheld((2, 1, 0, 2), ED) == [set(), set(), cells([1], [0, 1], sex), set()]


def test_where_a_total_is_found_all_goes_below_it_too() -> None:
    assert withheld((0, 4, 0, 0), ED) == [cells([4], [0, 1], [0]), cells([2], [0, 1]), set(), set()]
    assert withheld((1, 0, 0, 0), ED) == [cells([0, 1], [0, 1], [0]), cells([0], [0, 1]), set(), set()]


def test_with_the_places_above_go_all_that_lie_below_those() -> None:
    names = ("moderate_exacerbations", "copd_reviews")
    assert withheld((1, 2, 1, 0), names, above=True) == [
        cells([0, 1, 2, 3, 4], [1], [0]), cells([0, 1, 2], [1]), cells([0, 1], [1]), cells([0], [1]),
    ]  # fmt: skip


def test_dispositions_go_together_and_events_of_their_own_alone() -> None:
    assert withheld((0, 4, 2, 0), PLACED) == [
        cells([4], [0, 1, 2, 3, 4], [0]),
        cells([2], [0, 1, 2, 3, 4]),
        set(),
        set(),
    ]
    assert withheld((0, 4, 1, 0), ("moderate_exacerbations", "copd_reviews"))[0] == cells([4], [1], [0])


def test_too_many_narrowed_counts_are_hidden_lowest_levels_first(monkeypatch: pytest.MonkeyPatch) -> None:
    made = shown_month([3, 4, 40, 5, 30])
    few = [np.zeros(n.shape, dtype=bool) for n in made.table.counts]
    few[0][[0, 1, 3]] = True
    few[1][0, 0, 0] = True
    monkeypatch.setattr(protect, "narrowed", lambda _: [cells.copy() for cells in few])
    for share, kept in ((0.0, (3, 1)), (0.4, (3, 0)), (0.67, (2, 0)), (0.9, (2, 0)), (1.4, (0, 0))):
        monkeypatch.setattr(protect, "NARROWED_AT_MOST", share)
        found = protect._narrowed_beyond_limit(made)
        assert (int(found[0].sum()), int(found[1].sum())) == kept
    stock = one_name([9, 3, 30], "copd_register")
    controls.hide_small(stock)
    few[0] = np.array([False, True, False]).reshape(3, 1, 1)
    few[1][:] = False
    monkeypatch.setattr(protect, "NARROWED_AT_MOST", 0.6)
    assert protect._narrowed_beyond_limit(stock)[0].any()  # of the two that are hidden one is of 1 to 7


def test_narrowed_are_hidden_counts_of_which_sums_leave_three_values() -> None:
    """Two practices of 1 to 7 have 14 together, or 6."""
    assert protect.narrowed(shown_month([7, 7, 30]))[0][:, 0, 0].tolist() == [True, True, False]
    assert protect.narrowed(shown_month([3, 3, 30]))[0][:, 0, 0].tolist() == [False, False, False]
    stock = one_name([12, 12, 30], "copd_register")
    controls.hide_small(stock)
    assert not protect.narrowed(stock)[0].any()  # 12 each, as anybody may work out: no count of 1 to 7


def placed_by_hand() -> Guarded:
    """Dispositions of which practice, network and sub-ICB location rank each otherwise; all totals shown."""
    table = small_table(PLACED, 1)
    for level, own, counts in (
        (0, 2, [20, 3, 9, 8, 0]),
        (1, 1, [44, 10, 9, 20, 5]),
        (1, 2, [44, 10, 20, 9, 5]),
        (2, 0, [66, 10, 50, 5, 1]),
        (2, 1, [66, 10, 8, 50, 1]),
    ):
        table.counts[level][own, :, 0] = counts
    table.counts[1][1, :, 2] = [13, 4, 7, 2, 0]
    return guarded(table, "month", "hes", stock_breakdown=True)


@pytest.mark.parametrize(
    ("cell", "other"),
    [
        ((0, 2, 1, 0), (2, 0)),  # the network's smaller one of those that the practice has
        ((0, 2, 2, 0), (1, 0)),
        ((1, 1, 1, 0), (4, 0)),
        ((1, 1, 1, 2), (3, 2)),
        ((2, 1, 1, 0), (4, 0)),
    ],
)
def test_a_disposition_is_covered_by_another_one(cell: protect.At, other: tuple[int, int]) -> None:
    assert list(protect._other_column(placed_by_hand(), cell)) == [other]


def test_a_group_is_covered_by_the_smallest_other_group_of_its_breakdown() -> None:
    made = one_name([9])
    sex, age = group_slices()[:2]
    made.table.counts[1][0, 0, sex] = [3, 5, 2, 0]
    made.table.counts[1][0, 0, age] = [1, 4, 1, 0, 2, 0]
    assert list(protect._other_column(made, (1, 0, 0, sex.start))) == [(0, sex.start + 2)]
    assert list(protect._other_column(made, (1, 0, 0, sex.start + 2))) == [(0, sex.start)]
    assert list(protect._other_column(made, (1, 0, 0, age.start))) == [(0, age.start + 2)]
    assert list(protect._other_column(made, (1, 0, 0, 0))) == []
    made.table.counts[1][0, 0, sex] = [3, 0, 0, 0]
    assert list(protect._other_column(made, (1, 0, 0, sex.start))) == []


def test_the_partner_of_a_cover_is_the_nearest_then_last_month_s_then_the_smallest() -> None:
    made = one_name([3, 0, 24, 20, 8], networks=(0, 0, 1, 1, 2))
    before = nothing_before(made)
    cell, columns = (0, 0, 0, 0), [(0, 0)]
    made.reason[0][0] = Reason.SMALL
    assert protect._partner(made, cell, columns, before) == 3
    before[0][2] = True
    assert protect._partner(made, cell, columns, before) == 2
    made.reason[0][2:4] = Reason.COVER
    assert protect._partner(made, cell, columns, before) == 4
    made.published[0][4] = False
    assert protect._partner(made, cell, columns, before) is None


def test_a_board_s_partner_is_another_board() -> None:
    """Nothing stands above them that could be nearer or farther."""
    made = one_name([30, 40, 25], networks=(0, 0, 1), boards=True)
    made.reason[3][0] = Reason.SMALL
    assert protect._partner(made, (3, 0, 0, 0), [(0, 0)], nothing_before(made)) == 1


def test_the_partner_of_a_cover_has_least_more_to_hide() -> None:
    table = small_table(ED, 1)
    table.counts[0][:, :, 0] = [[9, 3], [9, 9], [9, 8], [60, 60], [9, 9]]
    made = guarded(table, "month", "hes", stock_breakdown=False)
    columns = [(1, 0), (0, 0)]
    assert protect._partner(made, (0, 4, 1, 0), columns, nothing_before(made)) == 0
    made.reason[0][3, 0, 0] = Reason.COVER
    assert protect._partner(made, (0, 4, 1, 0), columns, nothing_before(made)) == 3
    made.reason[0][3, 1, 0] = (
        Reason.COVER
    )  # hides both already: enough where the cell's own place still shows one
    assert protect._partner(made, (0, 4, 1, 0), columns, nothing_before(made)) == 3
    made.reason[0][4] = Reason.SMALL
    assert protect._partner(made, (0, 4, 1, 0), columns, nothing_before(made)) == 0


def test_between_two_places_lie_all_up_to_where_they_meet() -> None:
    table = small_table(ED, 1)
    assert list(protect._between(table, 0, 0, 1)) == [(0, 1)]
    assert list(protect._between(table, 0, 0, 2)) == [(0, 2), (1, 0), (1, 1)]
    assert list(protect._between(table, 0, 4, 0)) == [(0, 0), (1, 2), (1, 0), (2, 1), (2, 0)]
    assert list(protect._between(table, 1, 0, 2)) == [(1, 2), (2, 0), (2, 1)]
    assert list(protect._between(table, 0, 0, None)) == []


def test_moves_between_groups_are_tried_where_any_breakdown_is_published() -> None:
    """Everybody's number is known, no group's is: somebody may be of another group."""
    made = one_name([20, 30])
    bounds = [
        (np.where(np.arange(n.shape[2]) > 0, 0, n), np.where(np.arange(n.shape[2]) > 0, BOUNDLESS, n))
        for n in made.table.counts
    ]
    slack = slack_of(made.table, bounds)
    for published in made.published:
        published[:, :, 1:] = False
    assert not any(cells.any() for cells in protect.exchanges_of(made).changeable(slack))
    made.published[1][:] = True
    assert any(cells.any() for cells in protect.exchanges_of(made).changeable(slack))


def test_a_small_tier_is_covered_by_another_tier_in_its_place_and_in_a_neighbour() -> None:
    """Everybody placed is counted exactly; people who change places between the tiers leave all sums alone."""
    table = small_table(PLACED, 1)
    for level, rows in enumerate(
        (
            [
                [60, 3, 14, 20, 23],
                [80, 20, 20, 20, 20],
                [90, 20, 30, 20, 20],
                [90, 20, 30, 20, 20],
                [64, 16, 16, 16, 16],
            ],
            [[140, 23, 34, 40, 43], [180, 40, 60, 40, 40], [64, 16, 16, 16, 16]],
            [[320, 63, 94, 80, 83], [64, 16, 16, 16, 16]],
            [[384, 79, 110, 96, 99]],
        )
    ):
        table.counts[level][:, :, 0] = rows
        for part in group_slices() if level else ():
            table.counts[level][:, :, part] = 0
            table.counts[level][:, :, part.start] = rows
    made = guarded(table, "month", "hes", stock_breakdown=False)
    controls.hide_small(made)
    protect.protect(made, nothing_before(made))
    totals = {
        (level, *map(int, at))
        for level, reason in enumerate(made.reason)
        for at in np.argwhere(reason[:, :, 0])
    }
    assert totals == {(0, 0, 1), (0, 0, 2), (0, 1, 1), (0, 1, 2)}


def test_two_small_tiers_of_one_kind_do_not_protect_each_other() -> None:
    """Each is what the practice placed less its other tiers: only another tier beside it hides that."""
    names = (*PLACED, "clinic_places")
    table = small_table(names, 1)
    practices = [
        [60, 3, 17, 20, 20, 3],
        [80, 10, 20, 20, 30, 10],
        *([90, 20, 30, 20, 20, 12] for _ in range(3)),
    ]
    for level, counts in enumerate(table.counts):
        for part in group_slices() if level else ():
            counts[:, :, part] = 0
            counts[:, :, part.start] = practices
        counts[:, :, 0] = practices
        practices = [np.sum([row for at, row in enumerate(practices) if slow_reading.PARENTS[level][at] == own], axis=0)
                     for own in range(3 - level)] if level < 3 else practices  # fmt: skip
    made = guarded(table, "month", "hes", stock_breakdown=False)
    controls.hide_small(made)
    open_ones = protect.unproven(made, protect.exchanges_of(made))
    assert open_ones[0][:, 1, 0].tolist() == [True, True, False, False, False]
    protect.protect(made, nothing_before(made))
    assert made.hidden(0)[:2, 1:5, 0].sum(axis=1).tolist() == [2, 2]


def test_who_stands_under_two_parents_is_hidden_among_the_siblings() -> None:
    table = small_table(ED, 1)
    table = CountTable(
        table.names, (("P0", "P1", "P2", "P0", "P4"), *table.codes[1:]), table.parents, table.counts
    )
    made = guarded(table, "month", "hes", stock_breakdown=True)
    found = [np.zeros(n.shape, dtype=bool) for n in table.counts]
    found[0][0, 0, 0] = True
    protect._withhold(made, found, Reason.NETWORK, above=False)
    assert made.reason[0][:, :, 0].tolist() == [[0, 0], [Reason.NETWORK] * 2, [0, 0], [0, 0], [0, 0]]
    assert np.flatnonzero(made.reason[1][:, 0, 0]).tolist() == [0]


@pytest.mark.parametrize("patient", [True, False])
def test_a_second_tier_of_a_place_waits_for_the_proof(patient: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """The cover of the first one may serve it too; what is no tier of its own never waits."""
    made = guarded(small_table((*PLACED, "clinic_places"), 1), "month", "hes", stock_breakdown=True)
    covered = []

    def cover(guarded_: Guarded, cell: protect.At, _: object) -> None:
        covered.append(cell)
        guarded_.reason[cell[0]][cell[1:]] = Reason.COVER

    monkeypatch.setattr(protect, "_cover", cover)
    wanted = [(0, 2, 0, 0), (0, 2, 1, 0), (0, 2, 2, 0), (0, 2, 5, 0), (0, 3, 1, 0)]
    found = [np.zeros(n.shape, dtype=bool) for n in made.table.counts]
    for level, *at in wanted:
        found[level][tuple(at)] = True
    protect._cover_all(made, found, nothing_before(made), patient=patient)
    assert covered == [cell for cell in wanted if not patient or cell != (0, 2, 2, 0)]


def test_a_cover_hides_no_zero() -> None:
    made = placed_by_hand()
    made.table.counts[0][[0, 1], :, 0] = [[20, 3, 9, 8, 0], [20, 10, 0, 10, 0]]
    made.table.counts[1][0, :, 0] = [40, 13, 9, 18, 0]
    protect._cover(made, (0, 0, 1, 0), nothing_before(made))
    hidden = {tuple(map(int, at)) for at in np.argwhere(made.reason[0][:, :, 0])}
    assert hidden == {(0, 1), (0, 2), (1, 1)}


def test_a_place_that_counts_none_is_no_partner() -> None:
    made = placed_by_hand()
    made.table.counts[0][:, :, 0] = [
        [20, 3, 9, 8, 0],
        [20, 0, 10, 10, 0],
        [9, 9, 0, 0, 0],
        [9, 0, 0, 9, 0],
        [9, 0, 9, 0, 0],
    ]
    made.reason[0][0] = made.reason[0][2, 1] = Reason.COVER
    columns = [(1, 0), (2, 0)]
    assert protect._partner(made, (0, 0, 1, 0), columns, nothing_before(made)) is None
    made.reason[0][2, 1] = Reason.SHOWN
    assert protect._partner(made, (0, 0, 1, 0), columns, nothing_before(made)) == 2


# --- periods ---


def test_periods_are_those_of_the_nhs_year() -> None:
    year, quarter, month = (
        Period("year", date(2024, 4, 1)),
        Period("quarter", date(2025, 1, 1)),
        Period("month", date(2025, 3, 1)),
    )
    assert [period.label for period in (year, quarter, month)] == [
        "Financial year 2024/25", "January to March 2025", "March 2025",
    ]  # fmt: skip
    assert Period("year", date(1999, 4, 1)).label == "Financial year 1999/00"
    days = (date(2025, 3, 31), date(2025, 4, 1), date(2025, 12, 31))
    assert [financial_year(day) for day in days] == ["2024/25", "2025/26", "2025/26"]
    assert [period.end for period in (year, quarter, month)] == [date(2025, 3, 31)] * 3
    assert [len(period.months) for period in (year, quarter, month)] == [12, 3, 1]
    assert [period.has_stock_breakdown for period in (year, quarter, month)] == [False, False, True]
    assert not Period("month", date(2025, 4, 1)).has_stock_breakdown
    assert not Period("year", date(2025, 3, 1)).has_stock_breakdown
    assert [Period.of_key(period.key) for period in (year, quarter, month)] == [year, quarter, month]
    assert quarter.key == "quarter-2025-01"


def test_windows_lie_wholly_in_the_months_and_begin_where_the_nhs_year_does() -> None:
    months = [date(2024 + at // 12, at % 12 + 1, 1) for at in range(2, 17)]  # March 2024 to May 2025
    assert windows(months) == [
        *(
            Period("quarter", date(year, month, 1))
            for year, month in ((2024, 4), (2024, 7), (2024, 10), (2025, 1))
        ),
        Period("year", date(2024, 4, 1)),
    ]
    assert windows(months[1:4]) == [Period("quarter", date(2024, 4, 1))]
    assert windows(months[1:3]) == []


def test_a_window_is_due_once_and_a_month_is_revised_when_three_more_have_closed() -> None:
    april = [Due(Period("month", date(2025, month, 1)), 0) for month in (4, 5, 6, 7, 8)]
    provisional = [due.period.start for due in april]
    due = due_periods(april, provisional, date(2025, 9, 30), 24)
    assert due == (
        Due(Period("month", date(2025, 4, 1)), 1),
        Due(Period("month", date(2025, 5, 1)), 1),
        Due(Period("month", date(2025, 6, 1)), 1),
        Due(Period("month", date(2025, 9, 1)), 0),
        Due(Period("quarter", date(2025, 4, 1)), 0),
    )
    again = due_periods([*april, due[-1]], [], date(2025, 9, 30), 24)
    assert again == (Due(Period("month", date(2025, 9, 1)), 0),)
    assert due_periods(april, [], date(2025, 9, 29), 24) == ()
