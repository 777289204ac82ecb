"""References that stand for patients on a practice's lists: ``CP-7K3M-9QWX-4``.

A reference is a keyed hash (HMAC-SHA-256) of the patient id with a salt of the practice, so that the lists of
two practices cannot be joined, and nobody without the site's key can make or reverse one (docs/decisions.md
§21). It is written in Crockford's base 32 (no I, L, O, U) behind a letter prefix, so that no spreadsheet
takes it for a number, and ends in a check character from the same alphabet.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable, Iterable

import pandas as pd

from copd_strat.pathways.reference_keys import practice_key

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
PREFIX = "CP"
_GROUP = 4
_LENGTH = 8
_LONGEST = 24
_LOOKALIKES = str.maketrans("OIL", "011")
_SHAPE = re.compile(rf"(?:[{ALPHABET}]{{{_GROUP}}}){{2,6}}[{ALPHABET}]")
# what hands and word processors put between or around letters
_BETWEEN = re.compile(r"[\s\-\u2010-\u2015\u2212_.,']+")


def make_references(patients: pd.DataFrame, key: bytes) -> pd.Series[str]:
    """A reference for each row of ``patients`` (columns patient_id and practice_id), aligned with it.

    Two patients of one practice whose references would collide both get a longer one, whatever the row order.
    """
    keys = {practice: practice_key(key, practice) for practice in patients["practice_id"].unique()}
    return _distinct(patients, lambda practice, patient: _digest(keys[practice], patient))


def references_of_practice(patients: pd.DataFrame, key: bytes) -> pd.Series[str]:
    """The same references from the key of one practice alone; ``patients`` are that practice's people."""
    return _distinct(patients, lambda _, patient: _digest(key, patient))


def _distinct(patients: pd.DataFrame, digest: Callable[[str, str], bytes]) -> pd.Series[str]:
    digests = [digest(*ids) for ids in zip(patients["practice_id"], patients["patient_id"], strict=True)]
    found = pd.Series([_reference(d, _LENGTH) for d in digests], index=patients.index, dtype="object")
    for length in range(_LENGTH + _GROUP, _LONGEST + 1, _GROUP):
        keyed = pd.DataFrame({"practice": patients["practice_id"], "reference": found})
        clash = keyed.duplicated(keep=False).to_numpy()
        if not clash.any():
            break
        found = found.where(~clash, pd.Series([_reference(d, length) for d in digests], index=patients.index))
    return found.astype("str")


def _digest(key_of_practice: bytes, patient: str) -> bytes:
    return hmac.digest(key_of_practice, f"patient:{patient}".encode(), "sha256")


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

    Lower case, blanks or other strokes for hyphens, none at all, and O, I, L typed for 0, 1, 1 are forgiven.
    """
    typed = _BETWEEN.sub("", text).upper()
    letters = typed.removeprefix(PREFIX).translate(_LOOKALIKES)
    if not typed.startswith(PREFIX) or not _SHAPE.fullmatch(letters):
        return None
    if check_character(letters[:-1]) != letters[-1]:
        return None
    groups = [letters[n : n + _GROUP] for n in range(0, len(letters) - 1, _GROUP)]
    return "-".join([PREFIX, *groups, letters[-1]])


def check_reference(text: str) -> bool:
    """Whether ``text`` is a well-formed reference with the right check character."""
    return normalise_reference(text) is not None
