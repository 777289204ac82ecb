"""Zipped parts, as CPRD sends them: unpacked beside the checked rows, never into the extract's own folder."""

from __future__ import annotations

import shutil
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from copd_strat.errors import InputError
from copd_strat.extracts.source_files import ending

# Delimited text shrinks to a tenth or so; what grows far beyond that is not an extract.
_MAX_GROWTH, _MIN_SUSPECT_BYTES = 200, 100_000_000


def unpacked(folder: Path, work: Path) -> Path:
    """``folder``, or, if it holds zip files, a folder below ``work`` with their members and links.

    InputError for a damaged, encrypted or suspiciously growing archive, or two members of one name.
    """
    archives = sorted(folder.rglob("*.zip"))
    if not archives:
        return folder
    target = work / "unzipped"
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix != ".zip" and not path.name.startswith("."):
            link = target / path.relative_to(folder)
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(path.resolve())
    for path in archives:
        name = path.relative_to(folder).as_posix()
        try:
            _unpack(path, name, target / path.parent.relative_to(folder))
        except (zipfile.BadZipFile, zlib.error, EOFError):
            raise InputError(f"{name}: not a complete zip file", fix="copy or export it again") from None
    return target


def _unpack(path: Path, name: str, target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path) as archive:
        members = [member for member in archive.infolist() if not member.is_dir()]
        size = sum(member.file_size for member in members)
        if size > _MIN_SUSPECT_BYTES and size > _MAX_GROWTH * path.stat().st_size:
            raise InputError(f"{name}: grows beyond reason when unpacked", fix="send the parts unzipped")
        if any(member.flag_bits & 1 for member in members):
            raise InputError(f"{name}: the zip file is encrypted", fix="decrypt it first")
        for member in members:
            # The bare name alone: a path inside an archive may not choose where it is written.
            place = target / PurePosixPath(member.filename).name
            if ending(place) is None:
                continue
            if place.exists():
                raise InputError(
                    f"{name}: holds {place.name}, which is there already", fix="keep one of them"
                )
            with archive.open(member) as packed, place.open("wb") as out:
                shutil.copyfileobj(packed, out)
