"""The store of part files: what reading a file found, kept so that an unchanged file is hashed and not parsed again.

An entry is a folder named by the file's content and by all else that what it holds depends on: how the file's name
ends, its contract, the words that stand for a gap and the program. In it lie the staged rows of a file that cannot be
read in place, its lines that could not be split, and the distinct values of its columns. Every rule is tried on these
anew: nothing is kept that looks at another table, at the run date or at a code list.

An entry counts once its seal stands, which is written last and in one step. The seal is keyed by the site's reference
key and covers the entry's name and every byte in it: whoever cannot read the key cannot make one. What has no seal
that fits is told, taken away and made anew. Only one run at a time may use the store: its caller holds the lock.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

import duckdb

from copd_strat.contracts.contract import Contract
from copd_strat.extracts.source_files import SourceFile, ending

FOLDER = "store"
_SEAL, _DRAFT = "seal", "seal.draft"
# The content's SHA-256, then what else the entry depends on.
_NAME = re.compile(r"([0-9a-f]{64})-[0-9a-f]{32}")


@dataclass(frozen=True, kw_only=True)
class StoredPart:
    """The entry of one file; ``ready`` tells whether it was there already, whole and sealed."""

    folder: Path
    secret: bytes = field(repr=False)
    ready: bool

    def place(self, name: str) -> Path:
        """Where the entry's file ``name`` lies, or is to be written."""
        return self.folder / name

    def seal(self) -> None:
        """Close the entry to other users, then make it count."""
        for path in self.folder.iterdir():
            path.chmod(0o600)
        draft = self.folder / _DRAFT
        draft.touch(mode=0o600)
        draft.write_text(self._of_content(), encoding="ascii")
        draft.replace(self.folder / _SEAL)

    def is_sealed(self) -> bool:
        """Whether the entry is as it was sealed: every file of it, no other, and under its own name."""
        try:
            if self.folder.is_symlink() or any(path.is_symlink() for path in self.folder.iterdir()):
                return False  # what is behind a link is not ours
            return hmac.compare_digest((self.folder / _SEAL).read_bytes(), self._of_content().encode())
        except OSError:
            return False  # no seal, or what cannot be read

    def _of_content(self) -> str:
        """The seal that fits the entry's name and what lies in it now."""
        text = json.dumps([self.folder.name, _digests(self.folder)], sort_keys=True)
        return hmac.new(self.secret, text.encode(), hashlib.sha256).hexdigest()


@dataclass(kw_only=True)
class PartStore:
    """The entries below ``folder``; ``reused`` counts the files of this run that were not parsed.

    ``key`` is the site's reference key, ``program`` a hash of the program's own text; ``say`` is told, by file, of
    entries that are not as they were sealed.
    """

    folder: Path
    key: bytes = field(repr=False)
    program: str
    say: Callable[[str], None]
    reused: int = 0
    _used: set[str] = field(default_factory=set)

    def keep_sent(self, contents: Iterable[str]) -> None:
        """Take away what was kept of files that are no longer sent: people who opted out were in them.

        ``contents`` are the SHA-256 of all files of this run. Called before any of them is read.
        """
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.folder.chmod(0o700)
        sent = set(contents)
        for entry in self._entries():
            if entry.name.split("-")[0] not in sent:
                _take_away(entry)

    def keep_used(self) -> None:
        """Take away the entries that this run had no use for: another contract or program made them."""
        for entry in self._entries():
            if entry.name not in self._used:
                _take_away(entry)

    def part(
        self, content: str, file: SourceFile, contract: Contract, *, gaps: tuple[str, ...]
    ) -> StoredPart:
        """The entry of a file with this ``content`` (SHA-256), as it was sealed or empty.

        ``gaps``, the words that stand for a gap, are none of the values that the identifier gate has looked at.
        """
        rest = [ending(file.path), repr(contract), gaps, self.program, duckdb.__version__]
        name = f"{content}-{hashlib.sha256(json.dumps(rest).encode()).hexdigest()[:32]}"
        found = StoredPart(folder=self.folder / name, secret=self.secret, ready=True)
        self._used.add(name)
        if found.is_sealed():
            self.reused += 1
            return found
        if found.folder.exists() or found.folder.is_symlink():
            self.say(f"store: what was kept of {file.name} is damaged or unfinished; the file is parsed anew")
            _take_away(found.folder)
        found.folder.mkdir(mode=0o700)
        return replace(found, ready=False)

    @property
    def secret(self) -> bytes:
        """What seals are keyed by: of the reference key, and of no use for anything else that is made with it."""
        return hmac.new(self.key, b"copd-strat: the store of part files", hashlib.sha256).digest()

    def _entries(self) -> list[Path]:
        """What lies in the store under a name that the program gives; all else is somebody else's."""
        return sorted(path for path in self.folder.iterdir() if _NAME.fullmatch(path.name))


def remove_store(output: Path) -> None:
    """Take the store of an output folder away, for nights that do not use one."""
    _take_away(output / FOLDER)


def _take_away(path: Path) -> None:
    """Remove a folder; of a link, the link alone."""
    if path.is_symlink() or path.is_file():
        path.unlink()
    elif path.exists():
        shutil.rmtree(path)


def _digests(folder: Path) -> dict[str, str]:
    """The entry's files but its seal, by name, each with its SHA-256."""
    digests = {}
    for path in sorted(folder.iterdir()):
        if path.name not in (_SEAL, _DRAFT):
            with path.open("rb") as stream:
                digests[path.name] = hashlib.file_digest(stream, "sha256").hexdigest()
    return digests
