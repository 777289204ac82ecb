"""References: keyed, checked, stable in a practice, not joinable across practices."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from copd_strat.config import PathwaySettings
from copd_strat.errors import ConfigError
from copd_strat.pathways import check_reference, make_references, normalise_reference, reference_key
from copd_strat.pathways import references as module

KEY = b"0123456789abcdefghijklmnopqrstuvwxyz"
SHAPE = re.compile(r"CP-[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]")


def people(count: int, practice: str = "A81001") -> pd.DataFrame:
    return pd.DataFrame({"patient_id": [f"{n}" for n in range(count)], "practice_id": practice})


def test_twenty_thousand_references_are_unique_well_formed_and_spreadsheet_proof() -> None:
    made = make_references(people(20_000), KEY)
    assert made.is_unique
    assert all(SHAPE.fullmatch(reference) for reference in made)
    assert all(check_reference(reference) for reference in made)


def test_a_reference_depends_on_key_practice_and_patient_alone() -> None:
    here = make_references(people(500), KEY)
    shuffled = people(500).sample(frac=1, random_state=3)
    assert make_references(shuffled, KEY).sort_index().equals(here)
    assert not set(here) & set(make_references(people(500, "A81002"), KEY))
    assert not set(here) & set(make_references(people(500), KEY[::-1]))


def test_neighbouring_patients_share_nothing_across_practices() -> None:
    """Neither equal parts nor equal order would let two practices join their lists."""
    here, there = (make_references(people(400, practice), KEY) for practice in ("A81001", "A81002"))
    ranks = np.corrcoef(here.rank(), there.rank())[0, 1]
    assert abs(ranks) < 0.2
    equal = np.mean(
        [
            a == b
            for x, y in zip(here, there, strict=True)
            for a, b in zip(x[3:], y[3:], strict=True)
            if a != "-"
        ]
    )
    assert equal < 0.06


@given(st.integers(0, 10_000), st.integers(3, 13), st.sampled_from(module.ALPHABET))
def test_a_single_wrong_character_is_caught(patient: int, position: int, letter: str) -> None:
    reference = make_references(pd.DataFrame({"practice_id": ["A81001"], "patient_id": [str(patient)]}), KEY)[
        0
    ]
    if reference[position] in ("-", letter):
        return
    assert not check_reference(reference[:position] + letter + reference[position + 1 :])


@given(st.integers(0, 10_000), st.integers(3, 12))
def test_two_swapped_neighbours_are_caught(patient: int, position: int) -> None:
    reference = make_references(pd.DataFrame({"practice_id": ["A81001"], "patient_id": [str(patient)]}), KEY)[
        0
    ]
    left, right = reference[position], reference[position + 1]
    if "-" in (left, right) or left == right:
        return
    assert not check_reference(reference[:position] + right + left + reference[position + 2 :])


def test_typing_habits_are_forgiven() -> None:
    reference = make_references(people(1), KEY)[0]
    loose = " " + reference.lower().replace("-", "").replace("0", "o").replace("1", "l") + " "
    assert normalise_reference(loose) == reference
    for between in (" ", " - ", "\u2013", "\u00a0", "."):
        assert normalise_reference(reference.lower().replace("-", between)) == reference
    assert normalise_reference(f"{reference[:-2]} {reference[-1]}") == reference
    assert normalise_reference(f"{reference} {reference}") is None
    assert normalise_reference("943 476 5919") is None
    assert normalise_reference("") is None


def test_colliding_references_become_longer_in_any_row_order(monkeypatch: pytest.MonkeyPatch) -> None:
    # b differs from a only beyond the 40 bits of the shortest reference
    digests = {"a": bytes(32), "b": (1 << 44).to_bytes(32, "big"), "c": b"\x09" * 32}
    monkeypatch.setattr(module, "_digest", lambda key, patient: digests[patient])
    for order in (["a", "b", "c"], ["c", "b", "a"]):
        frame = pd.DataFrame({"patient_id": order, "practice_id": "A81001"})
        made = dict(zip(order, make_references(frame, KEY), strict=True))
        assert len(set(made.values())) == 3
        assert len(made["a"]) == len(made["b"]) == len("CP-0000-0000-0000-0")
        assert len(made["c"]) == len("CP-0000-0000-0")
        assert all(map(check_reference, made.values()))


def key_file(folder: Path) -> Path:
    path = folder / "key"
    path.write_bytes(KEY + b"\n")
    path.chmod(0o600)
    return path


def test_the_key_comes_from_the_environment_or_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = key_file(tmp_path)
    settings = PathwaySettings(reference_key_file=path)
    monkeypatch.delenv(settings.reference_key_env, raising=False)
    assert reference_key(settings) == KEY
    monkeypatch.setenv(settings.reference_key_env, "another key, at least 32 characters")
    assert reference_key(PathwaySettings()) == b"another key, at least 32 characters"


def test_two_keys_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = key_file(tmp_path)
    monkeypatch.setenv("COPD_STRAT_REFERENCE_KEY", "another key, at least 32 characters")
    with pytest.raises(ConfigError, match="two reference keys") as caught:
        reference_key(PathwaySettings(reference_key_file=path))
    assert str(path) in str(caught.value)


def test_a_key_that_anybody_may_read_is_refused_unless_allowed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("COPD_STRAT_REFERENCE_KEY", raising=False)
    path = key_file(tmp_path)
    path.chmod(0o644)
    with pytest.raises(ConfigError, match="anybody on this machine") as caught:
        reference_key(PathwaySettings(reference_key_file=path))
    assert str(path) in str(caught.value)
    assert reference_key(PathwaySettings(reference_key_file=path, allow_world_readable_key=True)) == KEY


@pytest.mark.parametrize("value", ["", "short-but-secret", "a" * 40])
def test_a_missing_or_weak_key_is_refused_without_showing_it(
    value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COPD_STRAT_REFERENCE_KEY", value)
    with pytest.raises(ConfigError) as caught:
        reference_key(PathwaySettings())
    assert "COPD_STRAT_REFERENCE_KEY" in str(caught.value)
    assert not value or value not in str(caught.value)


def test_a_key_file_that_is_not_there_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COPD_STRAT_REFERENCE_KEY", raising=False)
    with pytest.raises(ConfigError, match="cannot be read"):
        reference_key(PathwaySettings(reference_key_file=tmp_path / "none"))
