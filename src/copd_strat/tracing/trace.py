"""What is said of a person, sentence by sentence, and the rows of the extract without which it is not said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from copd_strat import clinical, codelists
from copd_strat.config import Settings
from copd_strat.contracts.contract_files import load_contracts, packaged
from copd_strat.contracts.own_tables import column_names
from copd_strat.engine import Engine, packaged_sql
from copd_strat.errors import RequestError
from copd_strat.extracts.layout import no_rows
from copd_strat.extracts.one_person import StagedTable, person_at, rows_of_person, stage_native
from copd_strat.followup import worklist
from copd_strat.pathways import Policy, assign, load_policy, normalise_reference, read_patients
from copd_strat.plan import sources_of_run
from copd_strat.publish import PublishedRun
from copd_strat.risk.register import score_register
from copd_strat.tracing.rows_left_out import LeftOut, make_copies, sets_to_leave_out

# Copies that are built together: what a small engine holds with ease.
_COPIES_A_BUILD = 300
_WHYS = ("why_1", "why_2", "why_3")
ON_REGISTER, NOT_ON_REGISTER = "on the register", "not on the register"
WORKLIST = "worklist: "
Rows = frozenset[tuple[str, int]]


@dataclass(frozen=True, kw_only=True)
class TracedSentence:
    """Something said of a person and the rows (table, file, line) that it rests on.

    ``together``: none of the rows alone makes it, all of them do. No rows: it rests on what is not on record, or
    (``several``) on more than one thing on record, any of which is enough.
    """

    sentence: str
    rows: tuple[tuple[str, str, int], ...]
    together: bool = False
    several: bool = False


class _Rests(NamedTuple):
    """What a sentence rests on, as ``TracedSentence`` tells it."""

    rows: Rows
    together: bool = False
    several: bool = False


@dataclass(frozen=True, kw_only=True)
class Trace:
    """Everything said of one person. ``elsewhere``: published reasons that rows of the extract do not make, such
    as a practice's answer, or a stay on the list from an earlier night."""

    reference: str
    practice_id: str
    sentences: tuple[TracedSentence, ...]
    elsewhere: tuple[str, ...]

    def about(self, file: str, line: int) -> tuple[TracedSentence, ...]:
        """The sentences that rest on one row."""
        return tuple(s for s in self.sentences if any(row[1:] == (file, line) for row in s.rows))


@dataclass(frozen=True, kw_only=True)
class _Tracer:
    """A published run, its extracts staged, and what it knew of the whole extract."""

    engine: Engine
    settings: Settings
    run: PublishedRun
    tables: tuple[StagedTable, ...]
    work: Path
    policy: Policy
    native: Mapping[str, tuple[str, ...]] = field(repr=False)

    @property
    def manifest(self) -> dict[str, Any]:
        return self.run.manifest


def trace_reference(settings: Settings, run: PublishedRun, reference: str, work: Path) -> Trace:
    """The line of ``reference`` on the lists of ``run``. RequestError if it is mistyped or not in the
    run, InputError if the extracts are not those of the run."""
    normal = normalise_reference(reference)
    patients = read_patients(run.file("analyst/patients.parquet"))
    found = patients[patients["patient_ref"] == normal]
    if normal is None or found.empty:
        raise RequestError(
            "this reference is not in this run, or a character is wrong",
            fix="copy it from the list: CP-XXXX-XXXX-X",
        )
    with Engine.open(settings.engine, work / "spill") as engine:
        return _traced(_open(engine, settings, run, work), str(found.iloc[0]["patient_id"]), patients)


def trace_row(settings: Settings, run: PublishedRun, file: str, line: int, work: Path) -> Trace:
    """The person whom the row is about. RequestError for no such file or row, else as ``trace_reference``."""
    patients = read_patients(run.file("analyst/patients.parquet"))
    with Engine.open(settings.engine, work / "spill") as engine:
        tracer = _open(engine, settings, run, work)
        person = person_at(engine, tracer.tables, file, line)
        if person is None:
            raise RequestError(f"{file}: line {line} names nobody", fix="name a row about a person")
        return _traced(tracer, person, patients)


