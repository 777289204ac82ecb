"""Does a table join with the patients? Measured for every table that names patients, every night.

A table whose ids were written otherwise than the patients' joins with nobody, and looks exactly like a table
in which nothing happened. So repairs are tried as well: a spelling under which the ids would meet says what
went wrong at the source. Nothing is repaired here, and nothing is judged (see the room ``quality``).
"""

from __future__ import annotations

from collections.abc import Iterator

from copd_strat.contracts.contract import Contract
from copd_strat.engine import Engine, literal
from copd_strat.engine.sql import identifier
from copd_strat.extracts.layout import CodeTable
from copd_strat.extracts.receipts import Linkage, Lookup

# A repair must lift the share of linked patients by this much to be named (docs/decisions.md, linkage).
MIN_LIFT = 0.3

_CASE, _BLANKS, _ZEROS = "lower({id})", "regexp_replace({id}, '\\s', '', 'g')", "ltrim({id}, '0')"
_MARKS, _DECIMALS = "regexp_replace({id}, '[{{}}()-]', '', 'g')", "regexp_replace({id}, '[.]0+$', '')"

# What is wrong with the ids → an expression under which ids written in either way are the same.
_SPELLINGS = {
    "upper and lower case differ": _CASE,
    "blanks stand inside ids": _BLANKS,
    "leading zeros are missing on one side": _ZEROS,
    "braces or hyphens stand on one side": _MARKS,
    "a decimal part stands on one side": _DECIMALS,
    "case, blanks, zeros, braces or hyphens differ": (
        "ltrim(lower(regexp_replace({id}, '[{{}}()\\s-]', '', 'g')), '0')"
    ),
}
# So many unlinked ids are tried for a common prefix; as many as these must share it.
_PREFIX_SAMPLE, _MIN_PREFIX_SHARE = 200, 0.5


def measure_lookup(engine: Engine, layout: str, codes: CodeTable, rows: str, dictionary: str) -> Lookup:
    """How many of the table's ``rows`` (SQL) have a code that its ``dictionary`` (SQL) does not hold."""
    column, key = identifier(codes.column), identifier(codes.key)
    coded, missing = engine.rows(
        f"SELECT coalesce(sum(n), 0)::BIGINT, coalesce(sum(n) FILTER (WHERE d.code IS NULL), 0)::BIGINT "
        f"FROM (SELECT {column} AS code, count(*) AS n FROM ({rows}) s WHERE {column} IS NOT NULL "
        f"AND NOT coalesce({codes.explained}, FALSE) GROUP BY 1) r "
        f"LEFT JOIN (SELECT DISTINCT {key} AS code FROM ({dictionary})) d ON r.code = d.code"
    )[0]
    return Lookup(
        layout=layout,
        table=codes.table,
        column=codes.column,
        dictionary=codes.dictionary,
        rows=coded,
        missing=missing,
    )


def measure_linkage(engine: Engine, contract: Contract, people: str, *, gp: bool) -> Linkage:
    """How many distinct patients of a table stand in ``known_patients``; ``people`` selects their ids (``id``).

    ``gp`` tells whether it is a table of general practice.
    """
    engine.create_table("table_patients", f"SELECT DISTINCT id FROM ({people}) WHERE id IS NOT NULL")
    patients = int(engine.scalar("SELECT count(*) FROM table_patients"))
    linked = _linked(engine, "{id}")
    repair, repaired = None, linked
    if patients and linked <= (1 - MIN_LIFT) * patients:
        repair, repaired = _best_repair(engine, linked)
    engine.drop("table_patients")
    lifted = repaired - linked >= MIN_LIFT * patients and repaired > linked
    return Linkage(
        layout=contract.layout,
        table=contract.table,
        column=str(next(contract.rules_of("known_patient")).column),
        gp=gp,
        patients=patients,
        linked=linked,
        floor=contract.linkage_floor,
        repair=repair if lifted else None,
        repaired=repaired if lifted else linked,
    )


def _linked(engine: Engine, spelling: str) -> int:
    """Distinct patients of the table who are known once both sides' ids are put through ``spelling``."""
    known = f"SELECT DISTINCT {spelling.format(id='patient_id')} AS id FROM known_patients"
    return int(
        engine.scalar(
            f"SELECT count(*) FROM (SELECT {spelling.format(id='id')} AS id FROM table_patients) t "
            f"SEMI JOIN ({known}) k ON t.id = k.id"
        )
    )


def _best_repair(engine: Engine, linked: int) -> tuple[str | None, int]:
    """The repair under which most patients link, the plainest of equals; None where none helps."""
    best, most = None, linked
    for name, spelling in [*_SPELLINGS.items(), *_prefixes(engine)]:
        if (found := _linked(engine, spelling)) > most:
            best, most = name, found
    return best, most


def _prefixes(engine: Engine) -> Iterator[tuple[str, str]]:
    """The prefix, if any, that most unlinked ids have before a known id, or known ids before an unlinked one.

    A prefix of digits alone is none: by chance many numbers end in other numbers.
    """
    unlinked = (
        "SELECT id FROM table_patients t ANTI JOIN known_patients p ON p.patient_id = t.id "
        f"ORDER BY hash(id), id LIMIT {_PREFIX_SAMPLE}"
    )
    for longer, shorter, side in (
        ("u.id", "p.patient_id", "of this table"),
        ("p.patient_id", "u.id", "of the patients"),
    ):
        found = engine.rows(
            f"""SELECT prefix, count(DISTINCT id) AS ids FROM (
                    SELECT u.id, left({longer}, length({longer}) - length({shorter})) AS prefix
                    FROM ({unlinked}) u JOIN known_patients p
                    ON length({longer}) > length({shorter}) AND suffix({longer}, {shorter}))
                WHERE regexp_matches(prefix, '[^0-9]')
                GROUP BY prefix
                HAVING count(DISTINCT id) >= {_MIN_PREFIX_SHARE} * (SELECT count(*) FROM ({unlinked}))
                ORDER BY ids DESC, length(prefix) DESC, prefix LIMIT 1"""
        )
        for prefix, _ in found:
            yield (
                f"ids {side} have a prefix of {len(prefix)} characters",
                f"CASE WHEN prefix({{id}}, {literal(prefix).replace('{', '{{').replace('}', '}}')}) "
                f"THEN substr({{id}}, {len(prefix) + 1}) ELSE {{id}} END",
            )
