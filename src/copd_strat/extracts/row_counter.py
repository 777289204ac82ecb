"""The rows of a text file, counted apart: record ends outside quotes, by another reader than the loader.

The loader (DuckDB) and this count must come to the same number of rows, which reconciliation proves file by
file. So the count follows the loader's dialect, and nothing of its code: a field is quoted if it starts with
a quote, one blank before it allowed; a doubled quote, or one after blanks behind a closed quote, opens the
field again; a quote anywhere else is a character like any other. ``\\n``, ``\\r\\n`` and ``\\r`` end a
record; blank lines are no rows; the last line needs no end.
"""

from __future__ import annotations

import codecs
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from copd_strat.errors import InputError

_LF, _CR, _BLANK, _QUOTE = 10, 13, 32, 34
# No row of an extract is this long (the loader gives up on a line of 2 MB); a quote that is left open is.
_LONGEST_RECORD = 1 << 23
# Some ten million blank lines, and the loader drops rows or gives the header as one (DuckDB 1.5.6).
_MOST_BLANK_LINES = 1_000_000

# What old systems write behind the last line.
_END_MARKS = b" \x00\x1a"

Places = NDArray[np.int64]


class _Walk(NamedTuple):
    """Line ends inside quotes, where each starts; whether a quote is open at the end; delimiters outside quotes."""

    inside: Places
    is_open: bool
    delimiters: int


@dataclass(frozen=True, kw_only=True)
class TextCount:
    """What was found: data rows, kinds of line ends (``\\n``, ``\\r\\n``, ``\\r``), zero bytes, encoding."""

    rows: int
    line_ends: frozenset[str]
    zero_bytes: int
    is_utf8: bool

    @property
    def is_plain(self) -> bool:
        """Whether the loader can read the bytes as they are."""
        return len(self.line_ends) <= 1 and not self.zero_bytes


def count_rows(
    blocks: Iterable[bytes], name: str, *, delimiter: str, quoted: bool, head_lines: int, fields: int
) -> TextCount:
    """Count the rows of ``fields`` fields below ``head_lines`` lines of title and header.

    InputError for a quote that is never closed, for a record without an end, for a million blank lines, and for a last
    line that has neither its end nor all its fields: the file was cut off while it was written or sent.
    """
    counter = _Counter(
        name=name, delimiter=ord(delimiter), quoted=quoted, head_lines=head_lines, fields=fields
    )
    for block in blocks:
        counter.take(block)
    counter.finish()
    return TextCount(
        rows=counter.rows,
        line_ends=frozenset(kind for kind, count in counter.ends.items() if count),
        zero_bytes=counter.zero_bytes,
        is_utf8=counter.is_utf8,
    )


@dataclass(kw_only=True)
class _Counter:
    """Rows so far, and the rest of the last block: from the start of the record that it cuts."""

    name: str
    delimiter: int
    quoted: bool
    head_lines: int
    fields: int
    rows: int = 0
    lines: int = 0
    blank_lines: int = 0
    zero_bytes: int = 0
    is_utf8: bool = True
    ends: Counter[str] = field(default_factory=Counter)
    rest: bytes = b""
    decoder: codecs.IncrementalDecoder = field(default_factory=codecs.getincrementaldecoder("utf-8"))

    def take(self, block: bytes, *, final: bool = False) -> None:
        self.zero_bytes += block.count(0)
        self._note_encoding(block, final=final)
        text = self.rest + block
        if self.head_lines:
            text = self._behind_head(text, final=final)
        if not self.head_lines:
            text = self._count(text, final=final)
        if len(text) > _LONGEST_RECORD:
            self._refuse_endless(text)
        self.rest = text

    def finish(self) -> None:
        self.take(b"", final=True)
        if self.blank_lines > _MOST_BLANK_LINES:
            raise InputError(f"{self.name}: holds {self.blank_lines:,} blank lines", fix="export it again")
        if not self.rest or self.head_lines:
            return
        if self.quoted and self._open_at_end(self.rest):
            self._refuse_open_quote()
        self._refuse_cut_line(self.rest)
        self.rows += 1

    def _refuse_cut_line(self, record: bytes) -> None:
        """The last record, which has no end: whole, or what was left of one."""
        found = _walk(record, self.delimiter).delimiters if self.quoted else record.count(self.delimiter)
        if found + 1 < self.fields and record.strip(_END_MARKS):
            raise InputError(
                f"{self.name}: the file is cut off: its last line has no line end, and fewer fields "
                f"({found + 1}) than the header ({self.fields})",
                fix="have the whole file sent again; if it is whole, and its last line a remark, take that out",
            )

    def _note_encoding(self, block: bytes, *, final: bool) -> None:
        if self.is_utf8:
            try:
                self.decoder.decode(block, final)
            except UnicodeDecodeError:
                self.is_utf8 = False

    def _behind_head(self, text: bytes, *, final: bool) -> bytes:
        """What stands behind the lines of title and header, in which quotes do not count."""
        starts, stops = _line_ends(np.frombuffer(text, np.uint8), final=final)
        above = min(self.head_lines, len(stops))
        self.head_lines -= above
        if not above:
            return text
        self.lines += above
        self._note_kinds(text, starts[:above], stops[:above])
        return text[int(stops[above - 1]) :]

    def _count(self, text: bytes, *, final: bool) -> bytes:
        """Count the records that end in ``text``, which starts with one; give what is left behind them."""
        array = np.frombuffer(text, np.uint8)
        starts, stops = _line_ends(array, final=final)
        if not len(stops):
            return text
        lines = len(stops)
        if self.quoted and _QUOTE in text:
            outside = self._outside_quotes(text, array, starts)
            starts, stops = starts[outside], stops[outside]
            if not len(stops):
                return text
            lines = int(np.flatnonzero(outside)[-1]) + 1
        self.lines += lines
        self._note_kinds(text, starts, stops)
        blank = starts == np.concatenate(([0], stops[:-1]))
        self.blank_lines += int(np.count_nonzero(blank))
        self.rows += len(stops) - int(np.count_nonzero(blank))
        return text[int(stops[-1]) :]

    def _outside_quotes(self, text: bytes, array: NDArray[np.uint8], ends: Places) -> NDArray[np.bool_]:
        """Which line ends stand outside quotes: by counting quotes, or one by one if irregular."""
        quotes = np.flatnonzero(array == _QUOTE)
        if _are_regular(array, quotes, self.delimiter):
            return np.asarray((np.searchsorted(quotes, ends) & 1) == 0)
        inside = _walk(text, self.delimiter).inside
        return ~np.isin(ends, inside)

    def _open_at_end(self, record: bytes) -> bool:
        return _walk(record, self.delimiter).is_open

    def _note_kinds(self, text: bytes, starts: Places, stops: Places) -> None:
        windows = int(np.count_nonzero(stops - starts == 2))
        self.ends["\r\n"] += windows
        array = np.frombuffer(text, np.uint8)
        bare = starts[stops - starts == 1]
        returns = int(np.count_nonzero(array[bare] == _CR))
        self.ends["\r"] += returns
        self.ends["\n"] += len(bare) - returns

    def _refuse_endless(self, text: bytes) -> None:
        if not self.head_lines and self.quoted and self._open_at_end(text):
            self._refuse_open_quote()
        raise InputError(
            f"{self.name}: line {self.lines + 1} does not end within {_LONGEST_RECORD >> 20} MB",
            fix="check that the file is delimited text; export it again",
        )

    def _refuse_open_quote(self) -> None:
        raise InputError(
            f"{self.name}: a quote opens in line {self.lines + 1} and is not closed; "
            "what follows cannot be read",
            fix="close the quote, or export without quotes",
        )


