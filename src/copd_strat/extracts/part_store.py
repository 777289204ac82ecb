"""The store of part files: what reading a file found, kept so that an unchanged file is hashed and not parsed again.

An entry is a folder named by the file's content and by all else that what it holds depends on: how the file's name
ends, its contract, the words that stand for a gap and the program. In it lie the staged rows of a file that cannot be
read in place, its lines that could not be split, and the distinct values of its columns. Every rule is tried on these
anew: nothing is kept that looks at another table, at the run date or at a code list.

An entry carries a seal, keyed by the site's reference key, that covers its name and every byte in it: whoever cannot
read the key cannot make one. It appears in one step, sealed. What has no seal that fits is told, taken away and made
anew. A night works on links of its own to the entry's files, so that the store can be deleted at any time. Only one run
at a time may use the store: its caller holds the lock.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import shutil
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import duckdb

from copd_strat.contracts.contract import Contract
from copd_strat.extracts.source_files import SourceFile, ending

FOLDER = "store"
_SEAL, _DRAFT = "seal", ".draft"
# The content's SHA-256, then what else the entry depends on.
_NAME = re.compile(r"[0-9a-f]{64}-[0-9a-f]{32}(\.draft)?")


@dataclass(frozen=True, kw_only=True)
class StoredPart:
    """One file's ``entry`` in the store, and the night's own ``folder`` of what is in it, or is to be.

    ``ready`` tells whether it was there already, as it was sealed.
    """

    entry: Path
    folder: Path
    secret: bytes = field(repr=False)
    ready: bool = False

    def seal(self) -> None:
        """Put what lies in the folder into the store; nothing if that is being deleted meanwhile."""
        for path in self.folder.iterdir():
            path.chmod(0o600)
        seal = self.folder / _SEAL
        seal.touch(mode=0o600)
        seal.write_text(self._of_content(), encoding="ascii")
        draft = self.entry.with_name(self.entry.name + _DRAFT)
        with suppress(FileNotFoundError):
            _link_files(self.folder, draft)
            draft.rename(self.entry)

    def fetch(self) -> bool:
        """Link the entry's files into the folder; gives whether they are as they were sealed."""
        try:
            if self.entry.is_symlink() or any(path.is_symlink() for path in self.entry.iterdir()):
                return False  # what is behind a link is not ours
            _link_files(self.entry, self.folder)
            return hmac.compare_digest((self.folder / _SEAL).read_bytes(), self._of_content().encode())
        except OSError:
            return False  # no entry, no seal, or what cannot be read

    def _of_content(self) -> str:
        """The seal that fits the entry's name and what lies in the folder now."""
        text = json.dumps([self.entry.name, _digests(self.folder)], sort_keys=True)
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
            if entry.name.split("-")[0] not in sent or entry.suffix == _DRAFT:
                _take_away(entry)

    def keep_used(self) -> None:
        """Take away the entries that this run had no use for: another contract or program made them."""
        for entry in self._entries():
            if entry.name not in self._used:
                _take_away(entry)

    def part(
        self, content: str, file: SourceFile, contract: Contract, *, gaps: tuple[str, ...], work: Path
    ) -> StoredPart:
        """The entry of a file with this ``content`` (SHA-256), as it was sealed or empty; its files are linked below
        ``work``.

        ``gaps``, the words that stand for a gap, are none of the values that the identifier gate has looked at.
        """
        rest = [ending(file.path), repr(contract), gaps, self.program, duckdb.__version__]
        name = f"{content}-{hashlib.sha256(json.dumps(rest).encode()).hexdigest()[:32]}"
        folder = work / "part" / file.name.replace("/", "_")
        part = StoredPart(entry=self.folder / name, folder=folder, secret=self.secret)
        self._used.add(name)
        if part.fetch():
            self.reused += 1
            return replace(part, ready=True)
        if part.entry.exists() or part.entry.is_symlink():
            self.say(f"store: what was kept of {file.name} is damaged; the file is parsed anew")
            _take_away(part.entry)
        _take_away(folder)
        folder.mkdir(parents=True)
        return part

    @property
    def secret(self) -> bytes:
        """What seals are keyed by: of the reference key, and of no use for anything else that is made with it."""
        return hmac.new(self.key, b"copd-strat: the store of part files", hashlib.sha256).digest()

    def _entries(self) -> list[Path]:
        """What lies in the store under a name that the program gives; all else is somebody else's."""
        there = self.folder.iterdir() if self.folder.is_dir() else ()
        return sorted(path for path in there if _NAME.fullmatch(path.name))


def remove_store(output: Path) -> None:
    """Take the store of an output folder away, for nights that do not use one."""
    _take_away(output / FOLDER)


def _link_files(source: Path, target: Path) -> None:
    """A new folder with the files of another; copies where the disk knows no links."""
    target.mkdir(mode=0o700, parents=True)
    for path in sorted(source.iterdir()):
        try:
            (target / path.name).hardlink_to(path)
        except FileNotFoundError:
            raise
        except OSError:
            shutil.copy2(path, target)


def _take_away(path: Path) -> None:
    """Remove a folder; of a link, the link alone."""
    if path.is_symlink() or path.is_file():
        path.unlink()
    else:
        shutil.rmtree(path, ignore_errors=True)


def _digests(folder: Path) -> dict[str, str]:
    """The entry's files but its seal, by name, each with its SHA-256."""
    digests = {}
    for path in sorted(folder.iterdir()):
        if path.name != _SEAL:
            with path.open("rb") as stream:
                digests[path.name] = hashlib.file_digest(stream, "sha256").hexdigest()
    return digests
