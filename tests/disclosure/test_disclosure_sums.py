"""No hidden count of 1 to 7 can be worked out from sums: an intruder with a solver tries, world after world.

Each control is then taken away, and the same intruder succeeds: the attacks have teeth.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import numpy as np
import pandas as pd
import pytest
from disclosure_worlds import PLACES, World, world
from intruder import Intruder

from copd_strat.errors import DisclosureError
from copd_strat.summary import controls, exchanges, period_figures, protect
from copd_strat.summary.count_table import CELL_KEY
from copd_strat.summary.counts import Counted
from copd_strat.summary.periods import Due, Period, windows

APRIL = date(2025, 4, 1)
LINKED = (
    ("copd_register",),
    ("moderate_exacerbations",),
    ("ed_attendances", "ed_only_exacerbations"),
    (
        "people_placed",
        *(f"disposition_{d}" for d in ("clinic", "self_management", "clinical_review", "not_listed")),
    ),
)
WINDOWED = (
    (
        "copd_emergency_admissions",
        *(f"readmissions_{days}d{of}" for days in (30, 90) for of in ("", "_reviewed")),
    ),
    ("discharge_duties_due", "discharge_duties_met"),
    ("app_registered",),
    ("pneumococcal_vaccinated",),
    ("rehabilitation_completed",),
)
WORLDS = ((1, 900), *(pytest.param(world, marks=pytest.mark.slow) for world in ((2, 300), (3, 2000))))


@pytest.fixture(
    scope="module", params=WORLDS, ids=("seed 1, 900 people", "seed 2, 300 people", "seed 3, 2000 people")
)
def released(request: pytest.FixtureRequest) -> World:
    seed, size = request.param
    return world(seed, size).publish_all()


def protected(cells: pd.DataFrame) -> pd.DataFrame:
    return cells[cells["hidden"].astype(bool) & cells["n"].between(1, 7)]


def worked_out(cells: pd.DataFrame, places: pd.DataFrame, names: tuple[str, ...], most: int) -> int:
    """How many hidden counts (of ``most``, drawn at random) an intruder can tell exactly."""
    intruder = Intruder.of(cells, places, names)
    targets = protected(cells[cells["indicator_id"].isin(names)])
    targets = targets.sample(min(most, len(targets)), random_state=1)
    for row in targets.itertuples():
        intruder.cell(row)
    exact = 0
    for row in targets.itertuples():
        low, high = intruder.range_of(row)
        assert low <= row.n <= high, "the intruder believes something false"
        exact += low == high
    return exact


@pytest.mark.parametrize("names", LINKED, ids=lambda names: names[0])
def test_one_month_s_sums_give_nothing_away(released: World, names: tuple[str, ...]) -> None:
    """Totals, nesting, breakdowns, parts of wholes and dispositions, in the month that shows most."""
    cells = released.cells()
    cells = cells[cells["period"] == Period("month", APRIL)]
    assert len(protected(cells)) > 20
    assert worked_out(cells, released.counted.membership, names, 40) == 0


@pytest.mark.parametrize("names", WINDOWED, ids=lambda names: names[0])
def test_months_quarters_and_the_year_together_give_nothing_away(
    released: World, names: tuple[str, ...]
) -> None:
    """Windows of rare events against each other, practices and networks having moved in between."""
    cells = released.cells()
    assert {period.kind for period in cells["period"]} == {"month", "quarter", "year"}
    assert len(cells[cells["indicator_id"].isin(names)]) > 20
    totals = cells[cells["breakdown_type"] == "all"]
    assert worked_out(totals, released.counted.membership, names, 8) == 0
    by_age = cells[cells["breakdown_type"].isin(["all", "age_band"])]
    assert worked_out(by_age, released.counted.membership, names[:1], 3) == 0


def test_what_is_narrowed_is_recorded_and_limited(released: World) -> None:
    records = pd.DataFrame([figures.record for figures in released.figures.values()])
    assert protect.NARROWED_AT_MOST == 0.02  # docs/decisions.md §48
    assert (records["narrowed"] <= 0.02 * records["hidden_1_to_7"]).all()
    hidden = records.filter(like="hidden_").drop(columns="hidden_1_to_7").sum(axis=1)
    cells = released.cells()
    moved = cells["n"].eq(0) & cells["reason"].eq(controls.Reason.SHORTER_PERIOD) & cells["upper"].eq(0)
    assert hidden.sum() == (cells["hidden"].astype(bool) & ~moved).sum()


def test_a_stock_s_total_of_few_is_never_shown_and_its_practice_shows_nothing(released: World) -> None:
    cells = released.cells()
    tiny = cells[(cells["org_code"] == "P0")]
    assert tiny["n"].max() > 0
    assert tiny["hidden"].all()


def few_without(made: World) -> int:
    """How many practices show a share of their register that leaves out 1 to 7 people."""
    cells = made.cells()
    own = cells[(cells["indicator_id"] == "pneumococcal_vaccinated") & (cells["org_level"] == "practice")]
    assert len(own) == 4
    return int((~own["hidden"].astype(bool) & own["n"].between(93, 99)).sum())


def test_a_share_never_says_how_few_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """97 of 100 vaccinated: beside the register that counts three people who are not."""
    months = [APRIL, date(2025, 5, 1), date(2025, 6, 1)]
    one = month_of([97, 60, 50, 40], tree([2, 2]), "pneumococcal_vaccinated").counted
    finest, places = (
        pd.concat([frame.assign(month=month) for month in months], ignore_index=True)
        for frame in (one.finest, one.membership)
    )
    assert few_without(World(Counted(finest, places), months).publish_all()) == 0
    monkeypatch.setattr(period_figures, "hide_few_without", lambda *_: None)
    assert few_without(World(Counted(finest, places), months).publish_all()) == 1


# --- without its control, each attack succeeds ---


def tree(practices_by_pcn: list[int]) -> pd.DataFrame:
    pcns = [f"N{pcn}" for pcn, count in enumerate(practices_by_pcn) for _ in range(count)]
    places = pd.DataFrame({"practice": [f"P{n}" for n in range(len(pcns))], "pcn": pcns})
    return places.assign(sub_icb="S", icb="I", month=APRIL)


def month_of(counts: list[int], places: pd.DataFrame, name: str = "moderate_exacerbations") -> World:
    """One month of practice totals; everybody is a white woman in her sixties from the middle quintile."""
    person = {"sex": "female", "age_band": "60-69", "imd_quintile": "3", "ethnicity_group": "white"}
    rows = []
    for indicator, sizes in (("copd_register", [100] * len(counts)), (name, counts)):
        own = places.assign(n=sizes)
        rows += [(indicator, "practice", row.practice, "all", "all", row.n) for row in own.itertuples()]
        sums = own.groupby("pcn")["n"].sum().items()
        rows += [(indicator, "pcn", pcn, kind, value, n) for pcn, n in sums for kind, value in person.items()]
    finest = pd.DataFrame(rows, columns=[*CELL_KEY, "n"]).assign(month=APRIL)
    return World(Counted(finest.astype(dict.fromkeys(CELL_KEY, "object")), places), [APRIL])


LEAKS = ([1] * 12, [7] * 4, [7, 12, 12, 12])


def leaks(counts: list[int]) -> int:
    made = month_of(counts, tree([len(counts)])).publish_all()
    return worked_out(made.cells(), made.counted.membership, ("moderate_exacerbations",), 20)


@pytest.mark.parametrize("counts", LEAKS, ids=str)
def test_totals_leak_without_the_proof(counts: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    assert leaks(counts) == 0
    monkeypatch.setattr(period_figures, "protect", lambda *_: None)
    assert leaks(counts) > 0


def test_what_is_safe_already_loses_nothing() -> None:
    made = month_of([3, 22, 30, 5, 18, 40], tree([3, 3])).publish_all()
    cells = made.cells()
    totals = cells[(cells["breakdown_type"] == "all") & (cells["indicator_id"] == "moderate_exacerbations")]
    assert set(totals.loc[totals["hidden"].astype(bool), "org_code"]) == {"P0", "P3"}


def test_nothing_is_published_if_the_proof_fails_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing_is_safe(guarded: controls.Guarded, *_: object) -> list[np.ndarray]:
        return [np.ones(n.shape, dtype=bool) for n in guarded.table.counts]

    monkeypatch.setattr(protect, "unproven", nothing_is_safe)
    with pytest.raises(DisclosureError) as caught:
        month_of([3, 20], tree([2])).publish_all()
    assert caught.value.exit_code == 14


def certain_profiles(made: World) -> int:
    """Hidden totals of which zeros beside one other value tell a characteristic of everybody."""
    cells = made.cells()
    cells = cells[cells["org_level"] != "practice"]
    place = ["period", "indicator_id", "org_level", "org_code"]
    small = cells[(cells["breakdown_type"] == "all") & cells["hidden"] & cells["n"].between(1, 7)]
    groups = cells[cells["breakdown_type"] != "all"].merge(small[place], on=place)
    zeros = groups.assign(told=~groups["hidden"].astype(bool) & groups["published"].eq(0).fillna(False))
    sums = zeros.groupby([*place, "breakdown_type"])["told"].agg(["sum", "size"])
    return int((sums["size"] - sums["sum"] == 1).sum())


def test_zeros_tell_profiles_without_the_limit_on_small_totals(monkeypatch: pytest.MonkeyPatch) -> None:
    assert certain_profiles(world(1, 300, months=2).publish_all()) == 0
    monkeypatch.setattr(controls, "SMALLEST_BROKEN_DOWN", 0)
    assert certain_profiles(world(1, 300, months=2).publish_all()) > 0


def places_tell(made: World) -> int:
    """Hidden clinic tiers of a practice that a board's places, and the policy's, tell exactly."""
    cells = made.cells()
    cells = cells[cells["breakdown_type"] == "all"]
    board = cells[(cells["indicator_id"] == "clinic_places") & ~cells["hidden"].astype(bool)]
    tiers = cells[(cells["indicator_id"] == "disposition_clinic") & (cells["org_level"] == "practice")]
    told = 0
    for row in board.itertuples():
        own = tiers[tiers["period"] == row.period]
        hidden = own[own["hidden"].astype(bool)]
        rest = row.n - PLACES * int((own["n"] >= PLACES).sum())
        told += len(hidden) == 1 and rest == int(hidden["n"].iloc[0])
    return told


def test_places_tell_a_practice_s_clinic_tier_without_their_control(monkeypatch: pytest.MonkeyPatch) -> None:
    assert places_tell(world(4, 4000, months=1, churn=0).publish_all()) == 0
    monkeypatch.setattr(period_figures, "hide_capacity", lambda guarded: None)
    monkeypatch.setattr(period_figures, "protect", lambda *_: None)
    assert places_tell(world(4, 4000, months=1, churn=0).publish_all()) > 0


def without(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    nothing: Callable[..., None] = lambda *_: None  # noqa: E731 - the control, taken away
    monkeypatch.setattr(period_figures, name, nothing)


def hidden_months_told(made: World) -> int:
    """Hidden months of a sub-ICB location that its networks' quarter, less its other months, comes near."""
    cells = made.cells()
    cells = cells[(cells["indicator_id"] == "copd_emergency_admissions") & (cells["breakdown_type"] == "all")]
    told = 0
    for quarter in windows(made.months):
        if quarter.kind != "quarter":
            continue
        own = cells[
            (cells["period"] == quarter) & (cells["org_level"] == "pcn") & (cells["org_code"] == "N3")
        ]
        whole = Period("month", quarter.start), *(Period("month", m) for m in quarter.months[1:])
        months = cells[cells["period"].isin(whole) & (cells["org_code"] == "S9")]
        hidden = months["hidden"].astype(bool)
        told += int(hidden.any() and not own["hidden"].any())
    return told