def _open(engine: Engine, settings: Settings, run: PublishedRun, work: Path) -> _Tracer:
    sources = sources_of_run(settings, run)
    contracts = settings.contracts or packaged()
    engine.execute("SET preserve_insertion_order = true")
    tables = stage_native(
        engine,
        settings.extracts,
        contracts,
        inputs=[source.inputs for source in sources],
        zone=settings.timezone,
        work=work,
    )
    native = {name: column_names(one) for name, one in load_contracts(contracts, "native").items()}
    return _Tracer(
        engine=engine,
        settings=settings,
        run=run,
        tables=tables,
        work=work,
        policy=load_policy(settings.pathways.policy),
        native=native,
    )


def _traced(tracer: _Tracer, patient_id: str, patients: pd.DataFrame) -> Trace:
    engine = tracer.engine
    codelists.load(engine, tracer.settings.clinical.codelists)
    rows = rows_of_person(
        engine, tracer.tables, patient_id, work=tracer.work, as_of=_day(tracer.manifest["as_of"])
    )
    places = {
        (str(r.table), int(str(r.row))): (str(r.table), str(r.file), int(str(r.line)))
        for r in rows.itertuples()
    }
    rests = _rests(tracer, sets_to_leave_out(engine, rows))
    sentences = tuple(
        TracedSentence(
            sentence=sentence,
            rows=tuple(sorted(places[key] for key in rest.rows)),
            together=rest.together,
            several=rest.several,
        )
        for sentence, rest in rests.items()
    )
    published = patients[patients["patient_id"] == patient_id]
    reference = "" if published.empty else str(published.iloc[0]["patient_ref"])
    practice = "" if published.empty else str(published.iloc[0]["practice_id"])
    said = [] if published.empty else [str(published.iloc[0][w]) for w in _WHYS if published.iloc[0][w]]
    return Trace(
        reference=reference,
        practice_id=practice,
        sentences=sentences,
        elsewhere=tuple(text for text in said if text not in rests and text != "nan"),
    )


def _rests(tracer: _Tracer, sets: list[LeftOut]) -> dict[str, _Rests]:
    """Sentence → the rows it rests on.

    Without some rows there is nothing to say at all, since the person is not on the register: those are told under
    that, and not again under each sentence. What no set alone moves is tried once more without all rows
    found, and at last without all that the register does not need: what is then gone rests on several things on record.
    """
    whole, without = _stories(tracer, sets)
    gone = [one for one, story in zip(sets, without, strict=True) if story == {NOT_ON_REGISTER}]
    here = [pair for pair in zip(sets, without, strict=True) if pair[1] != {NOT_ON_REGISTER}]
    if whole == [NOT_ON_REGISTER]:
        # off the register because of a row: without it the person would be on it
        moved = [one for one, _ in here]
        return {NOT_ON_REGISTER: _chosen(moved)}
    found = {ON_REGISTER: _chosen(gone)}
    for sentence in whole:
        found[sentence] = _chosen([one for one, story in here if sentence not in story])
    reasons = [rest.rows for name, rest in found.items() if name != ON_REGISTER and WORKLIST not in name]
    everything = frozenset[tuple[str, int]]().union(*reasons)
    if everything:
        found |= dict.fromkeys(_gone_without(tracer, found, everything), _Rests(everything, together=True))
    bare = frozenset[tuple[str, int]]().union(*(one.rows for one in sets)) - _needed(gone)
    if bare:
        several = _Rests(frozenset(), several=True)
        found |= dict.fromkeys(_gone_without(tracer, found, bare), several)
    return found


def _gone_without(tracer: _Tracer, found: Mapping[str, _Rests], rows: Rows) -> list[str]:
    """Of the sentences that nothing has moved yet, those that are not said of a copy without ``rows``."""
    unmoved = [name for name, rest in found.items() if not rest.rows]
    if not unmoved:
        return []
    _, (rest,) = _stories(tracer, [LeftOut(rows=rows, single=False)])
    return [name for name in unmoved if name not in rest]


def _needed(gone: Sequence[LeftOut]) -> Rows:
    """Rows without which the person is not on the register: of each set that takes them off, the smallest."""
    smallest = (one.rows for one in gone if not any(other.rows < one.rows for other in gone))
    return frozenset[tuple[str, int]]().union(*smallest)


