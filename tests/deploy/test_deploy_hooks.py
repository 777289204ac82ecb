"""A site's own command hears how the night ended, and never the reference key."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from copd_strat.cli import site_hooks
from copd_strat.config import HookSettings, PathwaySettings, Settings
from copd_strat.errors import InputError
from copd_strat.plan import Night


def hooked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Night:
    """A night whose hooks write down their environment, with both keys in its own."""
    command = ("/bin/sh", "-c", f'env > "{tmp_path}/told"; echo "$1" >> "{tmp_path}/told"', "hook")
    for name in ("SITE_KEY", "SITE_KEY_BEFORE", "SITE_OWN"):
        monkeypatch.setenv(name, f"value of {name}")
    settings = Settings.model_construct(
        output=tmp_path,
        hooks=HookSettings(on_success=command, on_failure=command),
        pathways=PathwaySettings(reference_key_env="SITE_KEY"),
    )
    return Night(settings=settings, as_of=date(2026, 4, 9), rotate_key_from="SITE_KEY_BEFORE")


def told(tmp_path: Path) -> set[str]:
    return set((tmp_path / "told").read_text(encoding="utf-8").splitlines())


def test_a_hook_is_told_of_a_stop_and_gets_no_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError), site_hooks.failure_told(hooked(tmp_path, monkeypatch)):
        raise InputError("stopped")
    heard = told(tmp_path)
    assert {"COPD_STRAT_STATUS=stopped", "COPD_STRAT_EXIT_CODE=11", str(tmp_path)} <= heard
    assert "SITE_OWN=value of SITE_OWN" in heard
    assert not [line for line in heard if "SITE_KEY" in line]