def test_a_window_s_parts_tell_hidden_months_without_their_control(monkeypatch: pytest.MonkeyPatch) -> None:
    def small_board() -> World:
        made = world(5, 1500, months=3, moves=False)
        places = made.counted.membership
        places.loc[places["pcn"] == "N3", "sub_icb"] = "S9"
        return made.publish_all()

    assert hidden_months_told(small_board()) == 0
    without("hide_what_shorter_periods_hide", monkeypatch)
    without("protect", monkeypatch)
    assert hidden_months_told(small_board()) > 0


def test_a_revision_is_proved_together_with_the_first_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    """First figures say at least 4, the revised ones at most 4: either alone is safe."""

    def both(first: bool) -> tuple[int, int]:
        places = tree([3])
        one = month_of([4, 12, 12], places)
        figures = one.publish(Due(Period("month", APRIL), 0))
        other = month_of([4, 13, 0], places)
        revised = other.publish(Due(Period("month", APRIL), 1), figures.known if first else None)
        ranges = []
        for made, told in ((one, figures), (other, revised)):
            cells = told.cells.assign(period=Period("month", APRIL))
            mine = Intruder.of(cells, made.counted.membership, ("moderate_exacerbations",))
            row = next(
                cells[(cells["org_code"] == "P0") & (cells["indicator_id"] != "copd_register")].itertuples()
            )
            ranges.append(mine.range_of(row))
        return max(low for low, _ in ranges), min(high for _, high in ranges)

    low, high = both(first=True)
    assert low < high
    low, high = both(first=False)
    assert low == high == 4