def _chosen(moved: Sequence[LeftOut]) -> _Rests:
    """Every row that moves it alone; failing that the smallest set that does."""
    singles = frozenset(key for one in moved if one.single for key in one.rows)
    groups = [one.rows for one in moved if not one.single]
    return _Rests(singles) if singles or not groups else _Rests(groups[0], together=True)


def _stories(tracer: _Tracer, sets: list[LeftOut]) -> tuple[list[str], list[frozenset[str]]]:
    """What is said of the whole person, in order, and of each copy."""
    whole: list[str] = []
    without: list[frozenset[str]] = []
    for start in range(0, max(len(sets), 1), _COPIES_A_BUILD):
        some = sets[start : start + _COPIES_A_BUILD]
        told = _told(tracer, some)
        whole = told.get(0, [NOT_ON_REGISTER])
        without += [frozenset(told.get(number, [NOT_ON_REGISTER])) for number in range(1, len(some) + 1)]
    return whole, without


def _told(tracer: _Tracer, sets: list[LeftOut]) -> dict[int, list[str]]:
    """Copy → what is said of it, by the same steps as a night's; a copy that is not on the register is not there."""
    engine, manifest = tracer.engine, tracer.manifest
    for table, contract in load_contracts(tracer.settings.contracts or packaged(), "native").items():
        engine.create_table(table, no_rows(contract))
    make_copies(engine, sets, dict(tracer.native))
    _say_sources(tracer)
    hospital = manifest["hospital_complete_to"]
    given = {"gp_complete_to": _day(manifest["gp_complete_to"])}
    given |= {"hospital_complete_to": _day(hospital)} if hospital else {}
    facts = clinical.build(
        engine,
        tracer.settings.clinical.model_copy(update=given),
        as_of=_day(manifest["as_of"]),
        index=_day(manifest["index_date"]),
        unobservable=manifest["not_observable"],
    )
    if not facts.register_size:
        return {}
    return _sentences(tracer, facts)


def _say_sources(tracer: _Tracer) -> None:
    """``source_tables``: every table that came with the night's extracts, also those without a row of this person."""
    came = {table.contract.table for table in tracer.tables}
    frame = pd.DataFrame(
        {"table_name": list(tracer.native), "present": [name in came for name in tracer.native]}
    )
    tracer.engine.register_frame("source_tables", frame)


def _sentences(tracer: _Tracer, facts: clinical.ClinicalFacts) -> dict[int, list[str]]:
    engine, as_of = tracer.engine, _day(tracer.manifest["as_of"])
    features = clinical.feature_table(engine)
    scored = score_register(features, tracer.settings.risk)
    frame = features.merge(scored.scores, on="patient_id", validate="one_to_one")
    networks = engine.frame(packaged_sql("pathways", "networks"))
    frame = frame.merge(networks, on="practice_id", how="left", validate="many_to_one")
    frame = frame.assign(patient_ref=frame["patient_id"])
    placed = assign(frame, tracer.policy, as_of=as_of, reasons=scored.reasons).patients
    told = {
        copy_of(row["patient_id"]): [
            f"disposition: {row['disposition']}",
            *(str(row[why]) for why in _WHYS if isinstance(row[why], str) and row[why]),
        ]
        for row in placed.to_dict("records")
    }
    found = worklist(
        engine, placed, policy=tracer.policy.follow_up, as_of=as_of, facts=facts.unobservable, previous=None
    )
    for row in found.lines.to_dict("records"):
        told[copy_of(row["patient_id"])].append(f"{WORKLIST}{row['event']} {_said_day(row['event_date'])}")
    closed = found.duties[found.duties["closed_on"].notna()]
    for row in closed.to_dict("records"):
        told[copy_of(row["patient_id"])].append(
            f"{WORKLIST}{row['duty']} after {row['event']} {_said_day(row['event_date'])}: {row['state']}"
            f" {_said_day(row['closed_on'])}"
        )
    return told


def copy_of(patient_id: str) -> int:
    """The number of a copy, from its id."""
    return int(patient_id.rpartition("#")[2])


def _day(text: Any) -> date:
    return text if isinstance(text, date) else date.fromisoformat(str(text))


def _said_day(value: Any) -> str:
    return pd.Timestamp(value).date().isoformat()
