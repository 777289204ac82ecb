"""Small care systems of synthetic people, published or to break."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from functional_site import END, SHORT, YEAR, Site, make_site
from synthetic_site import ROOT

from copd_strat.synthetic import SyntheticSettings, generate


@pytest.fixture(scope="session")
def people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Synthetic extracts (``native``) and their truth (``truth``)."""
    out = tmp_path_factory.mktemp("people")
    generate(SyntheticSettings(seed=7, practices=4, register=400, years=3, end=END), out)
    return out


@pytest.fixture
def site(people: Path, tmp_path: Path) -> Site:
    """A site of one's own to break."""
    return make_site(tmp_path / "site", people / "native", people / "truth", SHORT)


@pytest.fixture(scope="session")
def published(people: Path, tmp_path_factory: pytest.TempPathFactory) -> Site:
    """A site with one published run, to look at and not to change."""
    made = make_site(tmp_path_factory.mktemp("published") / "site", people / "native", people / "truth", YEAR)
    done = made.run()
    assert done.returncode == 0, done.stderr
    return made


@pytest.fixture(scope="session")
def few_people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As ``people``, but only 60 of them on the register."""
    out = tmp_path_factory.mktemp("few_people")
    generate(SyntheticSettings(seed=7, practices=2, register=60, years=2, end=END), out)
    return out


@pytest.fixture
def small_site(few_people: Path, tmp_path: Path) -> Site:
    """A small site of one's own to break."""
    return make_site(tmp_path / "site", few_people / "native", few_people / "truth", SHORT)


@pytest.fixture
def changed_program(small_site: Site, tmp_path: Path) -> Site:
    """A small site that runs a copy of the program of its own to break."""
    program = tmp_path / "program"
    shutil.copytree(ROOT / "src", program / "src", ignore=shutil.ignore_patterns("*.egg-info"))
    shutil.copytree(ROOT / "data_contracts", program / "data_contracts")
    return Site(small_site.folder, small_site.truth, program / "src")
