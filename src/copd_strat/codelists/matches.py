"""Do the lists fit the extract? Concepts that match nothing; codes that no list knows, by who issued them."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from copd_strat.codelists.intact_codes import namespace, verhoeff_passes
from copd_strat.codelists.lists import CHECKED_SYSTEMS, CodelistReport
from copd_strat.engine import Engine


@dataclass(frozen=True, kw_only=True)
class MatchReport:
    """How the lists and the extract's codes fit; shares are 0 to 1, of events or of distinct identifiers."""

    zero_match_concepts: tuple[str, ...]
    events: int
    unmatched_events: int
    unmatched_by_namespace: tuple[tuple[str, int], ...]
    distinct_ids: int
    damaged_ids: int

    @property
    def unmatched_share(self) -> float:
        return self.unmatched_events / self.events if self.events else 0.0

    @property
    def damaged_share(self) -> float:
        """Share of distinct SNOMED CT and dm+d identifiers that fail their check digit."""
        return self.damaged_ids / self.distinct_ids if self.distinct_ids else 0.0


def check_matches(engine: Engine) -> MatchReport:
    """Compare ``codes`` with the extract; needs ``concept_counts`` and the canonical tables.

    Unmatched codes are normal (a GP record holds far more than COPD); what matters is a namespace that no
    list covers, above all EMIS-local identifiers, which look like SNOMED CT and match no national list.
    """
    engine.materialise("codelists", "code_counts")
    counts = engine.rows(
        "SELECT n.code_system, n.code, n.events, c.code IS NOT NULL"
        " FROM code_counts AS n LEFT JOIN (SELECT DISTINCT code_system, code FROM codes) AS c"
        " USING (code_system, code) WHERE n.code IS NOT NULL"
    )
    unmatched: dict[str, int] = {}
    for system, code, events, known in counts:
        if not known:
            issuer = namespace(system, code)
            unmatched[issuer] = unmatched.get(issuer, 0) + events
    ids = {code for system, code, _, _ in counts if system in CHECKED_SYSTEMS and code.isdigit()}
    return MatchReport(
        zero_match_concepts=_zero_match(engine),
        events=sum(row[2] for row in counts),
        unmatched_events=sum(unmatched.values()),
        unmatched_by_namespace=tuple(sorted(unmatched.items())),
        distinct_ids=len(ids),
        damaged_ids=sum(not verhoeff_passes(code) for code in ids),
    )


def _zero_match(engine: Engine) -> tuple[str, ...]:
    """Concepts with event codes, none of which occurs in the GP events or prescriptions."""
    rows = engine.rows(
        "SELECT DISTINCT concept FROM codes"
        " WHERE code_system IN ('snomed', 'dmd', 'ctv3', 'read2', 'emis', 'tpp')"
        " AND concept NOT LIKE 'ed_discharge%'"
        " AND concept NOT IN (SELECT concept FROM concept_counts) ORDER BY concept"
    )
    return tuple(row[0] for row in rows)


def record(used: CodelistReport, matches: MatchReport) -> dict[str, object]:
    """What the manifest keeps of the lists and of how they fit."""
    return {"code_lists": asdict(used) | asdict(matches)}
