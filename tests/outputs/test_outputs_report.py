"""The report as a reader gets it: one file, nothing fetched, nothing hidden shown, usable without colour."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pandas as pd
import pytest
from report_world import CANARY, manifest, stamp, tables

from copd_strat.report import styles, write_report
from copd_strat.report.about import model_fit, not_observed
from copd_strat.report.charts import ticks, value_marks
from copd_strat.report.figures import boards, shown_in
from copd_strat.report.published_rows import Published
from copd_strat.report.rendering import SOFT_HYPHEN, breakable
from copd_strat.summary.cube import COHORTS

VOID = {"meta", "line", "path", "circle", "polygon"}


class Page(HTMLParser):
    """Elements with their attributes and text, in order; a stray or missing end tag is an error."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None], list[str]]] = []
        self._open: list[int] = []
        self.feed(source)
        assert not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs), []))
        if tag not in VOID:
            self._open.append(len(self.elements) - 1)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs), []))

    def handle_endtag(self, tag: str) -> None:
        assert self.elements[self._open.pop()][0] == tag

    def handle_data(self, data: str) -> None:
        for place in self._open:
            self.elements[place][2].append(data.replace(SOFT_HYPHEN, ""))

    def all(self, *tags: str) -> list[tuple[dict[str, str | None], str]]:
        return [(attrs, "".join(words)) for tag, attrs, words in self.elements if tag in tags]


@pytest.fixture(scope="module")
def world() -> dict[str, pd.DataFrame]:
    return tables()


@pytest.fixture(scope="module")
def path(world: dict[str, pd.DataFrame], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("report") / "report.html"
    write_report(path, stamp=stamp(), facts=world, manifest=manifest())
    return path


@pytest.fixture(scope="module")
def source(path: Path) -> str:
    return path.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def page(source: str) -> Page:
    return Page(source)


def rows_of(page: Page, caption: str) -> list[list[str]]:
    """Cells of the table whose caption begins so."""
    found: list[list[str]] = []
    inside = False
    for tag, _, words in page.elements:
        if tag == "caption":
            inside = "".join(words).startswith(caption)
        elif inside and tag == "tr":
            found.append([])
        elif inside and tag in ("th", "td") and found:
            found[-1].append("".join(words))
    assert found, caption
    return found


def test_nothing_is_fetched_and_nothing_runs(page: Page, source: str) -> None:
    tags = {tag for tag, _, _ in page.elements}
    assert not tags & {"script", "link", "img", "iframe", "object", "embed", "base", "form", "video"}
    attributes = [(name, value or "") for _, attrs, _ in page.elements for name, value in attrs.items()]
    assert not [name for name, _ in attributes if name.startswith("on") or name in ("src", "srcset", "style")]
    assert all(value.startswith("#") for name, value in attributes if name == "href")
    assert "url(" not in source
    assert "@import" not in source
    policy = [a["content"] for a, _ in page.all("meta") if a.get("http-equiv") == "Content-Security-Policy"]
    assert policy == ["default-src 'none'; style-src 'unsafe-inline'; img-src data:"]


def test_size_and_language(page: Page, source: str) -> None:
    assert len(source.encode()) < 500_000
    assert page.all("html")[0][0]["lang"] == "en-GB"


def test_headings_descend_one_level_at_a_time(page: Page) -> None:
    levels = [int(tag[1]) for tag, _, _ in page.elements if re.fullmatch(r"h\d", tag)]
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_ids_are_unique_and_every_reference_finds_one(page: Page) -> None:
    ids = [str(attrs["id"]) for _, attrs, _ in page.elements if "id" in attrs]
    assert len(ids) == len(set(ids))
    wanted = [str(a["href"]).removeprefix("#") for a, _ in page.all("a")]
    wanted += [name for _, a, _ in page.elements for name in str(a.get("aria-labelledby") or "").split()]
    assert set(wanted) <= set(ids)


def test_every_table_has_a_caption_and_scopes(page: Page) -> None:
    assert len(page.all("table")) == len(page.all("caption"))
    assert {attrs.get("scope") for attrs, _ in page.all("th")} == {"col", "row"}


def test_every_chart_is_named_described_and_has_its_data(page: Page) -> None:
    charts = [attrs for attrs, _ in page.all("svg") if attrs.get("role") == "img"]
    assert len(charts) == len(page.all("figure")) == len(page.all("figcaption")) == 10
    assert len(page.all("desc")) == len(charts)
    judged = [words for _, words in page.all("desc") if "a stock" not in words]
    assert len(judged) == len(charts) - 1
    assert all("expected" in words and "usual" in words for words in judged)
    assert sum(words.startswith("Data: ") for _, words in page.all("summary")) == len(charts)


def test_points_differ_by_shape_and_letter_and_not_by_colour_alone(page: Page, world: dict) -> None:
    spc = world["fact_spc"][world["fact_spc"]["org_key"].str.startswith("icb")]
    special = spc[~spc["variation"].isin(["common", "not_assessed"])]
    in_legend = 3
    assert len(special) > 0
    assert len(page.all("polygon")) == len(special) + in_legend
    letters = [words for attrs, words in page.all("text") if attrs.get("class") == "letter"]
    assert len(letters) == len(special)
    assert {"I", "C"} <= set(letters) <= set("ICHL")


def luminance(colour: str) -> float:
    """Relative luminance, WCAG 2.2."""
    shares = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in shares]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_contrast_of_text_and_graphics() -> None:
    assert contrast(styles.BLUE, styles.WHITE) == pytest.approx(6.4, abs=0.1)
    assert min(contrast(*pair) for pair in styles.TEXT_ON) >= 4.5
    assert min(contrast(colour, styles.WHITE) for colour in styles.GRAPHICS) >= 3


