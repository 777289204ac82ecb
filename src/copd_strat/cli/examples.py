"""An example or two under every command's ``--help``: what is usually typed, before what could be."""

from __future__ import annotations

import click

_NIGHT = "--config nightly.yaml"
# By the command's words; tests/docs gives each of them to the program's own parser.
EXAMPLES: dict[str, tuple[str, ...]] = {
    "backtest": (f"{_NIGHT} --index 2025-03-31",),
    "codelists list": ("",),
    "contracts export": ("--out contracts/", "native --expanded --out contracts/"),
    "contracts lint": ("",),
    "contracts list": ("",),
    "contracts show": ("native.prescriptions.issue_date.not_future",),
    "decisions": (f"returned/ {_NIGHT}",),
    "delta": (f"{_NIGHT} --analyst lakehouse/copd_patients --summary lakehouse/copd_summary",),
    "demo": ("", "--practices 4 --register 400"),
    "diff": (f"20260409-4243cbc9 20260410-a1e3fa0c {_NIGHT}",),
    "doctor": (_NIGHT,),
    "evaluate": (_NIGHT,),
    "explain": (f"CP-7K3M-9QWX-4 {_NIGHT}",),
    "hyper": ("commissioners/current/summary",),
    "init": ("extracts/", "extracts/ -o march.yaml"),
    "keysheet key": (f"A81001 {_NIGHT} -o A81001.key",),
    "keysheet make": ("link.csv --key A81001.key -o keysheets/",),
    "models list": ("",),
    "models show": ("accept3_cprd",),
    "policy list": ("",),
    "policy show": ("risk_and_rules",),
    "powerbi": (r'model --summary "S:\copd\current\summary"',),
    "recalibrate": (f"{_NIGHT} --index 2024-03-31",),
    "reference": ("",),
    "run": (_NIGHT, f"{_NIGHT} --dry-run", f"{_NIGHT} --rotate-key-from OLD_KEY"),
    "runs list": (_NIGHT,),
    "runs purge": (f"{_NIGHT} --keep 7",),
    "runs restore": (f"20260409-4243cbc9 {_NIGHT}",),
    "runs verify": (_NIGHT,),
    "score": ("predictors.csv --model accept3_cprd -o scores.csv",),
    "synth": ("--out people/ --practices 4 --register 400", "--out people/ --layout emis"),
    "trace": (f"CP-7K3M-9QWX-4 {_NIGHT}", f"--file gp_events.csv --line 1207 {_NIGHT}"),
    "train": (f"{_NIGHT} --index 2023-03-31 --index 2024-03-31 --index 2025-03-31 --name local_severe",),
    "validate": (_NIGHT,),
    "whatif": (f"{_NIGHT} --policy risk_and_rules --policy rules_only",),
}


def add_examples(group: click.Group, above: str = "") -> None:
    """Put the examples below the help of every command that has some."""
    for name, command in group.commands.items():
        words = f"{above} {name}".strip()
        if isinstance(command, click.Group):
            add_examples(command, words)
        elif words in EXAMPLES:
            lines = [f"  copd-strat {words} {rest}".rstrip() for rest in EXAMPLES[words]]
            command.epilog = "\n".join(["\b", "Examples:" if len(lines) > 1 else "Example:", *lines])
