"""Rules by their codes, and by shorter forms of them that can mean no other rule."""

from __future__ import annotations

from collections.abc import Collection

from copd_strat.errors import ConfigError

# So many candidates are named when a short code could mean several rules.
_NAMED = 12


def full_code(code: str, codes: Collection[str]) -> str:
    """The code out of ``codes`` that ``code`` means, whatever its case.

    A short code has parts of the full one in their order: ``issue_date.not_future`` or even
    ``prescriptions.not_future`` for ``native.prescriptions.issue_date.not_future``, as long as one rule only
    has them. ConfigError names the candidates otherwise.
    """
    wanted = code.lower().split(".")
    exact = [known for known in codes if known.lower() == code.lower()]
    found = exact or [known for known in codes if _in_order(wanted, known.lower().split("."))]
    if len(found) == 1:
        return found[0]
    if found:
        more = f" and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
        raise ConfigError(
            f"{code} could be {len(found)} rules: {', '.join(found[:_NAMED])}{more}",
            fix="give more parts of the code",
        )
    raise ConfigError(
        f"no rule has the code {code}", fix="'copd-strat contracts list' shows all rules with their codes"
    )


def _in_order(wanted: list[str], parts: list[str]) -> bool:
    rest = iter(parts)
    return bool(wanted) and wanted[-1] == parts[-1] and all(part in rest for part in wanted)
