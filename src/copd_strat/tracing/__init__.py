"""From a line of a list to the rows of the extract that made it, and from a row to whom it moved."""

from copd_strat.tracing.trace import Trace, TracedSentence, trace_reference, trace_row

__all__ = ["Trace", "TracedSentence", "trace_reference", "trace_row"]