def _line_ends(array: NDArray[np.uint8], *, final: bool) -> tuple[Places, Places]:
    """Where each line end starts and where the next line does, quotes aside.

    A carriage return that is the last byte may be half of a line end: it counts only at the end of the file.
    """
    feeds = np.flatnonzero(array == _LF)
    returns = np.flatnonzero(array == _CR)
    if not len(returns):
        return feeds, feeds + 1
    last = len(array) - 1
    follows = array[np.minimum(returns + 1, last)] == _LF
    lone = returns[~follows & ((returns < last) | final)]
    before = array[np.maximum(feeds - 1, 0)] == _CR
    starts = np.concatenate((feeds - (before & (feeds > 0)), lone))
    order = np.argsort(starts, kind="stable")
    return starts[order], np.concatenate((feeds + 1, lone + 1))[order]


def _are_regular(array: NDArray[np.uint8], quotes: Places, delimiter: int) -> bool:
    """Whether every odd quote opens a field and every even one closes it, so that counting them is enough."""
    last = len(array) - 1
    edge = np.zeros(256, dtype=bool)
    edge[[delimiter, _LF, _CR]] = True
    opening, closing = quotes[0::2], quotes[1::2]
    before = array[np.maximum(opening - 1, 0)]
    two_before = array[np.maximum(opening - 2, 0)]
    doubled = np.zeros(len(opening), dtype=bool)
    doubled[1:] = opening[1:] - closing[: len(opening) - 1] == 1
    after_blank = (before == _BLANK) & (edge[two_before] | (opening == 1))
    opens = doubled | edge[before] | (opening == 0) | after_blank
    after = array[np.minimum(closing + 1, last)]
    closes = edge[after] | (after == _QUOTE) | (closing == last)
    return bool(opens.all() and closes.all())


def _walk(text: bytes, delimiter: int) -> _Walk:
    """Read text quote by quote, delimiter by delimiter and line end by line end."""
    marks = re.compile(rb'["\r\n' + re.escape(bytes((delimiter,))) + rb"]")
    inside: list[int] = []
    delimiters = 0
    quoted, literal = False, False
    field_at = edge = (
        0  # where the field starts; where a quote may open it: its start, or behind a closed quote
    )
    for mark in marks.finditer(text):
        at = mark.start()
        byte = text[at]
        if quoted:
            if byte == _QUOTE:
                quoted, edge = False, at + 1
            elif byte != delimiter:
                inside.append(at)
        elif byte != _QUOTE:
            field_at = edge = at + 1
            literal = False
            delimiters += byte == delimiter
        elif not literal:
            between = text[edge:at]
            quoted = between in (b"", b" ") if edge == field_at else not between.strip(b" ")
            literal = not quoted
    return _Walk(inside=np.array(inside, dtype=np.int64), is_open=quoted, delimiters=delimiters)
