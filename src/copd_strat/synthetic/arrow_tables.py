"""Simulated records as Arrow tables with the canonical columns (docs/architecture.md)."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from copd_strat.synthetic.care_system import ICB, SUB_ICB, Practices
from copd_strat.synthetic.codes import Ints, code_table, medicine_table
from copd_strat.synthetic.logs import UNITS, Columns
from copd_strat.synthetic.people import ETHNICITY, NEVER, People
from copd_strat.synthetic.settings import SyntheticSettings

#: Share of the window before which issues carry a product's earlier dm+d id.
_CHANGEOVER_DAYS_BEFORE_END = 900
_SEXES = ("female", "male")


def dates(days: npt.NDArray[np.generic]) -> pa.Array[Any]:
    """Days since 1970 as dates; -1 and ``NEVER`` become gaps."""
    day = np.asarray(days, dtype=np.int64)
    gaps = (day < 0) | (day >= NEVER)
    return pa.array(np.where(gaps, 0, day).astype(np.int32), mask=gaps).cast(pa.date32())


def picked(positions: npt.NDArray[np.generic], values: tuple[str, ...]) -> pa.Array[Any]:
    """Text by position in ``values``; the empty text becomes a gap."""
    indices = np.asarray(positions, dtype=np.int64)
    choices = pa.array([value or None for value in values], type=pa.string())
    return pa.DictionaryArray.from_arrays(indices, choices).cast(pa.string())


def numbers(values: npt.NDArray[np.generic]) -> pa.Array[Any]:
    """Doubles; nan becomes a gap."""
    value = np.asarray(values, dtype=np.float64)
    return pa.array(value, mask=np.isnan(value))


def whole_numbers(values: npt.NDArray[np.generic], gap: int) -> pa.Array[Any]:
    value = np.asarray(values, dtype=np.int32)
    return pa.array(value, mask=value == gap)


def patients_table(settings: SyntheticSettings, people: People, practices: Practices) -> pa.Table:
    """One row a registration; who moved within the system has two. Some deaths are known only elsewhere."""
    moved = np.flatnonzero((people.moved < NEVER) & (people.moved <= people.last_day(settings.end_day)))
    everyone = np.arange(len(people))
    person = np.concatenate([moved, everyone])
    here = np.isin(everyone, moved)
    start = np.concatenate([people.registered[moved], np.where(here, people.moved, people.registered)])
    gone = np.minimum(people.died, people.leaves)
    end = np.concatenate([people.moved[moved] - 1, gone])
    known = people.recorded > 0.06
    died = np.where(known & (people.died < people.leaves), people.died, NEVER)
    end[len(moved) :] = np.where((gone == people.died) & ~known, NEVER, gone)
    practice = np.concatenate([people.earlier_practice[moved], people.practice])
    table = pa.table(
        {
            "patient_id": pa.array(people.identifier[person].tolist()),
            "practice_id": picked(practice, practices.code),
            "sex": picked(people.sex[person], _SEXES),
            "birth_year": pa.array(people.birth_year[person].astype(np.int32)),
            "birth_month": whole_numbers(people.birth_month[person], 0),
            "ethnicity": picked(people.ethnicity[person], ETHNICITY),
            "imd_decile": whole_numbers(people.imd_decile[person], 0),
            "registration_start": dates(start),
            "registration_end": dates(end),
            "death_date": dates(died[person]),
        }
    )
    return table.sort_by([("patient_id", "ascending"), ("registration_start", "ascending")])


def deaths_table(people: People) -> pa.Table:
    dead = np.flatnonzero(people.died < people.leaves)
    table = pa.table(
        {"patient_id": pa.array(people.identifier[dead].tolist()), "death_date": dates(people.died[dead])}
    )
    return table.sort_by("patient_id")


def organisations_table(practices: Practices) -> pa.Table:
    rows = len(practices)
    return pa.table(
        {
            "practice_id": pa.array(practices.code),
            "practice_name": pa.array(practices.name),
            "pcn": pa.array(practices.network),
            "sub_icb": pa.array([SUB_ICB] * rows),
            "icb": pa.array([ICB] * rows),
            "valid_from": pa.array([date(2013, 4, 1)] * rows),
            "valid_to": pa.nulls(rows, pa.date32()),
        }
    )


def gp_events_table(settings: SyntheticSettings, people: People, rows: Columns) -> pa.Table:
    codes = code_table()
    return pa.table(
        {
            "patient_id": picked(rows["person"], tuple(people.identifier.tolist())),
            "event_date": dates(rows["day"]),
            "code": picked(rows["code"], tuple(row["code"] for row in codes)),
            "code_system": picked(rows["code"], tuple(row["system"] for row in codes)),
            "value": numbers(rows["value"]),
            "unit": picked(rows["unit"], UNITS),
            "recorded_date": _recorded(settings, rows),
        }
    )


def prescriptions_table(settings: SyntheticSettings, people: People, rows: Columns) -> pa.Table:
    """Issues; before the changeover a product that has an earlier dm+d id carries that one."""
    medicines = medicine_table()
    ids = tuple(row["dmd_code"] for row in medicines)
    earlier = tuple(row["earlier_code"] or row["dmd_code"] for row in medicines)
    product = np.asarray(rows["medicine"], dtype=np.int64)
    old = np.asarray(rows["day"], dtype=np.int64) < settings.end_day - _CHANGEOVER_DAYS_BEFORE_END
    return pa.table(
        {
            "patient_id": picked(rows["person"], tuple(people.identifier.tolist())),
            "issue_date": dates(rows["day"]),
            "dmd_code": picked(product + old * len(ids), ids + earlier),
            "quantity": numbers(rows["quantity"]),
            "duration_days": numbers(rows["duration"]),
            "recorded_date": _recorded(settings, rows),
        }
    )


def _recorded(settings: SyntheticSettings, rows: Columns) -> pa.Array[Any]:
    """Most records are entered on the day, one in twenty a few days later."""
    day, person = np.asarray(rows["day"], dtype=np.int64), np.asarray(rows["person"], dtype=np.int64)
    scatter: Ints = (day * 31 + person * 17) % 100
    return dates(np.minimum(np.where(scatter < 5, day + scatter + 1, day), settings.end_day))
