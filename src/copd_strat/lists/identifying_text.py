"""Whether what somebody typed holds what identifies a person, so that it must not enter a run's extracts.

Source of the check digit: NHS Data Dictionary, NHS number (modulus 11).
"""

from __future__ import annotations

import re

_TEN_DIGITS = re.compile(r"(?<!\d)\d{3}[ -]?\d{3}[ -]?\d{4}(?!\d)")
_POSTCODE = re.compile(r"\b[A-Z]{1,2}[0-9][A-Z0-9]? ?[0-9][A-Z]{2}\b", re.IGNORECASE)
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[A-Za-z]{2,}")
_PHONE = re.compile(r"(?<!\d)(\+44|0)[ ()-]?(\d[ ()-]?){8,9}\d(?!\d)")


def is_nhs_number(text: str) -> bool:
    """Ten digits, blanks and hyphens aside, whose check digit fits; ten equal digits are nobody's."""
    digits = re.sub(r"[ -]", "", text)
    if not re.fullmatch(r"\d{10}", digits) or len(set(digits)) == 1:
        return False
    remainder = sum(int(digit) * weight for digit, weight in zip(digits, range(10, 1, -1), strict=False)) % 11
    return (11 - remainder) % 11 == int(digits[9])


def names_somebody(text: str) -> bool:
    """An NHS number, postcode, e-mail address or telephone number anywhere in ``text``."""
    numbers = any(is_nhs_number(found[0]) for found in _TEN_DIGITS.finditer(text))
    return numbers or any(pattern.search(text) for pattern in (_POSTCODE, _EMAIL, _PHONE))
