"""Reads the spec tables: cases in plain text, events in and facts out, for clinicians and tests alike.

A file is a topic: its name, a sentence about it, and cases. A case is a line with its id and what it shows,
then indented lines:

    rule    the rule and where it comes from
    run     settings of the run, apart by semicolons; else a run on its index date, 31 December 2025
    person  what is special about the patient; else a man born in June 1959, registered since 2010, with
            COPD since 1 January 2015, seen on 30 December 2025; a second line is a second registration
    2025-05-10  something that happened on a day
    2025-05-10 to 2025-05-14  something that lasted
    from 2025-05-10 every 28 days, 6 times  something that came again
    ->      a fact: its name in the feature dictionary, a colon, and its value
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

TOPICS = Path(__file__).parent / "topics"

ON = r"(?P<start>\d{4}-\d\d-\d\d)"
EVENT = re.compile(rf"{ON}(?: to (?P<end>\d{{4}}-\d\d-\d\d))?  +(?P<what>.+)")
SERIES = re.compile(rf"from {ON} every (?P<gap>\d+) days, (?P<times>\d+) times  +(?P<what>.+)")


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something that happened: its first day, its last day if it lasted, and what, in words."""

    start: date
    end: date | None
    what: str


@dataclass(kw_only=True)
class Case:
    """One story: ``lines`` are as written, ``events`` and ``facts`` as understood."""

    id: str
    shows: str
    rule: str = ""
    run: str = ""
    people: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    facts: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Topic:
    name: str
    about: str
    cases: tuple[Case, ...]


def topics() -> tuple[Topic, ...]:
    return tuple(_topic(path) for path in sorted(TOPICS.glob("*.txt")))


def all_cases() -> list[Case]:
    return [case for topic in topics() for case in topic.cases]


def _topic(path: Path) -> Topic:
    head, *blocks = re.split(r"\n\n(?=[A-Z]{1,2}\d\d )", path.read_text(encoding="utf-8").strip())
    name, about = head.split("\n", 1)
    return Topic(name=name, about=" ".join(about.split()), cases=tuple(map(_case, blocks)))


def _case(block: str) -> Case:
    title, *lines = block.split("\n")
    case_id, shows = title.split(" ", 1)
    case = Case(id=case_id, shows=shows.strip())
    for line in lines:
        _read_line(case, line.strip())
    return case


def _read_line(case: Case, line: str) -> None:
    keyword, _, rest = line.partition(" ")
    rest = rest.strip()
    if keyword == "->":
        name, _, value = rest.partition(": ")
        case.facts[name] = value
    elif keyword == "rule":
        case.rule = rest
    elif keyword == "run":
        case.run = rest
        case.lines.append(f"run: {rest}")
    elif keyword == "person":
        case.people.append(rest)
        case.lines.append(f"person: {rest}")
    else:
        case.lines.append(re.sub("  +", ": ", line, count=1))
        case.events.extend(_events(line))


def _events(line: str) -> list[Event]:
    if once := EVENT.fullmatch(line):
        end = once["end"] and date.fromisoformat(once["end"])
        return [Event(start=date.fromisoformat(once["start"]), end=end or None, what=once["what"])]
    if again := SERIES.fullmatch(line):
        first, gap = date.fromisoformat(again["start"]), int(again["gap"])
        days = (first + timedelta(days=gap * step) for step in range(int(again["times"])))
        return [Event(start=day, end=None, what=again["what"]) for day in days]
    raise ValueError(f"not an event: {line}")
