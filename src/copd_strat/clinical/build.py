"""From canonical relations to clinical facts, step by step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import date
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from copd_strat.clinical import gli, observability
from copd_strat.clinical.categories import make_categories
from copd_strat.clinical.completeness import Completeness
from copd_strat.clinical.dictionary import features, needs
from copd_strat.clinical.source_dates import silent_units, source_dates
from copd_strat.config import ClinicalSettings
from copd_strat.engine import Literal, SqlEngine, packaged_sql, render
from copd_strat.errors import IdentifiableDataError

if TYPE_CHECKING:
    import pandas as pd

# Runs a query of this room, by the name of the table it makes, with its literals.
Make = Callable[..., None]
_EVIDENCE_AT_A_TIME = 500_000  # exacerbations
# The tables that make a row of features are joined for so many: all at once did not fit into 1 GB at 1.4 million.
_PEOPLE_AT_A_TIME = 200_000


@dataclass(frozen=True, kw_only=True)
class AttritionStep:
    """One step towards the register: who remains after it, and how many it left out."""

    step: str
    remaining: int
    excluded: int


@dataclass(frozen=True, kw_only=True)
class DeathSource:
    """Of those who ever had COPD and have died: how many a source knows, and how many it alone knows."""

    source: str
    people: int
    alone: int


@dataclass(frozen=True, kw_only=True)
class UnknownUnit:
    """Readings set aside because nothing says how to convert them; ``unit`` as written, empty for none."""

    measure: str
    unit: str
    readings: int


@dataclass(frozen=True, kw_only=True)
class ReadingQuality:
    """Readings of a measure whose unit is known, and how many are outside what can be.

    ``usual``: whether the middle one lies where that of a group can (None: nothing is known of the measure).
    ``practices`` are those with impossible readings: id → (readings, impossible ones).
    """

    measure: str
    readings: int
    impossible: int
    usual: bool | None
    practices: Mapping[str, tuple[int, int]]


@dataclass(frozen=True, kw_only=True)
class NamedDead:
    """People with COPD whom the register of deaths names, and those with records 60 days after it and later."""

    named: int
    with_later_records: int


@dataclass(frozen=True, kw_only=True)
class ClosedPractice:
    """A practice that has closed, and how many people with COPD are still registered with it."""

    practice_id: str
    closed_on: date
    people: int


@dataclass(frozen=True, kw_only=True)
class ClinicalFacts:
    """The dates of a run and what was counted on the way to one row a patient.

    ``completeness``: how far each canonical table is complete, how that was found and how sure it is;
    ``silent``: by table, practices or trusts that end long before it. ``looked_for``: how many facts need a
    source or a code list; ``unobservable``: those of them that this extract cannot show, each with its
    reason. ``conflicts``: people by kind of contradiction in ``status_conflicts``; ``closed_practices``: those
    that people are still registered with, and that name no successor.
    """

    as_of: date
    index_date: date
    gp_complete_to: date
    hospital_complete_to: date | None
    completeness: tuple[Completeness, ...]
    silent: MappingProxyType[str, tuple[Completeness, ...]]
    register_size: int
    attrition: tuple[AttritionStep, ...]
    looked_for: int
    unobservable: MappingProxyType[str, str]
    deaths: tuple[DeathSource, ...]
    conflicts: MappingProxyType[str, int]
    closed_practices: tuple[ClosedPractice, ...]
    unknown_units: tuple[UnknownUnit, ...]
    readings: tuple[ReadingQuality, ...]
    named_dead: NamedDead

    @property
    def hospital_lag_days(self) -> int | None:
        """Days by which hospital data end before the index; negative where they reach beyond it."""
        if self.hospital_complete_to is None:
            return None
        return (self.index_date - self.hospital_complete_to).days

    @property
    def complete_to(self) -> date:
        """The last day that all sources of the extract cover."""
        return min(self.gp_complete_to, self.hospital_complete_to or self.gp_complete_to)

    def record(self) -> dict[str, object]:
        """What the manifest keeps."""
        return {
            "gp_complete_to": self.gp_complete_to,
            "hospital_complete_to": self.hospital_complete_to,
            "completeness": [asdict(one) | {"certainty": one.certainty} for one in self.completeness],
            "unknown_units": [asdict(one) for one in self.unknown_units],
            "readings": [asdict(one) for one in self.readings],
            "deaths": [asdict(one) for one in self.deaths],
            "named_dead": asdict(self.named_dead),
            "conflicts": dict(self.conflicts),
            "closed_practices": [asdict(one) for one in self.closed_practices],
            "attrition": [asdict(step) for step in self.attrition],
            "facts_looked_for": self.looked_for,
            "not_observable": dict(self.unobservable),
        }


def build(
    engine: SqlEngine,
    settings: ClinicalSettings,
    *,
    as_of: date,
    index: date | None = None,
    unobservable: Mapping[str, str] | None = None,
) -> ClinicalFacts:
    """Make the register, events, exacerbations, spells and ``features`` from the canonical relations.

    Needs the canonical relations and the tables of ``codelists.load``; ``provider_successors`` and
    ``organisations`` may be absent. ``as_of`` is the run date: nothing dated later is known. ``index`` ends
    the predictors' windows; by default the last complete day of the GP extract. ``unobservable``: facts that
    the whole extract cannot show, where a part of it is built; else found out here. Raises IdentifiableDataError
    where people with a standing Type 1 opt-out are in the data, ConfigError where GP records contradict
    themselves about how far they are complete.
    """
    gp_to, sources = source_dates(engine, settings, as_of)
    hospital_to = sources["hospital_episodes"].complete_to
    index = index or gp_to
    _make_tables(engine, settings, as_of, index)
    silent = silent_units(engine, sources, as_of)
    engine.drop("concept_events", "gp_concepts", "issued_concepts", "measurements")

    if unobservable is None:
        unobservable = observability.reasons(engine, index, sources)
    _make_features(engine, index, gp_to, hospital_to, unobservable)
    return ClinicalFacts(
        as_of=as_of,
        index_date=index,
        gp_complete_to=gp_to,
        hospital_complete_to=hospital_to,
        completeness=tuple(sources.values()),
        silent=MappingProxyType(silent),
        looked_for=len(needs()),
        unobservable=MappingProxyType(dict(unobservable)),
        **_counts(engine),
    )


def _make_tables(engine: SqlEngine, settings: ClinicalSettings, as_of: date, index: date) -> None:
    """Every table of this room, in the order in which they need each other."""
    make = partial(engine.materialise, "clinical")
    make_categories(engine)
    _make_concepts(engine, make, as_of)
    _refuse_type1_dissent(engine)
    make("copd_spans")
    _make_optional_relations(engine)
    _make_spells(make, as_of, settings.spell_gap_days)
    _make_register(make, as_of, index)
    _make_gp_event_days(make, index)
    _make_measurements(engine, make, index)
    _make_wide_facts(make, as_of, index)
    _make_exacerbations(engine, make, index, settings)
    make("care_days")


def _make_concepts(engine: SqlEngine, make: Make, as_of: date) -> None:
    make("gp_concepts", as_of=as_of)
    make("issued_concepts", as_of=as_of)
    engine.create_view("concept_events", packaged_sql("clinical", "concept_events"))
    make("concept_counts")


def _make_features(
    engine: SqlEngine, index: date, gp_to: date, hospital_to: date | None, unobservable: Mapping[str, str]
) -> None:
    literals: dict[str, Literal] = {
        "index": index,
        "gp_complete_to": gp_to,
        "hospital_complete_to": hospital_to,
        "severe_observable": "severe_exacerbations" not in unobservable,
        "ed_observable": "ed_only_exacerbations" not in unobservable,
        "unobservable": observability.as_text(unobservable),
    }
    select, people = packaged_sql("clinical", "found_features"), engine.scalar("SELECT count(*) FROM people")
    found = [
        render(select, literals | {"above": start, "up_to": start + _PEOPLE_AT_A_TIME})
        for start in range(0, people + 1, _PEOPLE_AT_A_TIME)
    ]
    engine.create_in_parts("found_features", found, views=True)
    shown = [
        observability.features_query(features(), unobservable, found=part)
        for part in engine.parts_of("found_features")
    ]
    engine.create_in_parts("features", shown, views=True)


def _make_optional_relations(engine: SqlEngine) -> None:
    """Empty ``provider_successors`` where no source brings it; ``practice_changes`` from ``organisations``.

    ``provider_successors``: provider, successor (organisation codes). ``practice_changes``: practice_id,
    closed_on, successor_id.
    """
    if not engine.has_table("provider_successors"):
        engine.create_table(
            "provider_successors",
            "SELECT CAST(NULL AS VARCHAR) AS provider, CAST(NULL AS VARCHAR) AS successor WHERE FALSE",
        )
    known = engine.columns("organisations") if engine.has_table("organisations") else ()
    successor = "successor_id" if "successor_id" in known else "CAST(NULL AS VARCHAR)"
    engine.create_table(
        "practice_changes",
        f"SELECT practice_id, valid_to AS closed_on, {successor} AS successor_id"
        " FROM organisations WHERE valid_to IS NOT NULL"
        if known
        else "SELECT CAST(NULL AS VARCHAR) AS practice_id, CAST(NULL AS DATE) AS closed_on,"
        " CAST(NULL AS VARCHAR) AS successor_id WHERE FALSE",
    )


def _make_register(make: Make, as_of: date, index: date) -> None:
    make("known_deaths", as_of=as_of)
    make("death_sources")
    make("registrations", as_of=as_of)
    make("eligibility", as_of=as_of, index=index)
    make("attrition")
    make("register", index=index)
    make("record_days", index=index)
    make("gp_activity", index=index)
    make("status_conflicts", as_of=as_of)
    make("living_dead")


def _make_gp_event_days(make: Make, index: date) -> None:
    make("steroid_issues", index=index)
    make("steroid_supply")
    make("maintenance", index=index)
    make("courses", index=index)
    make("gp_event_days", index=index)


def _make_spells(make: Make, as_of: date, gap: int) -> None:
    make("provider_trusts")
    make("hospital_rows", as_of=as_of)
    make("hospital_cleaning")
    make("episode_diagnoses")
    make("ed_diagnoses", as_of=as_of)
    make("diagnosis_lookup")
    make("hospital_concepts")
    make("episode_flags")
    make("placed_episodes")
    make("provider_spells")
    make("spells", as_of=as_of, gap=gap)
    make("spell_sequence")
    make("ed_visits", as_of=as_of)


def _make_exacerbations(engine: SqlEngine, make: Make, index: date, settings: ClinicalSettings) -> None:
    make("exacerbation_events", index=index)
    gap: dict[str, Literal] = {"gap": settings.episode_gap_days}
    if settings.episode_rule == "anchor":
        make("anchor_successors", **gap)
    starts = packaged_sql("clinical", f"episode_starts_{settings.episode_rule}")
    engine.create_table("episode_starts", render(starts, gap))
    if settings.episode_rule == "anchor":
        engine.drop("anchor_successors")
    make("counted_exacerbations")
    engine.create_view("exacerbations", packaged_sql("clinical", "exacerbations"))
    make("exacerbation_facts", index=index)
    _make_evidence(engine, index)


def _make_evidence(engine: SqlEngine, index: date) -> None:
    """``exacerbation_evidence`` (one row a patient who had one) as a view of parts, each of some of the patients.

    Lists of text are what an engine can least put aside: 4 million in one statement did not fit into 1 GB.
    """
    parts = 1 + int(engine.scalar("SELECT count(*) FROM counted_exacerbations")) // _EVIDENCE_AT_A_TIME
    select = packaged_sql("clinical", "exacerbation_evidence")
    engine.create_in_parts(
        "exacerbation_evidence",
        (render(select, {"index": index, "parts": parts, "part": part}) for part in range(parts)),
    )


def _make_measurements(engine: SqlEngine, make: Make, index: date) -> None:
    make("unit_spellings")
    make("unit_rules")
    make("measurements", index=index)
    make("measurement_quality")
    make("practice_readings")
    make("unknown_units")
    make("daily_measurements")
    make("latest_measurements")
    engine.register_frame("gli_median", gli.median_table())
    make("fev1_percent")
    make("body_mass")
    make("spirometry_ratio")
    make("smoking", index=index)
    make("frailty", index=index)


def _make_wide_facts(make: Make, as_of: date, index: date) -> None:
    make("concept_summary", index=index)
    make("measurement_facts", index=index)
    make("medicine_facts", index=index)
    make("condition_facts")
    make("care_facts", index=index)
    make("living_facts", as_of=as_of)
    make("flag_facts", as_of=as_of)
    make("hospital_facts", index=index)


def _refuse_type1_dissent(engine: SqlEngine) -> None:
    engine.materialise("clinical", "type1_dissents")
    people = engine.scalar("SELECT count(*) FROM type1_dissents")
    if people:
        raise IdentifiableDataError(
            f"gp_events: {people} people have a standing Type 1 opt-out; they must not be in the extract",
            fix="ask the provider to remove them before extraction, then run again (docs/decisions.md §6)",
        )


def _counts(engine: SqlEngine) -> dict[str, Any]:
    """What was counted on the way, for the verdict: numbers of people and readings, never whose."""
    steps = engine.rows("SELECT step, remaining, excluded FROM attrition ORDER BY step_order")
    deaths = engine.rows("SELECT source, people, alone FROM death_sources ORDER BY place")
    units = engine.rows("SELECT measure, unit, readings FROM unknown_units ORDER BY measure, unit")
    conflicts = engine.rows(
        "SELECT kind, count(DISTINCT patient_id) FROM status_conflicts GROUP BY kind ORDER BY kind"
    )
    closed = engine.rows(
        "SELECT practice_id, since, count(DISTINCT patient_id) FROM status_conflicts "
        "WHERE kind = 'practice closed' GROUP BY practice_id, since ORDER BY practice_id"
    )
    ((named, with_later_records),) = engine.rows("SELECT named, with_later_records FROM living_dead")
    return {
        "readings": _reading_quality(engine),
        "named_dead": NamedDead(named=named, with_later_records=with_later_records),
        "closed_practices": tuple(
            ClosedPractice(practice_id=practice, closed_on=day, people=people)
            for practice, day, people in closed
        ),
        "register_size": int(engine.scalar("SELECT count(*) FROM register")),
        "attrition": tuple(
            AttritionStep(step=step, remaining=left, excluded=out) for step, left, out in steps
        ),
        "deaths": tuple(DeathSource(source=name, people=all_, alone=alone) for name, all_, alone in deaths),
        "unknown_units": tuple(
            UnknownUnit(measure=measure, unit=unit, readings=readings) for measure, unit, readings in units
        ),
        "conflicts": MappingProxyType(dict(conflicts)),
    }


def _reading_quality(engine: SqlEngine) -> tuple[ReadingQuality, ...]:
    practices: dict[str, dict[str, tuple[int, int]]] = {}
    for practice, measure, readings, impossible in engine.rows(
        "SELECT practice_id, measure, readings, impossible FROM practice_readings ORDER BY measure, practice_id"
    ):
        practices.setdefault(measure, {})[practice] = (readings, impossible)
    return tuple(
        ReadingQuality(
            measure=measure,
            readings=readings,
            impossible=impossible,
            usual=usual,
            practices=practices.get(measure, {}),
        )
        for measure, readings, impossible, usual in engine.rows(
            "SELECT measure, readings, impossible, usual FROM measurement_quality ORDER BY measure"
        )
    )


def feature_table(engine: SqlEngine) -> pd.DataFrame:
    """One row a patient on the register, by patient id; columns as in the feature dictionary."""
    return engine.frame("SELECT * FROM features ORDER BY patient_id")


# What the facts are made from: canonical relations, and what ingest and the code lists say about them.
NEEDED = (
    "patients", "gp_events", "prescriptions", "hospital_episodes", "ed_attendances", "deaths", "organisations",
    "local_flags", "provider_successors", "practices_end", "source_tables", "codes", "concepts",
)  # fmt: skip
# What later rooms read besides the closed months: people one row each, and the events of those who ever had COPD.
FOR_LATER_ROOMS = (
    "features", "people", "register", "eligibility", "registrations", "known_deaths", "practice_changes",
    "status_conflicts", "concept_counts", "measurement_facts", "spells", "spell_sequence", "ed_visits",
    "counted_exacerbations", "exacerbations", "care_days",
)  # fmt: skip
# Steps on the way to the features, which no later room reads.
_ON_THE_WAY = (
    "care_facts", "condition_facts", "exacerbation_facts", "flag_facts", "gp_activity", "hospital_facts",
    "living_facts", "medicine_facts", "concept_summary", "daily_measurements", "latest_measurements",
    "body_mass", "fev1_percent", "frailty", "smoking", "spirometry_ratio", "courses", "episode_starts",
    "exacerbation_events", "gp_event_days", "maintenance", "steroid_issues", "steroid_supply",
    "episode_diagnoses", "episode_flags", "hospital_concepts", "hospital_rows", "placed_episodes",
    "provider_spells", "record_days",
)  # fmt: skip


def give_back(engine: SqlEngine) -> None:
    """Drop what only led to the features, which have left the engine, and hand its memory back."""
    in_parts = ("features", "found_features", "exacerbation_evidence")
    gone = (*_ON_THE_WAY, *in_parts, *(part for name in in_parts for part in engine.parts_of(name)))
    engine.drop(*filter(engine.has_table, gone))
    engine.give_back()
