"""The bytes of a text file as UTF-8, a block at a time: unpacked and decoded, nothing else changed."""

from __future__ import annotations

import codecs
import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from copd_strat.errors import InputError

BLOCK = 1 << 22
# Delimited text shrinks to a tenth or so; what grows far beyond that is not an extract.
_MAX_GROWTH, _MIN_SUSPECT_BYTES = 200, 100_000_000
_MARKS = {
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}


def encoding_of(start: bytes) -> str:
    """The encoding that a file's first bytes show: by their mark, or by the zero bytes of UTF-16."""
    for mark, encoding in _MARKS.items():
        if start.startswith(mark):
            return encoding
    first = start[: start.find(b"\n")] if b"\n" in start else start
    if len(first) > 1 and first[1::2].count(0) > len(first) // 4:
        return "utf-16-le"
    if len(first) > 1 and first[0::2].count(0) > len(first) // 4:
        return "utf-16-be"
    return "utf-8"


def require_fair_growth(name: str, packed: int, unpacked: int) -> None:
    """InputError if a file of ``packed`` bytes becomes one of ``unpacked``, and no extract does."""
    if unpacked > _MIN_SUSPECT_BYTES and unpacked > _MAX_GROWTH * packed:
        raise InputError(f"{name}: grows beyond reason when unpacked", fix="send the parts unpacked")


@contextmanager
def opened(path: Path, name: str) -> Iterator[BinaryIO]:
    """The file's bytes, unpacked; InputError for a damaged gzip file or one that cannot be read."""
    try:
        with gzip.open(path, "rb") if path.name.lower().endswith(".gz") else path.open("rb") as stream:
            yield cast(BinaryIO, stream)
    except (EOFError, gzip.BadGzipFile, zlib.error):
        raise InputError(
            f"{name}: the gzip file is cut off or damaged", fix="copy or export it again"
        ) from None
    except OSError as error:
        raise InputError(f"{name}: cannot be read ({error.strerror})", fix="check its permissions") from None


def blocks(path: Path, name: str, encoding: str) -> Iterator[bytes]:
    """The whole file as UTF-8 without a mark; InputError where another encoding cannot be decoded.

    A UTF-8 file's own bytes come as they are, whether they are UTF-8 or not. InputError as well for a packed file
    that grows beyond reason.
    """
    packed = path.stat().st_size if path.name.lower().endswith(".gz") else None
    unpacked = 0
    decoder = codecs.getincrementaldecoder(encoding)() if encoding != "utf-8" else None
    first = True
    with opened(path, name) as stream:
        while block := stream.read(BLOCK):
            unpacked += len(block)
            if packed is not None:
                require_fair_growth(name, packed, unpacked)
            text = _recoded(decoder, block, name, encoding)
            yield text.removeprefix(codecs.BOM_UTF8) if first else text
            first = False
    if decoder is not None:
        _recoded(decoder, b"", name, encoding, final=True)


def _recoded(
    decoder: codecs.IncrementalDecoder | None, block: bytes, name: str, encoding: str, *, final: bool = False
) -> bytes:
    if decoder is None:
        return block
    try:
        return decoder.decode(block, final).encode()
    except UnicodeError:
        raise InputError(
            f"{name}: the text is not {encoding.upper()} throughout", fix="export it again, best as UTF-8"
        ) from None


def write_plain(path: Path, name: str, encoding: str, target: Path) -> None:
    """A copy of a text file that the loader can read: UTF-8, every line end ``\\n``.

    A byte that is zero becomes one that no UTF-8 text holds, so that the loader rejects its row alone.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    held = b""
    with target.open("wb") as out:
        for block in blocks(path, name, encoding):
            text = held + block
            held = text[-1:] if text.endswith(b"\r") else b""  # perhaps half of a line end
            text = text[: len(text) - len(held)]
            out.write(text.replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\x00", b"\xff"))
        out.write(held.replace(b"\r", b"\n"))
