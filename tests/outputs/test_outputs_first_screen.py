"""The first screen says what the published figures say: what changed, for whom, how sure, and nothing hidden."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from report_world import BOARD, CANARY, manifest, stamp, tables
from scipy import stats

from copd_strat.config import Rebase, SummarySettings, Target
from copd_strat.errors import OutputError
from copd_strat.report import first_screen
from copd_strat.report.figures import boards, equity
from copd_strat.report.first_screen import FirstScreen, Tile, apart, first_screens
from copd_strat.report.page import CONTENTS, report, write_report
from copd_strat.report.published_rows import Published
from copd_strat.report.shown_values import HIDDEN, number
from copd_strat.report.year_figures import year_cell, year_figure
from copd_strat.summary.rates import byar, rate_ratio
from copd_strat.summary.spc import NOMINAL_POINTS

Tables = dict[str, pd.DataFrame]


def screen_of(facts: Tables) -> FirstScreen:
    (screen,) = first_screens(Published.of(facts))
    return screen


@pytest.fixture(scope="module")
def shocked() -> Tables:
    """The last month is the one in which two indicators leap."""
    return tables(28)


def test_it_comes_first_and_what_the_report_is_not_comes_last(shocked: Tables) -> None:
    page = report(stamp=stamp(), facts=shocked, manifest=manifest())
    assert re.findall(r'<h2 id="([\w-]+)">', page) == list(CONTENTS)
    assert list(CONTENTS) == ["changed", "clinic", "outcomes", "equity", "quality", "method"]
    assert page.index('id="method"') < page.index("<h3>It is not</h3>")


@pytest.mark.parametrize("months", [1, 24, 28, 30])
def test_it_has_three_to_five_sentences_once_there_is_anything_to_judge(months: int) -> None:
    sentences = screen_of(tables(months)).sentences
    assert (3 if months >= 25 else 2) <= len(sentences) <= 5
    assert all(words.endswith(".") and "nan" not in words.lower().split() for words in sentences)


def test_what_stands_out_is_told_with_its_value_its_usual_range_and_its_rule(shocked: Tables) -> None:
    screen = screen_of(shocked)
    spc = shocked["fact_spc"]
    last = spc[
        (spc["period_start"] == spc["period_start"].max())
        & spc["org_key"].str.startswith("icb")
        & (spc["indicator_id"] == "moderate_exacerbations")
    ].iloc[0]
    first = screen.sentences[0]
    assert first.startswith(
        "2 of 9 indicators that can be judged stand out: moderate exacerbations, concern ("
    )
    assert f"at {last['value']:.1f} per 100 people in April 2027" in first
    assert f"where {last['lower_limit']:.1f} to {last['upper_limit']:.1f} would be usual" in first
    assert "COPD reviews, improvement (" in first
    assert [tile.kind for tile in screen.tiles[:2]] == ["concern", "improvement"]


def test_chance_is_told_beside_it(shocked: Tables) -> None:
    assert f"of 9 indicators about {9 * NOMINAL_POINTS:.1f}" in screen_of(shocked).sentences[1]


def test_where_names_the_networks(shocked: Tables) -> None:
    where = screen_of(shocked).sentences[3]
    assert where.startswith("4 of ")
    assert "U11 (moderate exacerbations, concern)" in where
    assert "and 1 more" in where


def test_every_figure_of_it_is_a_published_one(shocked: Tables) -> None:
    shown = shocked["fact_indicator"].query("value_status == 'shown'")
    spc = shocked["fact_spc"]
    figures = [*shown[["value", "ci_lower", "ci_upper"]].to_numpy().ravel()]
    figures += [*spc[["value", "lower_limit", "upper_limit"]].to_numpy().ravel()]
    board = shown[shown["level"] == "icb total"]
    for _, rows in board.groupby("indicator_id"):
        # a year's figure is added up from published ones, with Byar's limits
        events = float(rows["numerator"].tail(12).sum())
        figures += [100 * one / 6000 for one in (events, *map(float, byar(events)))]
    allowed = {number(max(one, 0.0), "") for one in figures if pd.notna(one)}
    # equal fifths: their ratio is 1, with the limits that follow from their counts
    one = shown.query("level == 'icb by imd_quintile' and breakdown_value == '1'").groupby("indicator_id")
    for _, rows in one:
        events, people = float(rows["numerator"].iloc[-1]), float(rows["denominator"].fillna(1).iloc[-1])
        ratio = rate_ratio(events, people, events, people)
        allowed |= {f"{limit:.2f}" for limit in (ratio.value, ratio.lower, ratio.upper)}
    chance = {f"{NOMINAL_POINTS * n:.1f}" for n in range(100)}
    screen = screen_of(shocked)
    words = " ".join(
        [*screen.sentences, *(text for tile in screen.tiles for text in [tile.value, *tile.details])]
    )
    decimals = set(re.findall(r"(?<![\d,])\d[\d,]*\.\d+", words))
    assert len(decimals) > 8
    assert decimals <= allowed | chance


def a_year_by_deprivation(worst: float = 1.0) -> Tables:
    """Twelve months of the two fifths of moderate exacerbations; the most deprived has ``worst`` times as many."""
    facts = tables(28)
    rows = facts["fact_indicator"]
    board = rows["org_key"].str.startswith("icb") & (rows["indicator_id"] == "moderate_exacerbations")
    totals = rows[board & (rows["breakdown_type"] == "all")].tail(12)
    parts = [
        totals.assign(
            breakdown_type="imd_quintile",
            breakdown_value=fifth,
            breakdown_key=f"imd_quintile:{fifth}",
            level="icb by imd_quintile",
            numerator=numerator,
            denominator=1200,
        )
        for fifth, numerator in (("1", 20 * worst), ("5", 20.0))
    ]
    others = rows[~(board & (rows["breakdown_type"] == "imd_quintile"))]
    return {**facts, "fact_indicator": pd.concat([others, *parts], ignore_index=True)}


#: 1.25: 25.0 (22.3 to 28.0) beside 20.0 (17.5 to 22.7): intervals that touch, of rates that chance would hardly make.
@pytest.mark.parametrize(
    ("worst", "verdict"),
    [(1.0, "chance may explain"), (1.25, "more than chance alone"), (2.0, "more than chance alone")],
)
def test_equity_is_of_a_year_where_a_year_is_shown(worst: float, verdict: str) -> None:
    sentence = screen_of(a_year_by_deprivation(worst)).sentences[2]
    assert sentence.startswith(f"May 2026 to April 2027: moderate exacerbations were {20 * worst:.1f} (")
    assert "20.0 (" in sentence
    assert f"in the least deprived, {worst:.2f} times as many (" in sentence
    assert verdict in sentence
    assert "several events leaves more to chance" in sentence


@pytest.mark.parametrize(
    ("events", "others", "words"),
    [
        # 71.5 (66.8 to 76.5) and 61.1 (55.6 to 66.9): rate ratio 1.17, p about 0.006
        ((855, 1196), (460, 753), "1.17 times as many (1.04 to 1.31), more than chance alone"),
        ((460, 753), (855, 1196), "0.85 times as many (0.76 to 0.96), more than chance alone"),
        ((480, 753), (460, 753), "1.04 times as many (0.92 to 1.19), which chance may explain"),
        ((10, 100), (0, 100), "more than chance alone"),
        ((0, 100), (0, 100), "which chance may explain"),
    ],
)
def test_two_groups_differ_where_the_ratio_of_their_rates_says_so(
    events: tuple[int, int], others: tuple[int, int], words: str
) -> None:
    assert apart(rate_ratio(*events, *others)).startswith(words)


def test_limits_of_a_ratio_are_those_of_the_exact_test() -> None:
    """At a limit of the ratio the share of events is one that a two-sided exact test at 5 % just keeps."""
    found = rate_ratio(30, 400, 12, 320)
    for limit, tail in ((found.lower, stats.binom.sf(29, 42, _share(found.lower))),
                        (found.upper, stats.binom.cdf(30, 42, _share(found.upper)))):  # fmt: skip
        assert 0 < limit < 5
        assert tail == pytest.approx(0.025, abs=1e-6)


def _share(ratio: float) -> float:
    """The first group's share of all events where its rate is ``ratio`` times the other's, 400 people to 320."""
    return ratio * 400 / (ratio * 400 + 320)


def test_tables_of_groups_are_of_a_year_with_intervals_and_name_their_periods() -> None:
    table = equity(Published.of(a_year_by_deprivation()))[0]
    column = table.header.index("Moderate exacerbations, per 100 people (May 2026 to April 2027)")
    assert [row[column] for row in table.rows[:1]] == ["20.0 (17.5 to 22.7)"]
    # no year of groups is published of these: their latest month, with the published limits
    other = table.header.index("COPD reviews, per 100 people (April 2027)")
    assert re.fullmatch(r"\d+\.\d \(\d+\.\d to \d+\.\d\)", table.rows[0][other])
    assert all(heading.endswith(")") for heading in table.header[1:])


def test_a_hidden_month_leaves_the_year_without_a_figure() -> None:
    facts = a_year_by_deprivation()
    rows = facts["fact_indicator"]
    month = (rows["breakdown_key"] == "imd_quintile:5") & (rows["period_key"] == "month-2026-09")
    rows.loc[month & (rows["indicator_id"] == "moderate_exacerbations"), "value_status"] = "suppressed_small"
    sentence = screen_of(facts).sentences[2]
    assert sentence.startswith("April 2027: moderate exacerbations")
    published = Published.of(facts)
    item = published.indicators["moderate_exacerbations"]
    found = year_figure(published, BOARD, item, "imd_quintile", "5")
    assert found is not None
    assert (found.status, found.value, year_cell(found, item.unit)) == ("suppressed_small", None, HIDDEN)


def test_boards_have_a_year_beside_the_month_and_stocks_have_none(shocked: Tables) -> None:
    (board,) = boards(Published.of(shocked), "outcomes")
    place = list(board.latest.header).index("Last 12 months")
    cells = {row[0].partition(",")[0]: row[place] for row in board.latest.rows}
    assert cells["Moderate exacerbations"] == "74.8 (72.6 to 77.0)"
    assert cells["People on the COPD register"] == ""


def test_a_hidden_group_is_named_as_such_in_words() -> None:
    def is_hidden(org: str, kind: str, value: str, item: Any) -> bool:
        return (kind, value) == ("imd_quintile", "1")

    sentences = screen_of(tables(28, is_hidden=is_hidden)).sentences
    told = [words for words in sentences if "most and the least deprived fifth" in words]
    assert told == [
        "Whether moderate exacerbations differ between the most and the least deprived fifth cannot be said:"
        " a figure is hidden or missing."
    ]


def test_with_everything_hidden_no_figure_is_left_in_words_alternative_text_or_svg() -> None:
    facts = tables(28, is_hidden=lambda org, kind, value, item: True)
    screen = screen_of(facts)
    assert screen.sentences[0].startswith("No indicator can be judged in April 2027.")
    assert "want of a shown figure" in screen.sentences[0]
    assert {tile.value for tile in screen.tiles} == {"hidden"}
    assert not any(tile.details for tile in screen.tiles)
    page = report(stamp=stamp(), facts=facts, manifest=manifest())
    assert 'role="img"' not in page
    assert "<desc" not in page
    for form in (f"{CANARY:.0f}", f"{CANARY:,.0f}", f"{CANARY:,.1f}"):
        assert form not in page


def test_a_chart_draws_and_describes_what_is_shown_and_nothing_else() -> None:
    def is_hidden(org: str, kind: str, value: str, item: Any) -> bool:
        return org.startswith("icb") and item.indicator_id == "bed_days" and kind == "all"

    facts = tables(28, is_hidden=is_hidden)
    page = report(stamp=stamp(), facts=facts, manifest=manifest())
    assert "chart-1-bed_days" not in page
    shown = facts["fact_spc"].query("org_key.str.startswith('icb') and value.notna()")
    assert page.count('class="point ') == len(shown) + page.count('<svg class="key"')
    assert f"{CANARY:,.1f}" not in page


def test_target_and_annotated_change_stand_beside_their_chart() -> None:
    settings = SummarySettings(
        targets=(Target(indicator="copd_reviews", value=40.0),),
        rebase=(
            Rebase(
                indicator="copd_reviews", since=pd.Timestamp("2027-02-01").date(), because="recall <by> text"
            ),
        ),
    )
    page = report(stamp=stamp(), facts=tables(30, settings), manifest=manifest())
    assert "Begins anew with February 2027: recall &lt;by&gt; text." in page
    assert "The process as it is misses the target of 40.0." in page
    assert page.count('<line class="change"') == 1
    assert page.count('<path class="target"') == 1


def test_it_claims_nothing_of_a_cause(shocked: Tables) -> None:
    words = " ".join(screen_of(shocked).sentences).lower()
    assert not re.search(
        r"because of|thanks to|due to|led to|reduc|prevent|avoid|effect|success|work(s|ed)\b", words
    )


def tiles_of(change: Callable[[list[Tile]], list[Tile]]) -> Callable[[pytest.MonkeyPatch], None]:
    right = first_screen._tiles
    return lambda patched: patched.setattr(first_screen, "_tiles", lambda *given: change(right(*given)))


def last_month_of_all(patched: pytest.MonkeyPatch) -> None:
    """The report reads the month before the last."""
    right = Published.latest

    def earlier(self: Published, *given: str) -> Any:
        rows = self.rows[self.rows["period_start"] < self.rows["period_start"].max()]
        return right(dataclasses.replace(self, rows=rows), *given)

    patched.setattr(Published, "latest", earlier)


FAULTS: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    "a value of another indicator": tiles_of(
        lambda tiles: [
            dataclasses.replace(one, value=other.value)
            for one, other in zip(tiles, tiles[1:] + tiles[:1], strict=True)
        ]
    ),
    "concern for improvement": tiles_of(
        lambda tiles: [
            dataclasses.replace(one, kind="improvement" if one.kind == "concern" else one.kind)
            for one in tiles
        ]
    ),
    "the month before": last_month_of_all,
    "no figure": tiles_of(lambda _: []),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_of_the_first_screen_stops_the_night(
    fault: str, shocked: Tables, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    FAULTS[fault](monkeypatch)
    with pytest.raises(OutputError, match="first screen"):
        write_report(tmp_path / "report.html", stamp=stamp(), facts=shocked, manifest=manifest())


@pytest.mark.parametrize("months", [1, 13, 28])
def test_a_first_screen_without_a_fault_is_written(months: int, tmp_path: Path) -> None:
    write_report(tmp_path / "report.html", stamp=stamp(), facts=tables(months), manifest=manifest())
