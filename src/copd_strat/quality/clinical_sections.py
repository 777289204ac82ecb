"""What the facts about people say of themselves: estimates, units, deaths, conflicts, what cannot be seen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Protocol

from copd_strat.quality.findings import Finding, Section
from copd_strat.quality.plausible_facts import DeadWithRecords, Readings, dead_findings, reading_findings


class Estimate(Protocol):
    """How far one source is complete (``clinical.Completeness``)."""

    @property
    def name(self) -> str: ...
    @property
    def complete_to(self) -> date | None: ...
    @property
    def method(self) -> str: ...
    @property
    def latest_record(self) -> date | None: ...
    @property
    def certainty(self) -> str: ...


class UnknownReading(Protocol):
    """Readings that nothing says how to convert (``clinical.UnknownUnit``)."""

    @property
    def measure(self) -> str: ...
    @property
    def unit(self) -> str: ...
    @property
    def readings(self) -> int: ...


class KnownDeaths(Protocol):
    """How many of the dead a source knows (``clinical.DeathSource``)."""

    @property
    def source(self) -> str: ...
    @property
    def people(self) -> int: ...
    @property
    def alone(self) -> int: ...


class Closed(Protocol):
    """A practice that has closed, with people still registered (``clinical.ClosedPractice``)."""

    @property
    def practice_id(self) -> str: ...
    @property
    def closed_on(self) -> date: ...
    @property
    def people(self) -> int: ...


class NightFacts(Protocol):
    """What the clinical room found out about a night (``clinical.ClinicalFacts``)."""

    @property
    def index_date(self) -> date: ...
    @property
    def register_size(self) -> int: ...
    @property
    def completeness(self) -> Sequence[Estimate]: ...
    @property
    def silent(self) -> Mapping[str, Sequence[Estimate]]: ...
    @property
    def unobservable(self) -> Mapping[str, str]: ...
    @property
    def deaths(self) -> Sequence[KnownDeaths]: ...
    @property
    def conflicts(self) -> Mapping[str, int]: ...
    @property
    def closed_practices(self) -> Sequence[Closed]: ...
    @property
    def unknown_units(self) -> Sequence[UnknownReading]: ...
    @property
    def readings(self) -> Sequence[Readings]: ...
    @property
    def named_dead(self) -> DeadWithRecords: ...


_USUAL = {True: "can be", False: "cannot be", None: "not judged"}


def fact_sections(facts: NightFacts) -> list[Section]:
    """The page's tables about a night's facts."""
    return [
        _estimates(facts),
        Section(
            title="Fallen silent",
            introduction="Practices and trusts whose records end long before those of their table.",
            columns=("table", "practice or trust", "last record", "how it was found"),
            rows=tuple(
                (table, one.name, _day(one.latest_record), one.method)
                for table, found in facts.silent.items()
                for one in found
            ),
        ),
        Section(
            title="Units that are not known",
            introduction="Readings set aside, since nothing says how to convert them.",
            columns=("measure", "unit as written", "readings"),
            rows=tuple((one.measure, one.unit or "(none)", one.readings) for one in facts.unknown_units),
        ),
        _readings(facts),
        Section(
            title="Deaths",
            introduction="People with COPD who have died, by the sources that know of it; the earliest counts.",
            columns=("source", "people", "known to it alone"),
            rows=tuple((one.source, one.people, one.alone) for one in facts.deaths),
        ),
        Section(
            title="People whose records contradict each other",
            introduction="They stand in their practice's file of queries, and on no list that invites.",
            columns=("contradiction", "people"),
            rows=tuple(facts.conflicts.items()),
        ),
        Section(
            title="Not observable",
            introduction="What cannot be seen in these extracts is never counted as absent or as 0.",
            columns=("fact", "why"),
            rows=tuple(sorted(facts.unobservable.items())),
        ),
    ]


def _readings(facts: NightFacts) -> Section:
    return Section(
        title="Readings that cannot be",
        introduction="Readings whose unit is known, and those of them outside what the measure can be: these"
        " are set aside. Whether the middle one is where that of a group with COPD can lie.",
        columns=("measure", "readings", "that cannot be", "share", "the middle one"),
        rows=tuple(
            (one.measure, one.readings, one.impossible, one.impossible / one.readings, _USUAL[one.usual])
            for one in facts.readings
        ),
    )


def _estimates(facts: NightFacts) -> Section:
    windows = ("end of the look-back windows", facts.index_date.isoformat(), "", "", "")
    return Section(
        title="Estimates",
        introduction="Until which day each source is complete, how that was found out, and how sure it is.",
        columns=("source", "complete to", "how", "how sure", "latest record"),
        rows=(
            *(
                (one.name, _day(one.complete_to), one.method, one.certainty, _day(one.latest_record))
                for one in facts.completeness
            ),
            windows,
        ),
    )


def _day(day: date | None) -> str:
    return day.isoformat() if day else "not known"


def fact_findings(facts: NightFacts) -> Iterator[Finding]:
    """What a person should know of the facts before the lists go out, and what cannot be, which stops the night."""
    yield from _completeness_findings(facts)
    yield from _unit_findings(facts)
    yield from reading_findings(facts.readings)
    yield from dead_findings(facts.named_dead)
    yield from _people_findings(facts)


def _completeness_findings(facts: NightFacts) -> Iterator[Finding]:
    for one in facts.completeness:
        if one.complete_to is None and one.latest_record is not None:
            yield Finding(
                cause="nobody knows how far a source is complete",
                subject=one.name,
                weight="warn",
                sentence=f"{one.name}: its records thin out long before the latest one ({one.latest_record}),"
                " so what rests on it is not observable",
                fix="ask the sender until which day it is complete, and give that day in the configuration",
            )
    for table, found in facts.silent.items():
        if found:
            yield Finding(
                cause="practices or trusts have fallen silent",
                subject=table,
                weight="warn",
                sentence=f"{table}: the records of {len(found):,} practice(s) or trust(s) end long before the"
                " others'",
                fix="see 'Fallen silent' on the verdict's page, and ask the sender",
                figures={"silent": len(found)},
            )


def _unit_findings(facts: NightFacts) -> Iterator[Finding]:
    if facts.unknown_units:
        readings = sum(one.readings for one in facts.unknown_units)
        yield Finding(
            cause="units are not known",
            subject=", ".join(dict.fromkeys(one.measure for one in facts.unknown_units)),
            weight="warn",
            sentence=f"{readings:,} reading(s) are set aside, since nothing says how to convert their units",
            fix="see 'Units that are not known' on the verdict's page; a unit that means something can be added",
            figures={"readings": readings},
        )


def _people_findings(facts: NightFacts) -> Iterator[Finding]:
    for closed in facts.closed_practices:
        yield Finding(
            cause="a practice has closed",
            subject=closed.practice_id,
            weight="warn",
            sentence=f"{closed.people:,} people with COPD are registered with {closed.practice_id}, which closed"
            f" on {closed.closed_on}: nobody may open their lists",
            fix="give the practice that took them over as successor_id in organisations",
            figures={"people": closed.people},
        )
    if facts.conflicts:
        told = ", ".join(f"{kind} {people:,}" for kind, people in facts.conflicts.items())
        yield Finding(
            cause="records contradict each other",
            subject="people",
            weight="warn",
            sentence=f"people whose records contradict each other: {told}",
            fix="they stand in their practices' files of queries",
            figures=dict(facts.conflicts),
        )
