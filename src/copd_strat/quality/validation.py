"""The night's one verdict: every gate adds what it judged, and stops the night where it must."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pandas as pd
import pyarrow as pa

from copd_strat.config import Settings
from copd_strat.contracts.own_tables import own_table
from copd_strat.contracts.part_files import PartFiles
from copd_strat.engine import Engine
from copd_strat.errors import BUG_EXIT_CODE, CopdStratError
from copd_strat.extracts.receipts import Ingested, TableReceipt
from copd_strat.quality import guard, guard_findings, reconciliation, sections
from copd_strat.quality.causes import Evidence, find_causes
from copd_strat.quality.clinical_sections import NightFacts, fact_findings, fact_sections
from copd_strat.quality.code_findings import CodeMatches, codes_section, judge_codes, sources_section
from copd_strat.quality.findings import Finding, Section, SuiteResult, Verdict
from copd_strat.quality.gate import confirm_sample, judge_parts, judge_table
from copd_strat.quality.gate_rules import KNOWN_ANSWERS, SOMEBODY_LISTED
from copd_strat.quality.guard_answers import count_answers, lost_by_hand
from copd_strat.quality.guard_changes import Movement
from copd_strat.quality.guard_people import COMPARED, people_changed
from copd_strat.quality.guard_volumes import concept_volumes, measure
from copd_strat.quality.linkage_findings import (
    coded_section,
    judge_linkage,
    judge_reach,
    linkage_section,
    missing_section,
    reached,
)
from copd_strat.quality.origins import accepted_rows, feeding_tables, people_tables, rows_of_relations
from copd_strat.quality.placed_people import PlacedPeople, PolicyRules, placed_as_declared
from copd_strat.quality.plausibility import judge_plausibility
from copd_strat.quality.thresholds import judge_thresholds
from copd_strat.quality.undeclared_gaps import word_findings
from copd_strat.quality.verdict_page import Heading, write_verdict


class Validation:
    """A context: whatever ends the night inside it, ``validation.html`` and ``.json`` are written.

    ``last`` are the figures (``record()['guard']``) of the last run, empty on the first night. Methods raise
    ContractError or RunGuardError where their gate stops the night.
    """

    def __init__(
        self, folder: Path, settings: Settings, heading: Mapping[str, str], last: Mapping[str, Any]
    ) -> None:
        self._folder, self._settings, self._last = folder, settings, last
        self._heading, self._as_of = Heading(**heading), date.fromisoformat(heading["as_of"])
        self._suites: list[SuiteResult] = []
        self._movements: list[Movement] = []
        self._told: list[Finding] = []
        self._linkage: tuple[Finding, ...] = ()
        self._sections: list[Section] = []
        self._figures: guard.Figures | None = None
        self._people: frozenset[str] = frozenset()
        self._feeding: Mapping[str, frozenset[str]] = {}
        self._patients_from: list[TableReceipt] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None and not isinstance(error, Exception):
            return  # stopped by a person or the machine: everything staged goes, the page with it
        if error is not None and self.verdict.success:
            self._told.append(_as_finding(error))
        try:
            write_verdict(self.verdict, self._heading, self._folder)
        except CopdStratError:
            # What stopped the night is told before the page that could not be written.
            if error is None:
                raise

    @property
    def verdict(self) -> Verdict:
        """What the night has come to so far."""
        causes = find_causes(
            Evidence(
                suites=tuple(self._suites),
                movements=tuple(self._movements),
                tonight=self._figures,
                last=self._last,
                settings=self._settings.guard,
                people=self._people,
                feeding=self._feeding,
                linkage=self._linkage,
            )
        )
        return Verdict(
            findings=(*causes, *self._told), suites=tuple(self._suites), sections=tuple(self._sections)
        )

    def record(self) -> dict[str, Any]:
        """What the manifest keeps: warnings, and tonight's figures for the next night."""
        figures = {} if self._figures is None else self._figures.to_json()
        return {"guard": figures, "warnings": [found.sentence for found in self.verdict.warnings]}

    def controls(self, departures: Sequence[object]) -> None:
        """Known answers that did not come out tonight; each says its person, fact and rule."""
        if departures:
            first = "; ".join(str(departure) for departure in departures[:3])
            self._told.append(
                Finding(
                    cause="the program gives wrong answers",
                    subject="control people",
                    weight="stop",
                    sentence=f"{len(departures):,} known answers do not come out tonight: {first}",
                    fix=KNOWN_ANSWERS.fix,
                    effects=tuple(str(departure) for departure in departures[3:]),
                    codes=(KNOWN_ANSWERS.code,),
                )
            )
        self._settle()

    def extracts(self, engine: Engine, landing: Ingested) -> None:
        """The extracts as they came in: do rows add up, are contracts kept, what moved since last night."""
        self._told += word_findings(landing.tables)
        self._settle()
        self._people, self._feeding = people_tables(landing), feeding_tables(landing)
        volumes = measure(engine, self._as_of)
        self._figures = guard.take_figures(volumes, landing.tables, count_answers(engine, self._as_of))
        self._sections += [
            sections.rows_section(landing.tables, self._last.get("files") or {}),
            *sections.quarantined_section(self._folder / "quarantine"),
            coded_section(landing.tables),
            missing_section(landing.tables),
        ]
        plausible = judge_plausibility(engine, landing, self._feeding)
        self._sections.append(plausible.section)
        self._told += plausible.findings
        self._judge_linkage(landing, volumes.patients)
        self._judge_files(landing.tables)
        self._judge_hand_made(self._figures)
        self._told += [
            Finding(cause="about the extracts", subject="", weight="warn", sentence=warning)
            for warning in landing.warnings
        ]
        self._suites += [
            reconciliation.rows_add_up(landing.tables),
            reconciliation.relations_add_up(rows_of_relations(engine), accepted_rows(landing)),
            judge_thresholds((receipt, receipt.contract) for receipt in landing.tables),
            *(confirm_sample(engine, r, r.contract, self._as_of) for r in landing.tables),
        ]
        self._movements += guard.compare_extracts(
            volumes,
            self._figures,
            self._last,
            self._settings.guard,
            self._as_of,
            self._settings.clinical.gp_complete_to,
        )
        self._settle()

    def _judge_linkage(self, landing: Ingested, patients: int) -> None:
        """Do tables join with the patients, and have the patients records, as they did last night?"""
        last, last_reached = self._last.get("linkage") or {}, self._last.get("reached") or {}
        reaches = reached(landing, self._feeding, patients)
        self._keep(
            linkage={
                f"{one.layout}.{one.table}": one.share for one in landing.linkages if one.share is not None
            },
            reached={one.relation: one.share for one in reaches},
        )
        self._sections.append(linkage_section(landing.linkages, patients + landing.left_out, last))
        self._linkage = (
            *judge_linkage(landing.linkages, last, self._settings.guard),
            *judge_reach(reaches, last_reached, self._settings.guard),
        )

    def _judge_files(self, receipts: Sequence[TableReceipt]) -> None:
        """Columns that came last night, and numbers in files' names: is anything of a table missing?"""
        self._patients_from = [one for one in receipts if f"{one.layout}.{one.table}" in self._people]
        self._told += guard_findings.columns_gone(
            guard.sent_tables(receipts), self._last, self._settings.guard
        )
        self._told += guard_findings.no_leaving_columns(self._patients_from, self._last)
        self._told += guard_findings.parts_missing(receipts)

    def _judge_hand_made(self, tonight: guard.Figures) -> None:
        """Answers and flags that counted last night: are they still there?"""
        self._told += lost_by_hand(
            tonight.answers, tonight.by_hand, self._last, self._settings.guard, self._as_of
        )

    def codes(self, engine: Engine, matches: CodeMatches) -> None:
        """Do the code lists fit the extract, and do concepts match as many events as last night?"""
        concepts = concept_volumes(engine)
        before = self._last.get("concepts") or {}
        self._sections += [
            codes_section(matches),
            sources_section(matches.sources),
            sections.concepts_section(matches, concepts, before),
        ]
        self._keep(concepts=concepts)
        self._movements += guard.moved_concepts(concepts, self._last, self._settings.guard)
        self._told += judge_codes(matches)
        self._settle()

    def facts(self, engine: Engine, facts: NightFacts, features: PartFiles, previous: Path | None) -> None:
        """The register, against that of the run in ``previous``, and one row a patient."""
        self._sections += fact_sections(facts)
        self._told += fact_findings(facts)
        if facts.register_size == 0:
            self._told.append(_empty_register())
            self._settle()
        compared = features.frame(*COMPARED)
        self._told += people_changed(engine, compared, previous, self._patients_from, self._settings.guard)
        self._settle()
        self._suites.append(reconciliation.statuses_held(engine, self._as_of))
        self.parts("features", features)

    def table(self, name: str, frame: pd.DataFrame) -> None:
        """A table made here, by its contract in ``data_contracts/internal``."""
        self._suites.append(judge_table(frame, own_table("internal", name)))
        self._settle()

    def parts(self, name: str, parts: PartFiles) -> None:
        """As ``table``, of one that lies in batches: one row a patient, of any number of patients."""
        self._suites.append(judge_parts(parts, own_table("internal", name)))
        self._settle()

    def dispositions(self, counts: Mapping[str, int], refused_answers: Mapping[str, int]) -> None:
        """Patients by disposition against last night; answers without effect, by problem, are told."""
        self._keep(dispositions=counts)
        self._movements += guard.moved_dispositions(counts, self._last, self._settings.guard)
        if refused_answers:
            self._told.append(_refused(refused_answers))
        self._settle()

    def places(
        self, engine: Engine, placed: PlacedPeople, policy: PolicyRules, last: pa.Table | None
    ) -> None:
        """Do the answers hold, and do places come to what there are? ``last``: the last run's history."""
        self._suites.append(placed_as_declared(engine, placed, policy, last, self._as_of))
        self._settle()

    def monitoring(self, findings: Iterable[Finding], measured: Iterable[Section]) -> None:
        """What monitoring found about features, scores, tiers and matured risks."""
        self._sections += measured
        self._told += findings
        self._settle()

    def lists(
        self,
        register: int,
        dispositions: Mapping[str, int],
        placed: reconciliation.ByDisposition,
        listed: reconciliation.ByDisposition,
    ) -> None:
        """Has everybody on the register one disposition, and does every list hold those who belong on it?"""
        self._suites.append(reconciliation.patients_add_up(register, dispositions, placed, listed))
        self._settle()

    def published(self, engine: Engine, frames: Mapping[str, pd.DataFrame]) -> None:
        """The commissioners' tables, by their contracts and by what they declare of themselves."""
        practices = reconciliation.practices_by_month(engine)
        self._suites += [
            reconciliation.published_as_declared(frames["fact_indicator"], practices),
            reconciliation.figures_add_up(frames["fact_indicator"], engine),
            reconciliation.events_in_their_month(engine),
            reconciliation.values_follow(frames["fact_indicator"], frames["dim_indicator"]),
        ]
        self._suites += [judge_table(frame, own_table("published", name)) for name, frame in frames.items()]
        self._settle()

    def _keep(self, **counts: Mapping[str, float]) -> None:
        if self._figures is not None:
            self._figures = guard.with_counts(self._figures, **counts)

    def _settle(self) -> None:
        """Go on, or stop the night with its first cause in front."""
        stops = self.verdict.stops
        if stops:
            raise _error(stops)


