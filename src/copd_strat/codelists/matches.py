"""Do the lists fit the extract? Concepts that match nothing; codes that no list knows, by who issued them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import NamedTuple

from copd_strat.codelists.intact_codes import ISSUERS, namespace, verhoeff_passes
from copd_strat.codelists.lists import CHECKED_SYSTEMS, EVENT_SYSTEMS, CodelistReport
from copd_strat.engine import SqlEngine

# Below this share of prescriptions on any medicine list, while GP events match, medicines are not observable;
# below the other share of rows with a code of a known system a source is none (docs/decisions.md §54).
MIN_MEDICINE_SHARE, MIN_CODED_SHARE = 0.001, 0.01
# Ids this long lose digits in a spreadsheet or a float; shorter ones that fail are of another system.
_LONG_ID = 16
# Of identifiers of this length none ends in 000: their third digit from the right is 1 (SNOMED CT, Release File
# Specification: the partition of identifiers with a namespace).
_LONGEST_ID = 18
# A word for a code system is shown if it is short and so many rows hold it.
_LONGEST_WORD, _FEWEST_ROWS = 20, 5


class _Counted(NamedTuple):
    """A row of ``code_counts``."""

    source: str
    system: str
    code: str
    events: int
    known: bool
    known_without_zeros: bool

    @property
    def checked(self) -> bool:
        """Whether the code is a number that must pass the check digit of SNOMED CT and dm+d."""
        return self.system in CHECKED_SYSTEMS and self.code.isascii() and self.code.isdigit()

    @property
    def padded(self) -> bool:
        """Whether it is a sound identifier with zeros in front, which none begins with."""
        return self.checked and self.code.startswith("0") and verhoeff_passes(self.code.lstrip("0"))

    @property
    def damaged(self) -> bool:
        return self.checked and not self.padded and not verhoeff_passes(self.code)

    @property
    def cut(self) -> bool:
        """Whether it is an identifier that a spreadsheet or a float has cut to 15 digits."""
        return self.checked and len(self.code) == _LONGEST_ID and self.code.endswith("000")

    @property
    def coded(self) -> bool:
        """Whether it is a code of a system that is known here, and can be one."""
        if self.system in CHECKED_SYSTEMS:
            return self.checked and not self.damaged
        return self.system in EVENT_SYSTEMS


@dataclass(frozen=True, kw_only=True)
class SourceMatch:
    """Rows of one source: with a code of a known system, on any list, and on a list but for leading zeros."""

    source: str
    rows: int
    coded: int
    matched: int
    padded: int

    @property
    def has_codes(self) -> bool:
        """Whether enough rows carry a code of any known system for the source to be one."""
        return self.coded >= MIN_CODED_SHARE * self.rows


@dataclass(frozen=True, kw_only=True)
class MatchReport:
    """How the lists and the extract's codes fit; shares are 0 to 1, of events or of distinct identifiers.

    ``unknown_systems`` are words for code systems that are not known here, with their events. Of the damaged
    identifiers ``long_damaged_ids`` are so long that a spreadsheet cuts them; ``cut_events`` have ids of 18 digits
    that end in 000, as none does. ``damaged_sources`` are the tables with damaged ones. ``unlisted_icd_events`` are
    hospital diagnoses of five characters whose first four are on a list, and which match nothing.
    """

    zero_match_concepts: tuple[str, ...]
    events: int
    unmatched_events: int
    unmatched_by_namespace: tuple[tuple[str, int], ...]
    distinct_ids: int
    damaged_ids: int
    long_damaged_ids: int = 0
    damaged_events: int = 0
    damaged_sources: tuple[str, ...] = ()
    cut_events: int = 0
    sources: tuple[SourceMatch, ...] = ()
    unknown_systems: tuple[tuple[str, int], ...] = ()
    unlisted_icd_events: int = 0
    starved: tuple[str, ...] = ()

    @property
    def unmatched_share(self) -> float:
        return self.unmatched_events / self.events if self.events else 0.0

    @property
    def damaged_share(self) -> float:
        """Share of distinct SNOMED CT and dm+d identifiers that fail their check digit."""
        return self.damaged_ids / self.distinct_ids if self.distinct_ids else 0.0


def check_matches(engine: SqlEngine) -> MatchReport:
    """Compare ``codes`` with the extract; needs ``concept_counts`` and the canonical tables.

    Unmatched codes are normal (a GP record holds far more than COPD); what matters is a namespace that no
    list covers, above all EMIS-local identifiers, which look like SNOMED CT and match no national list.
    """
    counts = _counts(engine)
    sources = (*_by_source(counts), *_hospital_source(engine))
    ids = {row.code for row in counts if row.checked}
    damaged = {row.code for row in counts if row.damaged}
    unmatched = Counter[str]()
    for row in counts:
        if not row.known:
            unmatched[_issuer(row)] += row.events
    return MatchReport(
        zero_match_concepts=_zero_match(engine),
        events=sum(row.events for row in counts),
        unmatched_events=sum(unmatched.values()),
        unmatched_by_namespace=tuple(sorted(unmatched.items())),
        distinct_ids=len(ids),
        damaged_ids=len(damaged),
        long_damaged_ids=sum(len(code) >= _LONG_ID for code in damaged),
        damaged_events=sum(row.events for row in counts if row.damaged),
        damaged_sources=tuple(sorted({row.source for row in counts if row.damaged or row.cut})),
        cut_events=sum(row.events for row in counts if row.cut),
        sources=sources,
        unknown_systems=_unknown_systems(counts),
        unlisted_icd_events=_five_character_codes(engine),
        starved=_starved(sources),
    )


def starved_sources(engine: SqlEngine) -> tuple[str, ...]:
    """Canonical tables that came, and hold next to nothing that any list knows: what is not there is not known.

    Needs ``codes`` and the canonical tables.
    """
    return _starved(_by_source(_counts(engine)))


def _counts(engine: SqlEngine) -> list[_Counted]:
    if not engine.has_table("code_counts"):
        engine.materialise("codelists", "code_counts")
    columns = "source, code_system, code, events, known, known_without_zeros"
    return [
        _Counted(*row) for row in engine.rows(f"SELECT {columns} FROM code_counts WHERE code IS NOT NULL")
    ]


def _by_source(counts: Iterable[_Counted]) -> tuple[SourceMatch, ...]:
    rows, coded, matched, padded = Counter[str](), Counter[str](), Counter[str](), Counter[str]()
    for row in counts:
        rows[row.source] += row.events
        coded[row.source] += row.events if row.coded else 0
        matched[row.source] += row.events if row.known else 0
        padded[row.source] += row.events if row.known_without_zeros else 0
    return tuple(
        SourceMatch(
            source=source,
            rows=rows[source],
            coded=coded[source],
            matched=matched[source],
            padded=padded[source],
        )
        for source in sorted(rows)
    )


def _hospital_source(engine: SqlEngine) -> tuple[SourceMatch, ...]:
    """Episodes by their first diagnosis: how many have one that looks like ICD-10, and one that a list knows."""
    if not engine.has_table("hospital_episodes"):
        return ()
    listed = "(SELECT code FROM codes WHERE code_system = 'icd10')"
    rows, coded, matched = engine.rows(
        f"""SELECT count(*), count(*) FILTER (WHERE regexp_matches(icd10, '^[A-Z][0-9]{{2}}')),
                count(*) FILTER (WHERE substr(icd10, 1, 4) IN {listed} OR substr(icd10, 1, 3) IN {listed})
            FROM (SELECT regexp_replace(upper(diagnosis_01), '[^A-Z0-9]', '', 'g') AS icd10
                  FROM hospital_episodes) d"""
    )[0]
    if not rows:
        return ()
    return (SourceMatch(source="hospital_episodes", rows=rows, coded=coded, matched=matched, padded=0),)


def _starved(sources: Iterable[SourceMatch]) -> tuple[str, ...]:
    by_name = {source.source: source for source in sources}
    gp, issued = by_name.get("gp_events"), by_name.get("prescriptions")
    if gp is None or issued is None or not gp.matched or issued.matched >= MIN_MEDICINE_SHARE * issued.rows:
        return ()
    return ("prescriptions",)


def _issuer(row: _Counted) -> str:
    """Who issued a code; a word for a system that is not known here may be anything, and is not repeated."""
    issuer = namespace(row.system, row.code.lstrip("0") if row.padded else row.code)
    return issuer if issuer in ISSUERS or issuer in EVENT_SYSTEMS else "other systems"


def _unknown_systems(counts: Iterable[_Counted]) -> tuple[tuple[str, int], ...]:
    words = Counter[str]()
    for row in counts:
        if row.system not in EVENT_SYSTEMS:
            words[row.system] += row.events
    shown = {word for word, events in words.items() if len(word) <= _LONGEST_WORD and events >= _FEWEST_ROWS}
    rest = sum(events for word, events in words.items() if word not in shown)
    told = sorted(((word, words[word]) for word in shown), key=lambda item: (-item[1], item[0]))
    return (*told, ("rarer or longer words", rest)) if rest else tuple(told)


def _five_character_codes(engine: SqlEngine) -> int:
    """Hospital diagnoses that a list would know by their first four characters, but not by all five."""
    if not engine.has_table("episode_diagnoses"):
        return 0
    bare = "regexp_replace(upper(diagnosis), '[^A-Z0-9]', '', 'g')"
    return int(
        engine.scalar(
            f"""SELECT count(*) FROM (SELECT {bare} AS icd10 FROM episode_diagnoses) d
                WHERE regexp_matches(icd10, '^[A-Z][0-9]{{4}}$')
                AND substr(icd10, 1, 4) IN (SELECT code FROM codes WHERE code_system = 'icd10')
                AND icd10 NOT IN (SELECT code FROM codes WHERE code_system = 'icd10')"""
        )
    )


def _zero_match(engine: SqlEngine) -> tuple[str, ...]:
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
