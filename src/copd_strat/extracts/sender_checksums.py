"""A sender's list of SHA-256 checksums, held against the files as they came.

Forms: ``<hash>  <file>`` (sha256sum, BagIt) and ``SHA256 (<file>) = <hash>`` (BSD, openssl), in files called
``SHA256SUMS``, ``sha256sums.txt``, ``manifest-sha256.txt`` or ``<anything>.sha256``. Names are relative to
the list's own folder.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from copd_strat.errors import InputError
from copd_strat.extracts.inventory import InputFile, shown

_LIST = re.compile(r"(sha256sums?|manifest-sha256)(\.(txt|sha256))?|.*\.sha256(sums?)?", re.IGNORECASE)
_PLAIN = re.compile(r"\\?([0-9a-fA-F]{64})(?:[ \t]+\*?(.+))?")
_TAGGED = re.compile(r"SHA2?-?256 ?\((.+)\) ?= ?([0-9a-fA-F]{64})", re.IGNORECASE)


def is_checksum_list(name: str) -> bool:
    """Whether a file of this name lists checksums."""
    return _LIST.fullmatch(PurePosixPath(name).name) is not None


def require_sent_files(inputs: Sequence[InputFile]) -> int:
    """Hold every file named in a sender's list against its checksum; gives how many were.

    InputError for a file that differs from its checksum or is listed and not there, and for a list that
    cannot be read.
    """
    there = {item.name: item for item in inputs}
    verified = 0
    for item in inputs:
        if not is_checksum_list(item.name):
            continue
        for name, digest in _entries(item):
            verified += 1
            _verify(item.name, there.get(name), name, digest)
    return verified


def _entries(item: InputFile) -> Iterator[tuple[str, str]]:
    """(name relative to the extract's folder, hash) of each line; blank lines and comments are left out."""
    folder = PurePosixPath(item.name).parent
    try:
        text = item.path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        raise InputError(
            f"{shown(item.name)}: the list of checksums cannot be read", fix="send it as UTF-8 text"
        ) from None
    for number, raw in enumerate(text.splitlines(), start=1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        if tagged := _TAGGED.fullmatch(line):
            name, digest = tagged[1], tagged[2]
        elif plain := _PLAIN.fullmatch(line):
            name, digest = plain[2] or PurePosixPath(item.name).stem, plain[1]
        else:
            raise InputError(
                f"{shown(item.name)}: line {number} is not '<SHA-256>  <file>'",
                fix="send the list as sha256sum writes it",
            )
        yield (folder / name.replace("\\", "/").removeprefix("./")).as_posix(), digest.lower()


def _verify(listed_in: str, item: InputFile | None, name: str, digest: str) -> None:
    if item is None:
        raise InputError(
            f"{shown(name)}: is listed in {shown(listed_in)} and did not arrive", fix="have it sent again"
        )
    if item.sha256 != digest:
        raise InputError(
            f"{shown(name)}: differs from its checksum in {shown(listed_in)}: it changed on its way",
            fix="copy it again, or have the list made anew",
        )
