"""How a run tells what it is doing: one line when a step starts, one when it ends, with counts and time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

Say = Callable[[str], None]


@dataclass
class Step:
    """A step under way; ``found`` are the figures that its closing line gives, by name."""

    name: str
    found: Mapping[str, object] = field(default_factory=dict)


@dataclass
class Narrator:
    """Says ``n of m`` lines that read well in a log file, and keeps each step's seconds.

    ``say`` takes one line of text and marks it with the time. Lines hold names and counts, never a value of
    a record.
    """

    say: Say
    total: int
    done: int = 0
    seconds: dict[str, float] = field(default_factory=dict)
    cpu_seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def step(self, name: str) -> Iterator[Step]:
        self.done += 1
        where = f"{self.done:>2} of {self.total}"
        self.say(f"{where}  START  {name}")
        wall, cpu = time.perf_counter(), time.process_time()
        step = Step(name)
        try:
            yield step
        except BaseException:
            self.say(f"{where}  FAILED {name}")
            raise
        self.seconds[name] = round(time.perf_counter() - wall, 3)
        self.cpu_seconds[name] = round(time.process_time() - cpu, 3)
        found = ", ".join(f"{what} {_figure(value)}" for what, value in step.found.items())
        self.say(f"{where}  OK     {name}{': ' if found else ''}{found} [{self.seconds[name]:.1f} s]")

    @property
    def timings(self) -> dict[str, dict[str, float]]:
        """What the manifest keeps."""
        return {"seconds": self.seconds, "cpu_seconds": self.cpu_seconds}


def _figure(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)
