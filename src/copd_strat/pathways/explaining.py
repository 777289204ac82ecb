"""The words beside a disposition: why, what is missing, by which route, what to do next."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import numpy as np
import pandas as pd

from copd_strat.pathways.conditions import evaluate
from copd_strat.pathways.fact_columns import Facts, Flags, Objects, day, known, numbers, object_array, objects
from copd_strat.pathways.feedback import InForce
from copd_strat.pathways.judging import Judgement
from copd_strat.pathways.policy import LISTED, Policy
from copd_strat.pathways.previous_night import PreviousState
from copd_strat.pathways.sentences import Rows, date_in_words, write
from copd_strat.risk.phrases import TREATMENTS

WHYS = 3
# ln(1.1): a reason is said if it raises the rate by a tenth or more (project choice)
WORTH_SAYING = 0.0953
NEXT_IN_LINE = "Next in line; no invitation this month unless a place falls free"
MEANWHILE = "meanwhile complete the record"
NO_NEW_PLACE = "No new invitation"


class WhyLines:
    """Up to three reasons a patient; who has three already gets no more."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self.lines = [np.full(len(facts), None, dtype=object) for _ in range(WHYS)]
        self.filled = np.zeros(len(facts), dtype=np.int64)

    def say(self, wanted: Flags, sentence: str) -> None:
        """The same sentence, with their own facts, to all who are ``wanted`` and have room."""
        rows = np.flatnonzero(wanted & (self.filled < WHYS))
        self.add(rows, write(sentence, self._facts, rows))

    def add(self, rows: Rows, sentences: Objects) -> None:
        """A sentence of its own to each of ``rows``; those without room are passed over."""
        for position, line in enumerate(self.lines):
            here = self.filled[rows] == position
            line[rows[here]] = sentences[here]
        self.filled[rows] += 1


class Phrases:
    """Phrases gathered a patient and joined by a separator."""

    def __init__(self, patients: int, separator: str) -> None:
        self.texts = np.full(patients, "", dtype=object)
        self._separator = separator

    def add(self, wanted: Flags, phrase: str, facts: Facts) -> None:
        rows = np.flatnonzero(wanted)
        so_far = self.texts[rows]
        self.texts[rows] = so_far + np.where(so_far == "", "", self._separator) + write(phrase, facts, rows)


def route_hits(facts: Facts, policy: Policy, judgement: Judgement) -> dict[str, Flags]:
    return {
        rule.id: judgement.is_in(*rule.dispositions) & evaluate(rule.when, facts).yes
        for rule in policy.routes
    }


def routes(policy: Policy, judgement: Judgement, hits: dict[str, Flags]) -> Objects:
    """The first route that fits, else the disposition's own; None for those not listed."""
    route = np.full(len(judgement.disposition), None, dtype=object)
    for disposition, default in policy.default_routes:
        route[judgement.is_in(disposition)] = default
    for rule in reversed(policy.routes):
        if rule.route is not None:
            route[hits[rule.id]] = rule.route
    return route


def need_hits(facts: Facts, policy: Policy) -> dict[str, Flags]:
    return {need.id: evaluate(need.when, facts).yes for need in policy.clinical_review.needs}


def reason_codes(
    facts: Facts, judgement: Judgement, feedback: InForce, needs: dict[str, Flags], hits: dict[str, Flags]
) -> Objects:
    """Ids of everything that led to disposition and route, joined by ``;``. Clinic rules that hold are named
    also for those who are not listed: nobody at high risk disappears silently.
    """
    codes = Phrases(len(facts), ";")
    review = judgement.is_in("clinical_review") & ~judgement.sent_to_review
    decided = known(feedback.decision) & (
        judgement.held_off | judgement.sent_to_review | judgement.is_in("clinic")
    )
    groups: list[dict[str, Flags]] = [
        judgement.excluded_by,
        {
            f"decision_{d}": decided & (feedback.decision == d)
            for d in sorted(set(feedback.decision[decided]))
        },
        judgement.clinic_by,
        {"stay_on": judgement.stays, "lower_risk": judgement.is_in("self_management")},
        {name: review & wanted for name, wanted in needs.items()},
        {"cannot_be_judged": review},
        {name: judgement.is_in("clinic") & hit for name, hit in judgement.in_hand_by.items()},
        hits,
    ]
    for group in groups:
        for code, wanted in group.items():
            codes.add(wanted, code, facts)
    return codes.texts


def whys(
    facts: Facts,
    policy: Policy,
    judgement: Judgement,
    feedback: InForce,
    risk_reasons: Iterator[tuple[Rows, Objects]],
    stay_sentences: Objects,
) -> WhyLines:
    """Reasons in the policy's order; review lists get theirs from what is missing (``say_needs``)."""
    lines = WhyLines(facts)
    for rule in policy.exclusions:
        lines.say(judgement.excluded_by[rule.id], rule.says)
    by_decision = np.flatnonzero(judgement.held_off | judgement.sent_to_review)
    lines.add(by_decision, decision_sentences(feedback, by_decision))
    for clinic_rule in policy.clinic:
        lines.say(judgement.is_in("clinic") & judgement.clinic_by[clinic_rule.id], clinic_rule.says)
    staying = np.flatnonzero(judgement.stays)
    lines.add(staying, stay_sentences[staying])
    for rows, sentences in risk_reasons:
        lines.add(rows, sentences)
    for note in policy.self_management.why:
        lines.say(judgement.is_in("self_management") & evaluate(note.when, facts).yes, note.says)
    return lines