def test_once_hidden_a_count_stays_hidden_and_a_network_that_would_hide_more_gets_no_revision() -> None:
    places = tree([3, 3])
    one = month_of([7, 30, 30, 9, 30, 30], places)
    figures = one.publish(Due(Period("month", APRIL), 0))
    other = month_of([9, 30, 30, 7, 30, 30], places)
    cells = other.publish(Due(Period("month", APRIL), 1), figures.known).cells
    cells = cells[cells["indicator_id"] == "moderate_exacerbations"].set_index(["org_code", "breakdown_type"])
    hidden = cells.loc[cells.index.get_level_values(1) == "all", "hidden"].droplevel(1)
    assert hidden["P0"]
    assert not hidden[["P1", "P2", "N0", "I"]].any()
    assert hidden[["P3", "P4", "P5", "N1"]].all()


def test_practices_that_move_inside_a_window_have_no_figure_for_it(released: World) -> None:
    cells = released.cells()
    moved = cells[cells["period"].map(lambda period: period.kind == "year") & (cells["org_code"] == "P2")]
    assert len(moved)
    assert moved["hidden"].all()
    key = ["period", *CELL_KEY]
    assert not cells.duplicated(key).any()


def test_boards_beside_each_other_are_protected_as_well() -> None:
    """Nothing stands above several boards, from which one that is hidden could be told: still none can."""
    linked = (LINKED[1], LINKED[3])
    names = ["copd_register", *(name for of in linked for name in of)]
    made = world(1, 500, months=1, boards=True, names=names).publish_all()
    cells = made.cells()
    covers = cells[cells["reason"] == controls.Reason.COVER]
    assert set(covers["org_level"]) == {"practice", "pcn", "sub_icb", "icb"}
    for of in linked:
        assert worked_out(cells, made.counted.membership, of, 8) == 0


