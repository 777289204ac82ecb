"""The report in a browser: a phone's width, paper, the keyboard, axe-core at every level, no request to anywhere."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright
from report_world import manifest, stamp, tables

from copd_strat.report import write_report

pytestmark = pytest.mark.needs_browser
DESK, PHONE = 1440, 390
# A4 less its margins of 15 mm, at 96 dots an inch.
PAPER = round((210 - 2 * 15) / 25.4 * 96)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("browser") / "report.html"
    write_report(path, stamp=stamp(), facts=tables(), manifest=manifest())
    return path


def opened(browser: Browser, path: Path, width: int, *, unfold: bool = False) -> Page:
    page = browser.new_page(viewport={"width": width, "height": 900})
    page.goto(path.as_uri())
    if unfold:
        page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    return page


def width_of(page: Page) -> int:
    return int(page.evaluate("document.scrollingElement.scrollWidth"))


def violations(page: Page) -> list[str]:
    """Every rule of axe-core that the page breaks, best practices included."""
    return [found["id"] for found in Axe().run(page).response["violations"]]


@pytest.mark.parametrize("width", [DESK, PHONE])
def test_axe_finds_no_violation_at_any_level(browser: Browser, path: Path, width: int) -> None:
    page = opened(browser, path, width, unfold=True)
    assert violations(page) == []
    page.close()


def test_axe_is_looking(browser: Browser, path: Path) -> None:
    page = opened(browser, path, DESK)
    page.evaluate(
        "document.documentElement.removeAttribute('lang');"
        "document.querySelector('svg[role=img]').removeAttribute('aria-labelledby');"
        "document.querySelector('svg[role=img] title').remove();"
        "document.querySelector('.note').style.color = '#bbbbbb'"
    )
    assert {"color-contrast", "html-has-lang", "svg-img-alt"} <= set(violations(page))
    page.close()


def test_nothing_is_wider_than_a_phone_and_what_is_scrolls_by_itself(browser: Browser, path: Path) -> None:
    page = opened(browser, path, PHONE, unfold=True)
    assert width_of(page) <= PHONE
    page.add_style_tag(content=".scroll{overflow:visible}")
    assert width_of(page) > PHONE
    page.close()


def test_the_first_screen_of_a_desk_holds_what_changed(browser: Browser, path: Path) -> None:
    page = opened(browser, path, DESK)
    foot = page.evaluate("document.querySelector('.tiles').getBoundingClientRect().bottom")
    assert foot <= 900
    page.close()


def test_words_of_a_chart_are_as_large_on_a_phone_as_they_can_be_read(browser: Browser, path: Path) -> None:
    size = (
        "(() => { const text = document.querySelector('svg[role=img] text');"
        " return parseFloat(getComputedStyle(text).fontSize) * text.getScreenCTM().a })()"
    )
    for width in (DESK, PHONE):
        page = opened(browser, path, width)
        assert page.evaluate(size) >= 11
        page.close()


def test_paper_holds_the_page_without_its_navigation(browser: Browser, path: Path) -> None:
    page = opened(browser, path, PAPER)
    page.emulate_media(media="print")
    assert width_of(page) <= PAPER
    assert page.evaluate("getComputedStyle(document.querySelector('nav')).display") == "none"
    assert page.pdf(prefer_css_page_size=True).startswith(b"%PDF")
    page.close()


def test_no_heading_breaks_inside_a_word_on_paper(browser: Browser, path: Path) -> None:
    """No column is narrower than the longest piece of its heading between blanks, hyphens and soft hyphens."""
    page = opened(browser, path, PAPER)
    page.emulate_media(media="print")
    too_narrow = (
        "[...document.querySelectorAll('thead th')].filter(one => one.scrollWidth > one.clientWidth"
        " || getComputedStyle(one).overflowWrap == 'anywhere').map(one => one.textContent)"
    )
    assert page.evaluate(too_narrow) == []
    tracks = "getComputedStyle(document.querySelector('.tiles')).gridTemplateColumns.split(' ')"
    used = page.evaluate(f"{tracks}.filter(one => parseFloat(one) > 0).length")
    assert used <= page.evaluate("document.querySelectorAll('.tile').length")  # no width stands empty
    page.close()


def test_the_keyboard_reaches_everything_and_shows_where_it_is(browser: Browser, path: Path) -> None:
    page = opened(browser, path, DESK)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    stops = page.locator("a, summary, .scroll:visible").count()
    seen = []
    for _ in range(stops):
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        seen.append((page.evaluate("document.activeElement.tagName"), outline))
        page.keyboard.press("Tab")
    assert {tag for tag, _ in seen} == {"A", "SUMMARY", "DIV"}
    assert {outline for _, outline in seen} == {"solid"}
    summary = page.locator("summary").first
    summary.focus()
    page.keyboard.press("Enter")
    assert summary.evaluate("one => one.parentElement.open")
    page.close()


def test_no_request_goes_anywhere(browser: Browser, path: Path) -> None:
    page = browser.new_page()
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.goto(path.as_uri())
    page.wait_for_load_state("networkidle")
    assert requests == [path.as_uri()]
    page.close()
