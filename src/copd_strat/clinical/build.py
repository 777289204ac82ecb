"""From canonical relations to clinical facts, step by step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING

from copd_strat.clinical import completeness, gli, observability
from copd_strat.clinical.categories import make_categories
from copd_strat.clinical.dictionary import features, needs
from copd_strat.config import ClinicalSettings
from copd_strat.engine import Engine, Literal, packaged_sql, render
from copd_strat.errors import IdentifiableDataError

if TYPE_CHECKING:
    import pandas as pd

# Runs a query of this room, by the name of the table it makes, with its literals.
Make = Callable[..., None]


@dataclass(frozen=True, kw_only=True)
class AttritionStep:
    """One step towards the register: who remains after it, and how many it left out."""

    step: str
    remaining: int
    excluded: int


@dataclass(frozen=True, kw_only=True)
class ClinicalFacts:
    """The dates of a run and what was counted on the way to one row a patient.

    ``looked_for``: how many facts need a source or a code list; ``unobservable``: those of them that this
    extract cannot show, each with its reason.
    """

    as_of: date
    index_date: date
    gp_complete_to: date
    hospital_complete_to: date | None
    register_size: int
    attrition: tuple[AttritionStep, ...]
    looked_for: int
    unobservable: MappingProxyType[str, str]

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
            "attrition": [asdict(step) for step in self.attrition],
            "facts_looked_for": self.looked_for,
            "not_observable": dict(self.unobservable),
        }


def build(
    engine: Engine, settings: ClinicalSettings, *, as_of: date, index: date | None = None
) -> ClinicalFacts:
    """Make the register, events, exacerbations, spells and ``features`` from the canonical relations.

    Needs the relations of ``extracts.ingest_sources`` and the tables of ``codelists.load``. ``as_of`` is the
    run date: nothing dated later is known. ``index`` ends the predictors' windows; by default the last
    complete day of the GP extract. Raises IdentifiableDataError where people with a standing Type 1 opt-out
    are in the data.
    """
    gp_to, hospital_to = _complete_to(engine, settings, as_of)
    index = index or gp_to
    make = partial(engine.materialise, "clinical")

    make_categories(engine)
    make("gp_concepts", as_of=as_of)
    make("issued_concepts", as_of=as_of)
    engine.create_view("concept_events", packaged_sql("clinical", "concept_events"))
    make("concept_counts")
    _refuse_type1_dissent(engine)
    make("copd_spans")
    _make_optional_relations(engine)
    _make_spells(make, as_of, settings.spell_gap_days)
    _make_register(make, as_of, index)
    _make_gp_event_days(make, index)
    _make_measurements(engine, make, index)
    _make_wide_facts(make, as_of, index)
    engine.drop("concept_events", "gp_concepts", "issued_concepts", "measurements")
    _make_exacerbations(engine, make, index, settings)

    unobservable = observability.reasons(engine, index, hospital_to)
    dates: dict[str, Literal] = {
        "index": index,
        "gp_complete_to": gp_to,
        "hospital_complete_to": hospital_to,
        "severe_observable": "severe_exacerbations" not in unobservable,
        "ed_observable": "ed_only_exacerbations" not in unobservable,
        "unobservable": observability.as_text(unobservable),
    }
    engine.create_view("found_features", render(packaged_sql("clinical", "found_features"), dates))
    engine.create_view("features", observability.features_query(features(), unobservable))
    return ClinicalFacts(
        as_of=as_of,
        index_date=index,
        gp_complete_to=gp_to,
        hospital_complete_to=hospital_to,
        register_size=int(engine.scalar("SELECT count(*) FROM register")),
        attrition=_attrition(engine),
        looked_for=len(needs()),
        unobservable=MappingProxyType(unobservable),
    )


def _make_optional_relations(engine: Engine) -> None:
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


def _make_gp_event_days(make: Make, index: date) -> None:
    make("steroid_issues", index=index)
    make("steroid_supply")
    make("maintenance", index=index)
    make("courses", index=index)
    make("gp_event_days", index=index)
    make("copd_reviews")


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


def _make_exacerbations(engine: Engine, make: Make, index: date, settings: ClinicalSettings) -> None:
    make("exacerbation_events", index=index)
    starts = packaged_sql("clinical", f"episode_starts_{settings.episode_rule}")
    engine.create_table("episode_starts", render(starts, {"gap": settings.episode_gap_days}))
    make("counted_exacerbations")
    engine.create_view("exacerbations", packaged_sql("clinical", "exacerbations"))
    make("exacerbation_facts", index=index)


def _make_measurements(engine: Engine, make: Make, index: date) -> None:
    make("unit_spellings")
    make("measurements", index=index)
    make("measurement_quality")
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


def _complete_to(engine: Engine, settings: ClinicalSettings, as_of: date) -> tuple[date, date | None]:
    query = render(packaged_sql("clinical", "source_volume"), {"as_of": as_of})
    volume: dict[str, dict[date, int]] = {"gp": {}, "hospital": {}}
    for source, day, records in engine.rows(query):
        volume[source][day] = records
    gp_to = settings.gp_complete_to or completeness.gp_complete_to(volume["gp"], as_of)
    hospital_to = settings.hospital_complete_to or completeness.hospital_complete_to(
        volume["hospital"], gp_to
    )
    return gp_to, hospital_to


def _refuse_type1_dissent(engine: Engine) -> None:
    engine.materialise("clinical", "type1_dissents")
    people = engine.scalar("SELECT count(*) FROM type1_dissents")
    if people:
        raise IdentifiableDataError(
            f"gp_events: {people} people have a standing Type 1 opt-out; they must not be in the extract",
            fix="ask the provider to remove them before extraction, then run again (docs/decisions.md §6)",
        )


def _attrition(engine: Engine) -> tuple[AttritionStep, ...]:
    rows = engine.rows("SELECT step, remaining, excluded FROM attrition ORDER BY step_order")
    return tuple(AttritionStep(step=step, remaining=left, excluded=out) for step, left, out in rows)


def feature_table(engine: Engine) -> pd.DataFrame:
    """One row a patient on the register, by patient id; columns as in the feature dictionary."""
    return engine.frame("SELECT * FROM features ORDER BY patient_id")
