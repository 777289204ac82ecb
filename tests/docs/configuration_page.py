"""Writes docs/configuration.md from the settings' own words: python tests/docs/configuration_page.py"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from copd_strat import config

PAGE = Path(__file__).parents[2] / "docs" / "configuration.md"

HEAD = """\
# Configuration

One YAML file tells a run everything but the run date and the reference key. `copd-strat init` proposes one
for a folder of extracts, and writes `copd-strat.schema.json` beside it: an editor that knows YAML completes
and checks the keys by it. Paths are relative to the file. What still stands in angle brackets is to be filled
in.

Unknown keys are refused (the nearest known one is named), numbers and dates must be what they say, and all
errors of a file are reported together, each with its key (exit 10). `copd-strat doctor` checks the file and
the site.

The data contracts come with the program. `contracts` is only for a site that keeps its own copy.

The reference key comes either from the environment variable or from the file; two keys are refused, since
nobody could say which one made the lists. A key file that anybody on the machine may read, and files that
anybody may write to (extracts, code lists, the site's own policy and contracts), are refused by name.
`chmod o-rwx` sets both right; the two `allow_…` keys are for machines where only the service's own account
can log in.

| key | meaning | values | default |
|---|---|---|---|
"""


def page() -> str:
    rows = (f"| `{key}` | {meaning} | {values} | {default} |" for key, meaning, values, default in settings())
    return HEAD + "\n".join(rows) + "\n"


def settings() -> Iterator[tuple[str, str, str, str]]:
    """Every key with what it means, what it may be and what it is if left out."""
    schema = config.json_schema()
    yield from _below(schema, schema, "")


def _below(part: dict[str, Any], schema: dict[str, Any], prefix: str) -> Iterator[tuple[str, str, str, str]]:
    for name, item in part["properties"].items():
        key = f"{prefix}{name}"
        section = _section(item, schema) or _section(item.get("items", {}), schema)
        if section is not None:
            yield from _below(section, schema, f"{key}{'[]' if 'items' in item else ''}.")
        else:
            default = "required" if name in part.get("required", []) else _default(item["default"])
            yield key, " ".join(item["description"].split()), _values(item), default


def _section(item: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any] | None:
    choices = [item, *item.get("anyOf", [])]
    reference = next((choice["$ref"] for choice in choices if "$ref" in choice), None)
    return schema["$defs"][reference.split("/")[-1]] if reference else None


def _default(value: object) -> str:
    return "none" if value in (None, []) else f"`{value if isinstance(value, str) else json.dumps(value)}`"


def _values(item: dict[str, Any]) -> str:
    if "enum" in item:
        return ", ".join(f"`{value}`" for value in item["enum"] if isinstance(value, str))
    if "anyOf" in item:
        return _values(item["anyOf"][0])
    if item["type"] == "array":
        return f"list of: {_values(item['items'])}"
    if "exclusiveMinimum" in item:
        return f"above {item['exclusiveMinimum']}" + (f", to {item['maximum']}" if "maximum" in item else "")
    if "minimum" in item:
        return (
            f"{item['minimum']} to {item['maximum']}" if "maximum" in item else f"{item['minimum']} or more"
        )
    return (
        "date" if item.get("format") == "date" else {"boolean": "true, false", "string": "text"}[item["type"]]
    )


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