def test_every_colour_of_the_page_is_declared(source: str) -> None:
    outlined = {styles.COMMON, styles.IMPROVEMENT, styles.CONCERN, styles.NEUTRAL, styles.RULE}
    judged = {colour for pair in styles.TEXT_ON for colour in pair} | set(styles.GRAPHICS)
    assert set(re.findall(r"#[0-9a-f]{6}\b", source)) <= outlined | judged
    text_rules = re.findall(r"(?<![\w-])color:(#\w+)", styles.CSS)
    assert set(text_rules) <= {text for text, _ in styles.TEXT_ON}


def test_a_hidden_value_is_a_star_and_never_a_number(page: Page, source: str) -> None:
    assert f"{CANARY:,.0f}" not in source
    assert f"{CANARY:.0f}" not in source
    header, first, second = rows_of(page, "Exacerbations, hospital use and reviews")
    column = header.index("Readmissions within 30 days")
    assert second[0] == "U22"
    assert second[column] == "* hidden"
    assert re.fullmatch(r"\d\.\d+", first[column])
    assert "it may be 0 or not" in source
    assert "not 0" not in source.replace("or not", "")


def test_rates_and_intervals_are_those_published(page: Page, world: dict) -> None:
    facts = world["fact_indicator"]
    row = facts[
        (facts["period_start"] == facts["period_start"].max())
        & (facts["indicator_id"] == "moderate_exacerbations")
        & (facts["breakdown_type"] == "all")
        & facts["org_key"].str.startswith("icb")
    ].iloc[0]
    shown = {cells[0]: cells[1] for cells in rows_of(page, "Outcomes and care of Vale & Salt ICB: June 2027")}
    expected = f"{row['value']:.1f} ({row['ci_lower']:.1f} to {row['ci_upper']:.1f})"
    assert shown["Moderate exacerbations, per 100 people"] == expected
    assert shown["People on the COPD register"] == "6,000"


def test_whole_group_percentages_are_marked(page: Page) -> None:
    header, first, _ = rows_of(page, "Dispositions")
    assert first[header.index("Not listed, %")].endswith("†")


def test_equity_has_every_group_and_keeps_the_unknown_visible(page: Page) -> None:
    last = {
        "deprivation": "Deprivation not known",
        "sex": "Sex not known",
        "age": "Age not known or under 35",
    }
    for kind, words in last.items():
        assert rows_of(page, f"By {kind}")[-1][0] == words
    groups = [row[0] for row in rows_of(page, "By ethnic group")]
    assert groups[-1] == "Ethnic group not stated or not known"
    assert rows_of(page, "By ethnic group")[groups.index("Mixed")][1] == "* hidden"


def test_nightly_counts_are_never_closer_than_a_thousand(page: Page, source: str) -> None:
    assert rows_of(page, "Rows by source")[1] == [
        "GP events",
        "2",
        "about 123,000",
        "about 123,000",
        "under 1,000",
        "under 1,000",
    ]
    for count in ("123,456", "123456", "123,397", "6543", "6,543", "4,619"):
        assert count not in source


def test_what_could_not_be_observed_is_said(page: Page) -> None:
    rows = rows_of(page, "Not observable in this run")
    indicators = len(rows) - 2  # the header, and one fact about patients
    counted = [words for _, words in page.all("p") if "facts about patients" in words]
    assert indicators >= 1
    assert counted[0].startswith(f"1 of 74 facts about patients and {indicators} of ")
    assert ["Has a carer, by GP code or local flag", "no code list"] in rows
    assert "Exacerbations seen in ED and not admitted" in [row[0] for row in rows]
    assert "nhse: absence of a code is weak evidence" in [words for _, words in page.all("li")]


