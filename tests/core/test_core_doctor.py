"""What doctor says of a site before its night does."""

from __future__ import annotations

from pathlib import Path

import pytest

from copd_strat.cli import doctor
from copd_strat.config import PathwaySettings
from copd_strat.errors import ConfigError, InputError, RunGuardError
from copd_strat.pathways import reference_key
from copd_strat.pathways.reference_keys import fingerprint
from copd_strat.publish import PublishedRun, RunFolder

KEY, OTHER = "a key for tests with synthetic people 0123456789", "another key, at least 32 characters"


def key_found(monkeypatch: pytest.MonkeyPatch, given: str, published: str | None) -> str:
    """What doctor finds of the key ``given`` where a run was published under another one."""
    monkeypatch.setenv("COPD_STRAT_REFERENCE_KEY", given)
    manifest = {"reference_key": fingerprint(str(published).encode())}
    run = PublishedRun(run_id="r", path=Path("r"), manifest=manifest) if published else None
    monkeypatch.setattr(RunFolder, "current", lambda _self: run)
    settings = type("Settings", (), {"pathways": PathwaySettings(), "output": Path("out")})
    return doctor.key_check(settings)  # type: ignore[arg-type]


def test_the_key_is_held_against_the_published_run_s(monkeypatch: pytest.MonkeyPatch) -> None:
    assert key_found(monkeypatch, KEY, None) == f"{len(KEY)} bytes"
    assert key_found(monkeypatch, KEY, KEY) == f"{len(KEY)} bytes, the key of the published run"
    with pytest.raises(RunGuardError, match="not the one of the published run"):
        key_found(monkeypatch, OTHER, KEY)


def test_a_damaged_run_is_told_by_its_own_check(monkeypatch: pytest.MonkeyPatch) -> None:
    def damaged(_self: RunFolder) -> None:
        raise InputError("damaged")

    monkeypatch.setenv("COPD_STRAT_REFERENCE_KEY", KEY)
    monkeypatch.setattr(RunFolder, "current", damaged)
    settings = type("Settings", (), {"pathways": PathwaySettings(), "output": Path("out")})
    assert "not compared" in doctor.key_check(settings)  # type: ignore[arg-type]


def test_a_missing_key_is_first_of_all_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever makes a new one at once makes lists that nobody can match, or a night that stops."""
    monkeypatch.delenv("COPD_STRAT_REFERENCE_KEY", raising=False)
    with pytest.raises(ConfigError) as caught:
        reference_key(PathwaySettings())
    fix = str(caught.value.fix)
    assert 0 <= fix.index("the key that they were made with, from its copy") < fix.index("openssl")
    page = Path(__file__).parents[2] / "docs" / "lists.md"
    assert "### A lost reference key" in page.read_text(encoding="utf-8")
    assert "docs/lists.md, 'A lost reference key'" in fix
