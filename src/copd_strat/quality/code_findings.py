"""Do the codes that came fit the code lists at all? What is damaged, starved, or of another system."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from copd_strat.quality.findings import Finding, Section
from copd_strat.quality.gate_rules import CODES_INTACT, CODES_UNPADDED, SOURCE_HAS_CODES

# From this share of ids with a wrong check digit on, and so many of them, or above this share of events, codes went
# through a spreadsheet or a float; from so many events on it is told (project choices, docs/decisions.md §61: a few
# typing errors stay below).
MAX_DAMAGED_SHARE, FEWEST_DAMAGED_IDS = 0.01, 5
MAX_DAMAGED_EVENT_SHARE, FEWEST_DAMAGED_EVENTS = 0.05, 5
_CODE_COLUMNS = {"gp_events": "gp_events.code", "prescriptions": "prescriptions.dmd_code"}
# So many events that only lack a match for zeros in front of their codes stop the night (project choice).
MAX_PADDED_EVENTS = 5


class SourceCodes(Protocol):
    """How the rows of one canonical table are coded (``codelists.SourceMatch``)."""

    @property
    def source(self) -> str: ...
    @property
    def rows(self) -> int: ...
    @property
    def coded(self) -> int: ...
    @property
    def matched(self) -> int: ...
    @property
    def padded(self) -> int: ...
    @property
    def has_codes(self) -> bool: ...


class CodeMatches(Protocol):
    """What the code lists found in the events (``codelists.MatchReport``)."""

    @property
    def events(self) -> int: ...
    @property
    def unmatched_events(self) -> int: ...
    @property
    def unmatched_by_namespace(self) -> tuple[tuple[str, int], ...]: ...
    @property
    def distinct_ids(self) -> int: ...
    @property
    def damaged_ids(self) -> int: ...
    @property
    def long_damaged_ids(self) -> int: ...
    @property
    def damaged_events(self) -> int: ...
    @property
    def damaged_sources(self) -> tuple[str, ...]: ...
    @property
    def cut_events(self) -> int: ...
    @property
    def zero_match_concepts(self) -> tuple[str, ...]: ...
    @property
    def sources(self) -> Sequence[SourceCodes]: ...
    @property
    def unknown_systems(self) -> tuple[tuple[str, int], ...]: ...
    @property
    def unlisted_icd_events(self) -> int: ...
    @property
    def starved(self) -> tuple[str, ...]: ...


def judge_codes(matches: CodeMatches) -> list[Finding]:
    """All that stands out in the codes of a night, gravest first."""
    found = [
        *_damaged(matches),
        *(_without_codes(source) for source in matches.sources if not source.has_codes),
        *(_padded(source) for source in matches.sources if source.padded),
        *(_starved(source) for source in matches.sources if source.source in matches.starved),
        *_other_systems(matches),
        *_five_characters(matches),
    ]
    return sorted(found, key=lambda finding: finding.weight != "stop")


def codes_section(matches: CodeMatches) -> Section:
    """Events whose code no list knows, by who issued the code; what is damaged; words for unknown systems."""
    known = matches.events - matches.unmatched_events
    rows: list[tuple[str, float, float]] = [("on a code list", known, _share(known, matches.events))]
    rows += [
        (f"unknown: {issuer}", events, _share(events, matches.events))
        for issuer, events in matches.unmatched_by_namespace
    ]
    rows += [
        (f"of the unknown code system '{word}'", events, _share(events, matches.events))
        for word, events in matches.unknown_systems
    ]
    damaged = matches.damaged_ids
    rows.append(("identifiers that fail their check digit", damaged, _share(damaged, matches.distinct_ids)))
    return Section(
        title="Codes",
        introduction="GP events and prescriptions by what the code lists make of their codes. Unknown codes"
        " are normal, since a GP record holds far more than COPD; a namespace that no list covers is not.",
        columns=("codes", "number", "share"),
        rows=tuple(rows),
    )


def sources_section(sources: Iterable[SourceCodes]) -> Section:
    """Rows of each source that carry a code of a known system, and that any list knows."""
    return Section(
        title="Codes by source",
        introduction="A source of which fewer than 1 in 100 rows carry a code of a known system stops the"
        " night; hospital episodes are counted by their first diagnosis.",
        columns=(
            "source",
            "rows",
            "with a code of a known system",
            "on a code list",
            "only zeros in the way",
        ),
        rows=tuple((one.source, one.rows, one.coded, one.matched, one.padded) for one in sources),
    )


def share_known(matches: CodeMatches) -> str:
    """'31 % of 365 events are on a code list; on none: snomed_uk 40 %, …', for the terminal."""
    known = _share(matches.events - matches.unmatched_events, matches.events)
    rest = sorted(matches.unmatched_by_namespace, key=lambda item: -item[1])
    unknown = ", ".join(f"{issuer} {_share(events, matches.events):.1%}" for issuer, events in rest)
    return f"{known:.0%} of {matches.events:,} on a list" + (f"; on none: {unknown}" if unknown else "")


def _damaged(matches: CodeMatches) -> Iterator[Finding]:
    of_ids = _share(matches.damaged_ids, matches.distinct_ids)
    of_events = _share(matches.damaged_events, matches.events)
    if max(matches.damaged_events, matches.cut_events) < FEWEST_DAMAGED_EVENTS:
        return
    many = of_ids >= MAX_DAMAGED_SHARE and matches.damaged_ids >= FEWEST_DAMAGED_IDS
    cut = matches.cut_events >= FEWEST_DAMAGED_EVENTS
    long = cut or 2 * matches.long_damaged_ids >= matches.damaged_ids
    columns = " and ".join(_CODE_COLUMNS[source] for source in matches.damaged_sources)
    ending = f"; {matches.cut_events:,} events have ids of 18 digits that end in 000, as none does"
    yield Finding(
        cause="codes are damaged" if long else "codes are of another system",
        subject="SNOMED CT and dm+d identifiers",
        weight="stop" if many or cut or of_events > MAX_DAMAGED_EVENT_SHARE else "warn",
        sentence=f"{columns}: {of_ids:.1%} of the extract's SNOMED CT and dm+d ids fail their check digit"
        f" ({matches.damaged_ids:,} of {matches.distinct_ids:,}), in {matches.damaged_events:,} of"
        f" {matches.events:,} events{ending if matches.cut_events else ''}",
        fix=CODES_INTACT.fix
        if long
        else "say which code system they are of: these numbers are neither SNOMED CT nor dm+d, and too short"
        " to have been cut",
        figures={"damaged": matches.damaged_ids, "ids": matches.distinct_ids, "share": of_ids},
        codes=(CODES_INTACT.code,),
    )


def _without_codes(source: SourceCodes) -> Finding:
    return Finding(
        cause="a source has no known codes",
        subject=source.source,
        weight="stop",
        sentence=f"{source.source}: {source.coded:,} of {source.rows:,} rows carry a code of any known system",
        fix=SOURCE_HAS_CODES.fix,
        figures={"rows": source.rows, "coded": source.coded},
        codes=(SOURCE_HAS_CODES.code,),
    )


def _padded(source: SourceCodes) -> Finding:
    return Finding(
        cause="codes have zeros in front",
        subject=source.source,
        weight="stop" if source.padded >= MAX_PADDED_EVENTS else "warn",
        sentence=f"{source.source}: {source.padded:,} of {source.rows:,} rows would be on a code list but for"
        " zeros in front of their code",
        fix=CODES_UNPADDED.fix,
        figures={"rows": source.rows, "padded": source.padded},
        codes=(CODES_UNPADDED.code,),
    )


def _starved(source: SourceCodes) -> Finding:
    return Finding(
        cause="next to nothing matches the code lists",
        subject=source.source,
        weight="warn",
        sentence=f"{source.source}: {source.matched:,} of {source.rows:,} rows are on any medicine list:"
        " medicines are not observable, and nobody counts as being without them",
        fix="bring a dm+d map for products below the level of virtual products (docs/layouts.md), or ask the"
        " sender which codes these are",
        figures={"rows": source.rows, "matched": source.matched},
    )


def _other_systems(matches: CodeMatches) -> Iterator[Finding]:
    events = sum(count for _, count in matches.unknown_systems)
    if events:
        words = ", ".join(f"{word} {count:,}" for word, count in matches.unknown_systems)
        yield Finding(
            cause="codes of systems that are not known",
            subject="code systems",
            weight="warn",
            sentence=f"{events:,} events are of code systems that are not known here ({words})",
            fix="write the code system as docs/layouts.md names it, or leave these events out",
            figures={"events": events},
        )


def _five_characters(matches: CodeMatches) -> Iterator[Finding]:
    if matches.unlisted_icd_events:
        yield Finding(
            cause="diagnoses of five characters",
            subject="hospital_episodes",
            weight="warn",
            sentence=f"{matches.unlisted_icd_events:,} hospital diagnoses have five characters, of which a list"
            " knows the first four only: they match nothing",
            fix="send ICD-10 as HES writes it, in four characters, or add the codes to the site's lists",
            figures={"diagnoses": matches.unlisted_icd_events},
        )


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
