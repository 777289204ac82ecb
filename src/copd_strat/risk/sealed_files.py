"""Small JSON files of a site's own figures, closed with a hash of what they say.

The hash tells a slip of an editor, or a file that was altered on purpose by somebody who does not know of it.
It is no signature: who may write beside the configuration may also make a new one, which the manifest names.
Nothing in such a file is ever run.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from copd_strat.errors import ModelError

SEAL = "sha256"
# A person adds these by hand after reading the figures, so the hash leaves them out.
SIGNATURE = ("signed_off_by", "signed_off_on")


def sealed(content: dict[str, Any]) -> dict[str, Any]:
    """``content`` with its seal."""
    return {**content, SEAL: seal_of(content)}


def seal_of(content: dict[str, Any]) -> str:
    """The hash of everything but the seal itself and the signature."""
    kept = {name: value for name, value in content.items() if name not in (SEAL, *SIGNATURE)}
    text = json.dumps(kept, sort_keys=True, ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def text_of(content: dict[str, Any]) -> str:
    """The file's text: the same content gives the same bytes."""
    return json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def read_sealed(path: Path, kind: str) -> dict[str, Any]:
    """The content of ``path``; ModelError if it cannot be read, is another thing, or was altered."""
    again = "make it again, or restore the file that was signed off"
    try:
        content = json.loads(path.read_text(encoding="utf-8"), parse_constant=_no_constant)
        altered = content["kind"] != kind or content[SEAL] != seal_of(content)
    except FileNotFoundError:
        raise ModelError(f"{path}: no such file", fix="check the path in the configuration") from None
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        raise ModelError(f"{path}: this is no {kind} of this program", fix=again) from None
    if altered:
        raise ModelError(f"{path}: its content is not what its hash says, or no {kind}", fix=again)
    return dict(content)


def _no_constant(word: str) -> float:
    raise ValueError(word)
