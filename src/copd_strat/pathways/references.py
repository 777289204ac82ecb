"""References that stand for patients on a practice's lists: ``CP-7K3M-9QWX-4``.

A reference is a keyed hash (HMAC-SHA-256) of the patient id with a salt of the practice, so that the lists of
two practices cannot be joined, and nobody without the site's key can make or reverse one (docs/decisions.md
§21). It is written in Crockford's base 32 (no I, L, O, U) behind a letter prefix, so that no spreadsheet
takes it for a number, and ends in a check character from the same alphabet.
"""

from __future__ import annotations

import hmac
import os
import re
from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from copd_strat.config import PathwaySettings
from copd_strat.errors import ConfigError
from copd_strat.file_permissions import check_key_file

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
PREFIX = "CP"
SHORTEST_KEY = 32
_GROUP = 4
_LENGTH = 8
_LONGEST = 24
_LOOKALIKES = str.maketrans("OIL", "011")
_SHAPE = re.compile(rf"{PREFIX}(?:-?[{ALPHABET}]{{{_GROUP}}}){{2,6}}-?[{ALPHABET}]")


def reference_key(settings: PathwaySettings) -> bytes:
    """The site's secret, from the environment variable or the file that ``settings`` name.

    ConfigError if it is missing, shorter than 32 bytes, given by both, or in a file that anybody may read.
    The key is never logged and never kept with the outputs.
    """
    given = os.environ.get(settings.reference_key_env, "").encode()
    source = f"the environment variable {settings.reference_key_env}"
    if settings.reference_key_file is not None:
        if given:
            # which of the two made the lists could not be told afterwards (docs/decisions.md §21)
            raise ConfigError(
                f"two reference keys: {source}, and {settings.reference_key_file}",
                fix="unset the variable, or remove pathways.reference_key_file",
            )
        source = str(settings.reference_key_file)
        given = _key_in(settings.reference_key_file, settings.allow_world_readable_key)
    key = given.strip()
    if not key:
        raise ConfigError(f"{source}: no reference key", fix=_KEY_FIX)
    if len(key) < SHORTEST_KEY or len(set(key)) < 8:
        raise ConfigError(
            f"{source}: the reference key is too short or too uniform", fix="use 32 random bytes or more"
        )
    return key


def _key_in(path: Path, allow_world_readable: bool) -> bytes:
    if not allow_world_readable:
        check_key_file(path)
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigError(
            f"{path}: the reference key cannot be read ({type(error).__name__})", fix=_KEY_FIX
        ) from None


_KEY_FIX = (
    "make one with 'openssl rand -hex 32', keep it outside the repository, and give it by "
    "pathways.reference_key_env or pathways.reference_key_file; losing it changes every reference"
)


def make_references(patients: pd.DataFrame, key: bytes) -> pd.Series[str]:
    """A reference for each row of ``patients`` (columns patient_id and practice_id), aligned with it.

    Two patients of one practice whose references would collide both get a longer one, whatever the row order.
    """
    digests = [
        _digest(key, practice, patient)
        for practice, patient in zip(patients["practice_id"], patients["patient_id"], strict=True)
    ]
    found = pd.Series([_reference(d, _LENGTH) for d in digests], index=patients.index, dtype="object")
    for length in range(_LENGTH + _GROUP, _LONGEST + 1, _GROUP):
        keyed = pd.DataFrame({"practice": patients["practice_id"], "reference": found})
        clash = keyed.duplicated(keep=False).to_numpy()
        if not clash.any():
            break
        found = found.where(~clash, pd.Series([_reference(d, length) for d in digests], index=patients.index))
    return found.astype("str")


def _digest(key: bytes, practice: str, patient: str) -> bytes:
    salt = hmac.digest(key, f"practice:{practice}".encode(), "sha256")
    return hmac.digest(salt, f"patient:{patient}".encode(), "sha256")


def _reference(digest: bytes, length: int) -> str:
    number = int.from_bytes(digest, "big")
    letters = [ALPHABET[(number >> (5 * n)) & 31] for n in range(length)]
    groups = ["".join(letters[n : n + _GROUP]) for n in range(0, length, _GROUP)]
    return "-".join([PREFIX, *groups, check_character(letters)])


def check_character(letters: Iterable[str]) -> str:
    """The polynomial in x = 2 over the field of 32 elements whose coefficients are the letters, times x.

    It catches every single wrong letter and every swap of two unlike letters, and stays in the alphabet.
    """
    check = 0
    for letter in letters:
        check = _times_x(check ^ ALPHABET.index(letter))
    return ALPHABET[check]


def _times_x(element: int) -> int:
    """Multiply by x in GF(32), modulo x⁵ + x² + 1."""
    return (element << 1) ^ (0b100101 if element & 16 else 0)


def normalise_reference(text: str) -> str | None:
    """``text`` as printed on lists, if it is a reference whose check character fits, else None.

    Lower case, missing hyphens, and O, I, L typed for 0, 1, 1 are forgiven.
    """
    typed = text.strip().upper()
    body = typed.removeprefix(PREFIX).translate(_LOOKALIKES)
    if not typed.startswith(PREFIX) or not _SHAPE.fullmatch(PREFIX + body):
        return None
    letters = body.replace("-", "")
    if check_character(letters[:-1]) != letters[-1]:
        return None
    groups = [letters[n : n + _GROUP] for n in range(0, len(letters) - 1, _GROUP)]
    return "-".join([PREFIX, *groups, letters[-1]])


def check_reference(text: str) -> bool:
    """Whether ``text`` is a well-formed reference with the right check character."""
    return normalise_reference(text) is not None
