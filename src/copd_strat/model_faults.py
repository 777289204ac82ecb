"""What a pydantic model finds wrong with a file of YAML, said in the file's own terms: its keys.

Settings and policies are models; a person who reads a refusal knows the file, not the model. So every fault
names its dotted key, an unknown key is met with the nearest known one, and all faults come at once.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from copd_strat.errors import ConfigError

# Frozen: nothing alters a setting after it was checked. Strict: "yes" is no flag and "3" is no number, since
# a file that a person wrote should say what it means. The strings below fields describe them to editors.
STRICT = ConfigDict(frozen=True, extra="forbid", strict=True, use_attribute_docstrings=True)

# A file has lists only; what is read from it is a tuple, which nobody can alter.
Several = Field(strict=False)
_NOT_BLANK = r"\S"
Text = Annotated[str, Field(pattern=_NOT_BLANK)]

_BLANK = re.compile(r"<[^<>]*>")
_Model = TypeVar("_Model", bound=BaseModel)
Key = tuple[int | str, ...]

_SAYS = {
    "missing": "required, but missing",
    "bool_type": "must be true or false",
    "int_type": "must be a whole number",
    "float_type": "must be a number",
    "finite_number": "must be a number",
    "date_type": "must be a date of the calendar, such as 2026-03-31",
    "string_type": "must be text (put it in quotes)",
    "string_unicode": "must be text (put it in quotes)",
    "model_type": "expected 'key: value' lines below it",
    "dict_type": "expected 'key: value' lines below it",
    "tuple_type": "expected a list ('- item' lines)",
    "greater_than_equal": "must be {ge:g} or more",
    "greater_than": "must be more than {gt:g}",
    "less_than_equal": "must be {le:g} or less",
    "string_pattern_mismatch": "must match {pattern}",
    "too_short": "must have at least {min_length} item(s)",
    "invalid_key": "unknown key",
    "recursion_loop": "refers to itself",
}


def validated(
    model: type[_Model], raw: Mapping[str, Any], *, file: Path, what: str, page: str, **context: Any
) -> _Model:
    """``raw``, the content of ``file``, as a ``model``; ConfigError lists every fault of it.

    Blanks of a template, still in angle brackets, are told together, and each is told as a blank only.
    ``context`` is what the model's own validators ask for.
    """
    blanks = dict(blanks_of(raw))
    faults = [f"{_dotted(key)}: still to be filled in {text}" for key, text in blanks.items()]
    try:
        found = model.model_validate(raw, context=context)
    except ValidationError as error:
        details = error.errors(include_url=False, include_input=False)
        faults += [_said(model, each) for each in details if _counts(each, details, blanks)]
    if faults:
        raise ConfigError(
            f"{file}: {len(faults)} error(s) in the {what}\n" + "\n".join(f"  - {each}" for each in faults),
            fix=f"correct the keys named above; docs/{page}.md describes each",
        )
    return found


def fault_at(model: type[BaseModel], raw: Mapping[str, Any], key: Key, **context: Any) -> str | None:
    """What is wrong with the value at ``key``, whatever else is still missing; None if nothing is."""
    try:
        model.model_validate(raw, context=context)
    except ValidationError as error:
        details = error.errors(include_url=False, include_input=False)
        return next((_said(model, each) for each in details if _place(each) == key), None)
    return None


def _counts(error: ErrorDetails, errors: list[ErrorDetails], blanks: Mapping[Key, str]) -> bool:
    """A list whose items are all refused also counts as too short, and a blank as a wrong word: said once."""
    place = _place(error)
    inside = [other for other in map(_place, errors) if other[: len(place)] == place and other != place]
    return place not in blanks and not (error["type"] == "too_short" and inside)


def nearest(name: str, known: Sequence[str]) -> str:
    """The known name that was probably meant, or all of them, in brackets."""
    near = difflib.get_close_matches(name, known, n=1)
    return f"(did you mean '{near[0]}'?)" if near else f"(known: {', '.join(known)})"


def blanks_of(raw: object, key: Key = ()) -> Iterator[tuple[Key, str]]:
    """Every value that is nothing but a remark in angle brackets, with its key."""
    if isinstance(raw, str) and _BLANK.fullmatch(raw.strip()):
        yield key, raw.strip()
    items = raw.items() if isinstance(raw, dict) else enumerate(raw) if isinstance(raw, list) else ()
    for name, value in items:
        yield from blanks_of(value, (*key, name))


def _place(error: ErrorDetails) -> Key:
    """Where the fault stands in the file, without pydantic's marks of a chosen alternative and of a key."""
    *above, last = error["loc"] or ("",)
    kept = [part for part in above if not str(part).startswith("<")]
    if error["type"] != "extra_forbidden" and (last in ("", "[key]") or str(last).startswith("<")):
        return tuple(kept)
    return (*kept, last)


def _dotted(key: Key) -> str:
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in key)
    return text.removeprefix(".") or "top level"


def _said(model: type[BaseModel], error: ErrorDetails) -> str:
    key, kind, context = _place(error), error["type"], error.get("ctx", {})
    if kind == "extra_forbidden":
        return f"{_dotted(key)}: unknown key {nearest(str(key[-1]), _known(model, key[:-1]))}"
    if kind == "literal_error":
        choices = re.findall(r"'([^']*)'", context["expected"])
        return f"{_dotted(key)}: must be one of {', '.join(choices)}"
    if kind == "string_pattern_mismatch" and context["pattern"] == _NOT_BLANK:
        return f"{_dotted(key)}: must not be empty"
    return f"{_dotted(key)}: {_SAYS[kind].format(**context) if kind in _SAYS else error['msg']}"


def _known(model: type[BaseModel], key: Key) -> list[str]:
    """The keys that may stand below ``key``."""
    here: Any = model
    for part in map(str, key):
        # a place in a list, or a name that the file chooses, leads to nothing narrower
        here = next((fields[part] for fields in map(fields_of, models_in(here)) if part in fields), here)
    return list(dict.fromkeys(name for found in models_in(here) for name in fields_of(found)))


def fields_of(model: type[BaseModel]) -> dict[str, Any]:
    """The keys of ``model`` as a file spells them, each with its annotation."""
    return {field.alias or name: field.annotation for name, field in model.model_fields.items()}


def models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """The models that ``annotation`` names, also inside lists and alternatives."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    else:
        for part in get_args(annotation):
            yield from models_in(part)
