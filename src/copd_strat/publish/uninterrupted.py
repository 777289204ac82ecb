"""A few steps that a signal waits for: between them a run would be neither staged nor published."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Inside, a signal is noted; its own handler is called at the end. Handlers belong to the main thread."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    asked: list[int] = []
    # Not by blocking signals: another thread would take them, and the main thread would run the handler.
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    noted = [number for number, handler in before.items() if handler not in (signal.SIG_IGN, None)]
    for number in noted:
        signal.signal(number, lambda given, _frame: asked.append(given))
    try:
        yield
    finally:
        for number in noted:
            signal.signal(number, before[number])
        if asked:
            signal.raise_signal(asked[0])
