"""Writes the JSON Schemas that editors check YAML by, from the models: python tests/core/schema_files.py"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from copd_strat import config
from copd_strat.pathways import policy_files

PIPELINES = Path(__file__).parents[2] / "pipelines"
SCHEMAS: dict[Path, dict[str, Any]] = {
    PIPELINES / config.SCHEMA: config.json_schema(),
    policy_files.FOLDER / policy_files.SCHEMA: policy_files.json_schema(),
}


def text(schema: dict[str, Any]) -> str:
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    for path, schema in SCHEMAS.items():
        path.write_text(text(schema), encoding="utf-8")