def _error(stops: tuple[Finding, ...]) -> CopdStratError:
    """The error of the first cause; the others follow it, one line each."""
    first, *others = stops
    kinds = {kind.exit_code: kind for kind in CopdStratError.__subclasses__()}
    lines = [f"{first.cause}{': ' if first.subject else ''}{first.subject}", f"  {first.sentence}"]
    if first.effects:
        lines.append(f"  {len(first.effects)} other comparison(s) fail for the same cause")
    for found in others:
        lines.append(f"  Another cause, {found.cause}: {found.sentence}")
        # one piece of advice is said once: the first cause's stands at the end
        lines += [f"    Fix: {found.fix}"] if found.fix and found.fix != first.fix else []
    return kinds[first.exit_code]("\n".join(lines), fix=first.fix or None)


def _as_finding(error: BaseException) -> Finding:
    """What ended the night in another room; a bug's own words may hold a value, so it is named only."""
    if isinstance(error, CopdStratError):
        return Finding(
            cause="the night could not go on",
            subject="",
            weight="stop",
            sentence=error.problem,
            fix=error.fix or "",
            exit_code=error.exit_code,
        )
    return Finding(
        cause="a fault of the program",
        subject="",
        weight="stop",
        sentence=f"an internal error ({type(error).__name__}) ended the night",
        fix="report the lines that the terminal shows; they hold no data",
        exit_code=BUG_EXIT_CODE,
    )


def _empty_register() -> Finding:
    return Finding(
        cause="nobody is on the register",
        subject="register",
        weight="stop",
        sentence=SOMEBODY_LISTED.description.rstrip("."),
        fix=SOMEBODY_LISTED.fix,
        figures={"register": 0},
        codes=(SOMEBODY_LISTED.code,),
    )


def _refused(problems: Mapping[str, int]) -> Finding:
    """A clinician's answer that has no effect is told, never passed over."""
    counts = ", ".join(f"{problem} {count:,}" for problem, count in problems.items())
    return Finding(
        cause="answers without effect",
        subject="decisions",
        weight="warn",
        sentence=f"decisions: {sum(problems.values()):,} cannot be used ({counts})",
        fix="ask the practices",
        figures=dict(problems),
    )
