"""A source's files as they will be read: links to exactly those that were hashed, and what zip files hold.

They stand in a folder of the run's own, so that no file that came later is read, and nothing is ever written
into the extract's folder.
"""

from __future__ import annotations

import errno
import hashlib
import lzma
import struct
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from copd_strat.errors import InputError
from copd_strat.extracts.delta_tables import CurrentFile, is_log, write_whole
from copd_strat.extracts.inventory import InputFile, shown
from copd_strat.extracts.source_files import ending
from copd_strat.extracts.text_blocks import require_fair_growth

_BLOCK = 1 << 20
# What the readers of a damaged archive raise, each method its own.
_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    OSError,
    ValueError,
    OverflowError,
)


def laid_out(inputs: Sequence[InputFile], target: Path) -> Path:
    """``target``, a new folder with a link to every file of ``inputs``, zip files unpacked, logs of tables left out.

    Files that lack the columns of their table's partitions are copied with these. InputError for a damaged, encrypted
    or suspiciously growing archive, one packed by a method that cannot be undone here, or two members of one name.
    """
    target.mkdir(parents=True)
    archives = [item for item in inputs if item.name.lower().endswith(".zip")]
    for item in inputs:
        if item in archives or is_log(item.name):
            continue
        place = target / item.name
        place.parent.mkdir(parents=True, exist_ok=True)
        if item.partition:
            write_whole(CurrentFile(path=item.path, partition=item.partition), place)
        else:
            place.symlink_to(item.path)
    for item in archives:
        _unpack(item, (target / item.name).parent)
    return target


def contents(inputs: Sequence[InputFile], folder: Path) -> dict[Path, str]:
    """The SHA-256 of every file of ``folder``, which ``laid_out`` made of ``inputs``: those of links are known."""
    known = {folder / item.name: item.sha256 for item in inputs}
    return {
        path: known[path] if path in known else _sha256(path)
        for path in folder.rglob("*")
        if not path.is_dir()
    }


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _unpack(item: InputFile, target: Path) -> None:
    name = shown(item.name)
    target.mkdir(parents=True, exist_ok=True)
    with _reading(name):
        archive = zipfile.ZipFile(item.path)
    with archive:
        try:
            _unpack_members(archive, item, name, target)
        except OSError as error:
            if error.errno not in (errno.ENAMETOOLONG, errno.EILSEQ, errno.ENOENT):
                raise  # the run's own disk is full or broken
            raise InputError(
                f"{name}: cannot be unpacked ({error.strerror})", fix="send it unzipped"
            ) from None


@contextmanager
def _reading(name: str) -> Iterator[None]:
    """Around what reads an archive and writes nothing: whatever is wrong there is wrong with the archive."""
    try:
        yield
    except (NotImplementedError, RuntimeError):
        raise InputError(
            f"{name}: is packed by a method that cannot be unpacked here (often Deflate64, from Windows)",
            fix="pack it with ordinary Deflate, or send the parts unzipped",
        ) from None
    except _DAMAGE:
        raise InputError(f"{name}: not a complete zip file", fix="copy or export it again") from None


def _unpack_members(archive: zipfile.ZipFile, item: InputFile, name: str, target: Path) -> None:
    if not all(member.filename for member in archive.infolist()):
        raise InputError(f"{name}: not a complete zip file", fix="copy or export it again")
    members = [member for member in archive.infolist() if not member.is_dir()]
    size = sum(member.file_size for member in members)
    require_fair_growth(name, item.bytes, size)
    if any(member.flag_bits & 1 for member in members):
        raise InputError(f"{name}: the zip file is encrypted", fix="decrypt it first")
    for member in members:
        # The bare name alone: a path inside an archive may not choose where it is written.
        bare = PurePosixPath(member.filename.replace("\\", "/")).name
        place = target / bare
        if bare.lower().endswith(".zip"):
            raise InputError(f"{name}: holds another zip file, {bare}", fix="send the parts in one zip file")
        if bare.startswith("."):
            continue
        if place.exists():
            raise InputError(f"{name}: holds {bare}, which is there already", fix="keep one of them")
        if ending(place) is None:
            place.touch()  # not read, and told as such like any other file of its kind
            continue
        with place.open("wb") as out:
            for block in _blocks(archive, member, name):
                out.write(block)


def _blocks(archive: zipfile.ZipFile, member: zipfile.ZipInfo, name: str) -> Iterator[bytes]:
    """A member's bytes; one that grows beyond the size that the archive states is damaged as well."""
    with _reading(name):
        packed = archive.open(member)
    with packed:
        while True:
            with _reading(name):
                block = packed.read(_BLOCK)
            if not block:
                return
            yield block
