"""How far each source of the night is complete, and which practices and trusts have fallen silent."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from copd_strat.clinical import completeness
from copd_strat.clinical.completeness import Completeness
from copd_strat.config import ClinicalSettings
from copd_strat.engine import Literal, SqlEngine, packaged_sql, render
from copd_strat.errors import ConfigError

# Canonical tables whose completeness is estimated; the first tells the others that time went on.
SOURCES = ("gp_events", "prescriptions", "hospital_episodes", "ed_attendances")


def source_dates(
    engine: SqlEngine, settings: ClinicalSettings, as_of: date
) -> tuple[date, dict[str, Completeness]]:
    """The last complete day of the GP extract, and what is known of each table of SOURCES.

    Raises ConfigError where the GP records contradict themselves: no index date can be told from them.
    """
    volume = _volume(engine, as_of)
    given = {"gp_events": settings.gp_complete_to, "hospital_episodes": settings.hospital_complete_to}
    found: dict[str, Completeness] = {}
    for name in SOURCES:
        if day := given.get(name):
            found[name] = completeness.given(name, day, volume[name])
        elif name == "gp_events" and (told := completeness.told(name, _practices_end(engine), volume[name])):
            found[name] = told
        else:
            went_on = found[SOURCES[0]].complete_to if found else None
            found[name] = completeness.estimate(name, volume[name], quiet_to=went_on)
    gp = found["gp_events"]
    if gp.complete_to is None and gp.latest_record is not None:
        raise ConfigError(
            "gp_events: how far the records are complete cannot be told: their volume ends more than"
            f" {completeness.MAX_DAYS_BEHIND_LATEST} days before their latest record",
            fix="give clinical.gp_complete_to, or ask the provider what is missing",
        )
    return gp.complete_to or as_of, found


def _practices_end(engine: SqlEngine) -> list[date]:
    """The last days of the practices, where the source tells them; none where nobody read any."""
    if not engine.has_table("practices_end"):
        return []
    return [day for (day,) in engine.rows("SELECT last_day FROM practices_end")]


def _volume(engine: SqlEngine, as_of: date) -> dict[str, dict[date, int]]:
    volume: dict[str, dict[date, int]] = {name: {} for name in SOURCES}
    query = render(packaged_sql("clinical", "source_volume"), {"as_of": as_of})
    for source, day, records in engine.rows(query):
        volume[source][day] = records
    return volume


def silent_units(
    engine: SqlEngine, sources: Mapping[str, Completeness], as_of: date
) -> dict[str, tuple[Completeness, ...]]:
    """By table: practices or trusts that end long before it; needs ``gp_concepts`` and ``registrations``."""
    return {
        name: completeness.silent(_unit_volume(engine, name, end, as_of), end)
        for name in ("gp_events", "hospital_episodes")
        if (end := sources[name].complete_to) is not None
    }


def _unit_volume(engine: SqlEngine, source: str, end: date, as_of: date) -> dict[str, dict[date, int]]:
    literals: dict[str, Literal] = {"source": source, "complete_to": end, "as_of": as_of}
    volume: dict[str, dict[date, int]] = {}
    for unit, week_end, records in engine.rows(render(packaged_sql("clinical", "unit_volume"), literals)):
        volume.setdefault(unit, {})[week_end] = records
    return volume