def say_needs(
    policy: Policy, judgement: Judgement, needs: dict[str, Flags], lines: WhyLines
) -> dict[str, Flags]:
    """On review lists what is missing is the reason. Gives back the needs that are warnings instead: on other
    lists, and where three reasons are said already.
    """
    review = judgement.is_in("clinical_review")
    warned = {}
    for need in policy.clinical_review.needs:
        warned[need.id] = needs[need.id] & judgement.is_in(*LISTED) & (~review | (lines.filled >= WHYS))
        lines.say(review & needs[need.id], need.says)
    lines.say(review & (lines.filled == 0), policy.clinical_review.otherwise)
    return warned


def decision_sentences(feedback: InForce, rows: Rows) -> Objects:
    said, dates = feedback.says[rows], feedback.decided_on[rows]
    return object_array([f"{text} ({date_in_words(on)})" for text, on in zip(said, dates, strict=True)])


def stay_on_sentences(policy: Policy, judgement: Judgement, before: PreviousState, as_of: date) -> Objects:
    """Why somebody without a rule is still in the clinic tier, and until when at the latest."""
    sentences = np.full(len(judgement.disposition), None, dtype=object)
    served = np.timedelta64(policy.stay_on.for_days, "D")
    for row in np.flatnonzero(judgement.stays):
        since = date_in_words(before.since[row])
        if judgement.clear[row]:
            until = date_in_words(judgement.below_since[row] + served)
            sentences[row] = (
                f"Clinic tier since {since}, no rule met now, stays until {until} unless one is met again"
            )
        else:
            sentences[row] = (
                f"Clinic tier since {since}, not yet known to be clear of it on {date_in_words(day(as_of))}"
            )
    return sentences


def top_risk_reasons(
    reasons: pd.DataFrame | None, frame: pd.DataFrame, policy: Policy, judgement: Judgement
) -> Iterator[tuple[Rows, Objects]]:
    """What raises a clinic patient's risk most, strongest first, apart from what a rule has said already.

    ``reasons`` is the risk room's long table (patient_id, position, group, predictor, text, contribution);
    contributions are on the scale of ln(rate), so small ones are not worth a clinician's line. Treatments are
    left out: they mark severe disease, and a line "raises the risk" would invite to stop them
    (docs/decisions.md §45).
    """
    if reasons is None or reasons.empty:
        return
    rows = pd.Index(frame["patient_id"].astype(object)).get_indexer(
        pd.Index(reasons["patient_id"].astype(object))
    )
    wanted = (rows >= 0) & (numbers(reasons["contribution"]) >= WORTH_SAYING)
    wanted &= judgement.is_in("clinic")[rows] & ~reasons["predictor"].isin(TREATMENTS).to_numpy()
    group = objects(reasons["group"])
    for rule in policy.clinic:
        wanted &= ~(judgement.clinic_by[rule.id][rows] & (group == rule.covers))
    kept = pd.DataFrame(
        {
            "row": rows[wanted],
            "position": reasons["position"].to_numpy()[wanted],
            "text": "Raises the risk: " + reasons["text"].astype(object)[wanted],
        }
    ).sort_values(["row", "position", "text"])
    turn = kept.groupby("row").cumcount().to_numpy()
    for n in range(WHYS):
        this = kept[turn == n]
        yield this["row"].to_numpy(dtype=np.intp), this["text"].to_numpy(dtype=object)


def data_warnings(facts: Facts, policy: Policy, judgement: Judgement, warned: dict[str, Flags]) -> Objects:
    warnings = Phrases(len(facts), "; ")
    for need in policy.clinical_review.needs:
        warnings.add(warned[need.id], need.says, facts)
    for note in policy.warnings:
        warnings.add(judgement.is_in(*LISTED) & evaluate(note.when, facts).yes, note.says, facts)
    return warnings.texts


def suggested_actions(
    facts: Facts,
    policy: Policy,
    judgement: Judgement,
    feedback: InForce,
    needs: dict[str, Flags],
    hits: dict[str, Flags],
    place: Objects,
) -> Objects:
    """The first action that fits, what would settle a review, and the notes of the routes.

    What to do depends on the place (docs/decisions.md §46): the reserve waits, which is the time to complete a record
    with gaps, and who is in the practice's hands by its own answer is not invited again.
    """
    actions = Phrases(len(facts), "; ")
    waits = np.asarray(place == "reserve", dtype=bool)
    answered = judgement.is_in("clinic") & (feedback.effect == "keep_without_place")
    actions.add(waits, NEXT_IN_LINE, facts)
    actions.add(answered & ~known(place), NO_NEW_PLACE, facts)
    for action in policy.actions:
        wanted = judgement.is_in(action.disposition) & (actions.texts == "")
        if action.when is not None:
            wanted &= evaluate(action.when, facts).yes
        actions.add(wanted, action.says, facts)
    gaps = np.any([needs[need.id] for need in policy.clinical_review.needs], axis=0)
    actions.add(waits & gaps, MEANWHILE, facts)
    review = judgement.is_in("clinical_review") & ~judgement.sent_to_review
    for need in policy.clinical_review.needs:
        actions.add((review | waits) & needs[need.id], need.settle, facts)
    for rule in policy.routes:
        actions.add(hits[rule.id] & ~waits, rule.says, facts)
    told = np.flatnonzero(answered)
    actions.texts[told] = actions.texts[told] + "; " + decision_sentences(feedback, told)
    return actions.texts


def flags(facts: Facts, policy: Policy, judgement: Judgement) -> dict[str, Objects]:
    """The policy's extra list columns."""
    columns = {}
    for column, notes in policy.flags.items():
        phrases = Phrases(len(facts), ", ")
        for note in notes:
            phrases.add(judgement.is_in(*LISTED) & evaluate(note.when, facts).yes, note.says, facts)
        columns[column] = phrases.texts
    return columns