def test_groups_that_no_source_covers_for_their_whole_period_are_told_where_the_total_is_shown(
    world: dict,
) -> None:
    """The app began within the financial year for which groups are published: its quarters are shown."""
    rows = world["fact_indicator"]
    groups = (rows["indicator_id"] == "app_registered") & (rows["breakdown_type"] != "all")
    late = rows.assign(value_status=rows["value_status"].mask(groups, "insufficient_data"))
    told = not_observed(manifest(), Published.of({**world, "fact_indicator": late})).table.rows
    last = world["dim_period"].sort_values("period_start")["label"].iloc[-1]
    assert [
        "Registered for the app, by group",
        f"no source covers the whole of {last}, the latest period for which groups are published",
    ] in told
    assert not any("by group" in name for name, _ in not_observed(manifest(), Published.of(world)).table.rows)


def test_a_first_run_is_not_said_to_be_as_it_was() -> None:
    """The reference is the first run itself: an index of 0.00 would say that nothing changed since."""
    found = manifest()
    assert model_fit(found, stamp()).rows[0] == [
        "Risk of a severe exacerbation in 12 months: stability index against 5 January 2026",
        "0.01",
    ]
    found["monitoring"]["reference"]["since"] = stamp().as_of.isoformat()
    assert model_fit(found, stamp()).rows[0][1] == "nothing to compare with yet: this run is the reference"


def test_it_claims_no_effect_and_supports_judgement(source: str) -> None:
    assert "supports judgement" in source
    assert "Not evidence that risk stratification lowers admissions" in source
    assert not re.search(r"(will|can|helps?( to)?) (reduce|prevent|cut|lower)", source)


def test_names_cannot_become_markup(source: str) -> None:
    assert "Salt &lt;i&gt;&amp; Vale" in source
    assert "<i>" not in source


def test_synthetic_banner_only_for_synthetic_data(world: dict, tmp_path: Path, page: Page) -> None:
    assert [words for attrs, words in page.all("p") if attrs.get("class") == "banner"]
    other = tmp_path / "report.html"
    write_report(other, stamp=stamp(synthetic=False), facts=world, manifest=manifest())
    assert "SYNTHETIC" not in other.read_text(encoding="utf-8")


def test_same_figures_give_the_same_bytes_in_any_order_of_rows(
    world: dict, path: Path, tmp_path: Path
) -> None:
    turned = {name: frame.iloc[::-1] for name, frame in world.items()}
    # the order of indicators is theirs, not the report's
    turned["dim_indicator"] = world["dim_indicator"]
    again = tmp_path / "report.html"
    write_report(again, stamp=stamp(), facts=turned, manifest=manifest())
    assert again.read_bytes() == path.read_bytes()


@pytest.mark.parametrize("months", [0, 1, 4, 24])
def test_first_months_are_handled(months: int, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    write_report(path, stamp=stamp(), facts=tables(months), manifest=manifest())
    words = path.read_text(encoding="utf-8")
    Page(words)
    assert ("No month has closed yet" in words) == (months == 0)
    assert ("cannot be judged yet" in words) == (months > 0)
    assert "trial limits" not in words


@pytest.mark.parametrize(("low", "high"), [(0, 0), (6000, 6000), (0.2, 0.4), (9, 13), (0, 1e6)])
def test_axis_marks_are_few_and_enclose_the_values(low: float, high: float) -> None:
    marks = ticks(low, high)
    assert marks[0] <= low <= high <= marks[-1]
    assert 2 <= len(marks) <= 7


def test_an_axis_begins_at_0_or_the_caption_says_where(world: dict) -> None:
    (board,) = boards(Published.of(world), "outcomes")
    for chart in board.charts:
        low = re.findall(r'<text class="end"[^>]*>([\d.,]+)</text>', chart.svg)[0]
        zero = float(low.replace(",", "")) == 0
        assert zero != ("The value axis begins at" in chart.note)
    spread = world["fact_spc"].head(6).assign(value=[2.0, 9.0, 5.0, 6.0, 4.0, 3.0])
    spread[["mean", "lower_limit", "upper_limit", "target"]] = None
    assert value_marks(spread)[0] == 0
    assert value_marks(spread.assign(value=spread["value"] + 100))[0] > 0


def test_long_words_of_headings_have_a_place_to_break(world: dict) -> None:
    """A column of a printed table is narrower than “exacerbations”."""
    items = Published.of(world).indicators
    shown = {i for place in ("networks", "equity") for cohort in COHORTS for i in shown_in(place, cohort)}
    words = {word for name in shown for word in re.findall(r"[A-Za-z]+", items[name].heading)}
    long = {word for word in words if len(word) >= 10}
    assert long
    assert {word for word in long if SOFT_HYPHEN not in breakable(word)} == set()
