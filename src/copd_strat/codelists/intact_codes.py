"""What the digits of a SNOMED CT or dm+d identifier say: is it intact, and who issued it.

Source: SNOMED CT identifier format, Release File Specification (check digit by Verhoeff's dihedral group;
a long identifier holds a seven-digit namespace before its partition identifier).
"""

from __future__ import annotations

import re

UK_NAMESPACES = {"1000000": "snomed_uk", "1000001": "dmd", "1000006": "emis_local"}

# All that ``namespace`` answers besides the names of code systems.
ISSUERS = frozenset(
    {"snomed_international", "snomed_other", "tpp_local", "unknown", "damaged", *UK_NAMESPACES.values()}
)

_DIGITS = re.compile(r"[0-9]{6,18}")
_TPP_LOCAL = re.compile(r"Y[0-9A-Za-z]{4}")


def _dihedral_product(left: int, right: int) -> int:
    """The product of two elements of D5: 0 to 4 are rotations, 5 to 9 reflections."""
    turn = left % 5 + (right % 5 if left < 5 else -(right % 5))
    return turn % 5 + (5 if (left < 5) != (right < 5) else 0)


_FIRST_PERMUTATION = (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)


def _permutations() -> tuple[tuple[int, ...], ...]:
    rows: list[tuple[int, ...]] = [tuple(range(10))]
    for _ in range(7):
        rows.append(tuple(_FIRST_PERMUTATION[digit] for digit in rows[-1]))
    return tuple(rows)


_PERMUTATIONS = _permutations()


def verhoeff_passes(identifier: str) -> bool:
    """True if ``identifier`` is 6 to 18 digits whose last is their Verhoeff check digit.

    An identifier that passed through a spreadsheet or a float loses its last digits and fails.
    """
    if not _DIGITS.fullmatch(identifier):
        return False
    check = 0
    for place, digit in enumerate(reversed(identifier)):
        check = _dihedral_product(check, _PERMUTATIONS[place % 8][int(digit)])
    return check == 0


def namespace(code_system: str, code: str) -> str:
    """Who issued a code: the question behind a list that matches nothing.

    Returns snomed_international, snomed_uk, dmd, emis_local, snomed_other, tpp_local, damaged (digits that
    fail the check digit), or the code system itself where that is not SNOMED CT or dm+d.
    """
    if _TPP_LOCAL.fullmatch(code):
        return "tpp_local"
    if code_system not in ("snomed", "dmd", "emis", "tpp"):
        return code_system
    if not code.isascii() or not code.isdigit():
        return "unknown"
    if not verhoeff_passes(code):
        return "damaged"
    if code[-3] == "0":
        return "snomed_international"
    return UK_NAMESPACES.get(code[-10:-3], "snomed_other")
