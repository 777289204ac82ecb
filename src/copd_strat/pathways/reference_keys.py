"""The site's secret behind all references, the keys derived from it, and how it gives way to another.

A key is read at run time, never logged and never kept with the outputs: what is kept is its fingerprint,
which tells two keys apart without telling either.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from pathlib import Path

from copd_strat.config import PathwaySettings
from copd_strat.errors import ConfigError, RunGuardError
from copd_strat.file_permissions import check_key_file

SHORTEST_KEY = 32
_LOST = "docs/lists.md, 'A lost reference key'"
_FIX = (
    "where runs are published already, give the key that they were made with, from its copy: a new one changes every"
    f" reference (really lost: {_LOST}); only before the first run make one with 'openssl rand -hex 32', keep it"
    " outside the repository and a copy in a safe place, and give it by pathways.reference_key_env or"
    " pathways.reference_key_file"
)
_PRACTICE_KEY = "copd-strat practice key"


def reference_key(settings: PathwaySettings) -> bytes:
    """The site's secret, from the environment variable or the file that ``settings`` name.

    ConfigError if it is missing, shorter than 32 bytes, in a file that anybody may read, or given twice:
    nobody could say afterwards which one the lists were made with.
    """
    variable, path = settings.reference_key_env, settings.reference_key_file
    given = os.environ.get(variable, "")
    if given and path is not None:
        raise ConfigError(
            f"two reference keys: the environment variable {variable}, and {path}",
            fix="unset the variable, or remove pathways.reference_key_file",
        )
    if path is not None:
        if not settings.allow_world_readable_key:
            check_key_file(path)
        return _checked(_bytes_of(path), str(path))
    return _checked(given.encode(), f"the environment variable {variable}")


def named_key(name: str) -> bytes:
    """The secret in the file or the environment variable called ``name``, for ``run --rotate-key-from``.

    ConfigError if there is neither, or both. The name is not repeated unless it exists: somebody may have
    typed the key itself.
    """
    in_environment, path = name in os.environ, Path(name)
    is_file = path.is_file()
    if in_environment and is_file:
        raise ConfigError(
            f"{name}: is a file and an environment variable", fix="give the path with its folder"
        )
    if in_environment:
        return _checked(os.environ[name].encode(), f"the environment variable {name}")
    if is_file:
        return _checked(_bytes_of(path), str(path))
    raise ConfigError(
        "the old reference key: there is no file and no environment variable of the name given",
        fix="give the name of what holds the key, never the key itself",
    )


def _bytes_of(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigError(
            f"{path}: the reference key cannot be read ({type(error).__name__})", fix=_FIX
        ) from None


def _checked(given: bytes, source: str) -> bytes:
    key = given.strip()
    if not key:
        raise ConfigError(f"{source}: no reference key", fix=_FIX)
    if len(key) < SHORTEST_KEY or len(set(key)) < 8:
        raise ConfigError(
            f"{source}: the reference key is too short or too uniform", fix="use 32 random bytes or more"
        )
    return key


def practice_key(key: bytes, practice_id: str) -> bytes:
    """The key of one practice, derived from the site's: it makes that practice's references alone."""
    return hmac.digest(key, f"practice:{practice_id}".encode(), "sha256")


def practice_key_text(key: bytes, practice_id: str) -> str:
    """The practice's key as the one line that is handed over; it names the practice it is for."""
    return f"{_PRACTICE_KEY} {practice_id} {practice_key(key, practice_id).hex()}\n"


def practice_key_from(path: Path) -> tuple[str, bytes]:
    """Practice code and key from a file that ``practice_key_text`` made; ConfigError if it is not one."""
    try:
        words = path.read_text(encoding="ascii").split()
        if len(words) != 5 or " ".join(words[:3]) != _PRACTICE_KEY:
            raise ValueError
        key = bytes.fromhex(words[4])
        if len(key) != hashlib.sha256().digest_size:
            raise ValueError
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"{path}: not the key of a practice ({type(error).__name__})",
            fix="ask the site for a new one: 'copd-strat keysheet key'",
        ) from None
    return words[3], key


def fingerprint(key: bytes) -> str:
    """Tells two keys apart without telling either."""
    return hmac.digest(key, b"copd-strat reference key", "sha256").hex()


def key_change(published: str | None, key: bytes, old: bytes | None) -> str:
    """What tonight's key means for the lists, given the ``fingerprint`` of the published run's key.

    Empty if nothing changes. ``old``: the key that ``--rotate-key-from`` names. RunGuardError if the key is
    another one and nobody said so: every reference would change overnight, and no answer would find its
    patient (docs/decisions.md §42).
    """
    if published is None or fingerprint(key) == published:
        return "" if old is None else "nothing to rotate: the published lists stand under this key already"
    if old is None:
        raise RunGuardError(
            "the reference key is not the one of the published run: every reference would change",
            fix="give the old key again, or, to change it, 'copd-strat run --rotate-key-from NAME', where"
            f" NAME is the file or environment variable that holds the old key; really lost: {_LOST}",
        )
    if fingerprint(old) != published:
        raise RunGuardError(
            "the key to rotate from is not the one of the published run either",
            fix=f"look for the key that the last lists were made with; a backup may hold it (really lost: {_LOST})",
        )
    return "the reference key is another one: all references are new; answers on earlier lists still count"