USUAL = {"sex": "female", "age_band": "60-69", "imd_quintile": "3", "ethnicity_group": "white"}
RARE = {"sex": "male", "age_band": "80+", "imd_quintile": "5", "ethnicity_group": "other"}


def quarter_of_two_networks() -> World:
    """A location of two networks, 7 nights in one and 30 in the other, all of people as there are few elsewhere."""
    places = pd.DataFrame(
        [
            ("P0", "N0", "S0", "I0"),
            ("P1", "N1", "S0", "I0"),
            *((f"P{n}", f"N{n}", f"S{n}", "I1") for n in range(2, 8)),
        ],
        columns=["practice", "pcn", "sub_icb", "icb"],
    )
    nights = pd.Series([7, 30, *[60] * 6], index=places["practice"])
    rows = []
    for place in places.itertuples():
        rare = place.icb == "I0"
        for name, n in (("copd_register", 200), ("bed_days", nights[place.practice])):
            rows.append((name, "practice", place.practice, "all", "all", n))
            age = ("35-49", "50-59", "60-69", "70-79")[int(place.pcn[1:]) % 4]
            person = RARE if rare and name == "bed_days" else USUAL | {"age_band": age}
            rows += [(name, "pcn", place.pcn, kind, value, n) for kind, value in person.items()]
    finest = pd.DataFrame(rows, columns=[*CELL_KEY, "n"]).astype(dict.fromkeys(CELL_KEY, "object"))
    months = [APRIL, date(2025, 5, 1), date(2025, 6, 1)]
    first = [finest, *(finest[finest["indicator_id"] == "copd_register"] for _ in months[1:])]
    return World(
        Counted(
            pd.concat(
                [one.assign(month=month) for one, month in zip(first, months, strict=True)], ignore_index=True
            ),
            pd.concat([places.assign(month=month) for month in months], ignore_index=True),
        ),
        months,
    )


def test_a_small_location_publishes_though_its_people_are_rare_elsewhere(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Somebody more in one network and fewer in the other: tried with groups that there are in these two."""
    cells = quarter_of_two_networks().publish_all().cells()
    small = cells[(cells["indicator_id"] == "bed_days") & (cells["org_code"] == "N0")]
    assert small["hidden"].astype(bool).any()
    monkeypatch.setattr(exchanges, "MOST_NEAR", 0)
    with pytest.raises(DisclosureError, match="bed_days"):
        quarter_of_two_networks().publish_all()
