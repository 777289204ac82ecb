"""What datacontract-cli makes of contracts and data; runs in the tool's own environment, prints JSON.

``python tool_side.py CONTRACTS EXPANDED``: lints every contract below both folders, and tests each expanded
one against the Parquet file that its server names. Nothing of the program is imported.
"""

from __future__ import annotations

import json
import logging
import sys
from pathlib import Path
from typing import Any

from datacontract.data_contract import DataContract

# Checks that compare the file's columns with the contract's, not values with rules.
_OF_COLUMNS = ("field_is_present", "field_type", "field_relationships")


def lint(path: Path) -> list[str]:
    run = DataContract(data_contract_file=str(path)).lint()
    return [f"{path}: {check.name}: {check.reason}" for check in run.checks if check.result.value != "passed"]


def test(path: Path) -> list[dict[str, Any]]:
    """The checks of values that the tool derived: column, type, place in the contract, and its counts."""
    run = DataContract(data_contract_file=str(path)).test()
    return [
        {
            "field": check.field,
            "type": check.type,
            "qualityId": check.qualityId,
            "count": (check.diagnostics or {}).get("value"),
            "failed_rows": (check.diagnostics or {}).get("failed_rows"),
            "reason": check.reason,
        }
        for check in run.checks
        if check.type not in _OF_COLUMNS
    ]


def main(contracts: Path, expanded: Path) -> None:
    logging.disable(logging.CRITICAL)
    plain, full = sorted(contracts.glob("*/*.odcs.yaml")), sorted(expanded.glob("*/*.odcs.yaml"))
    found = {
        "linted": len(plain) + len(full),
        "faults": [fault for path in (*plain, *full) for fault in lint(path)],
        "checks": {f"{path.parent.name}.{path.name.split('.')[0]}": test(path) for path in full},
    }
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
