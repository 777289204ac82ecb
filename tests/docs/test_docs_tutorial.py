"""The tutorial, followed to the letter in an empty folder: what it says to type, and what it says is then seen."""

from __future__ import annotations

import csv
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def steps() -> list[str]:
    text = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")
    return [
        line for block in re.findall(r"```sh\n(.*?)```", text, flags=re.DOTALL) for line in block.splitlines()
    ]


@pytest.fixture
def shell(tmp_path: Path) -> dict[str, str]:
    """An environment with the program on its PATH and nothing else of the site's."""
    folder = tmp_path / "bin"
    folder.mkdir()
    program = folder / "copd-strat"
    program.write_text(
        f"#!{sys.executable}\nimport sys\nsys.path.insert(0, {os.fspath(ROOT / 'src')!r})\n"
        "from copd_strat.cli import main\nmain()\n",
        encoding="utf-8",
    )
    program.chmod(0o700)
    return {"PATH": f"{folder}:/usr/bin:/bin", "HOME": str(tmp_path)}


def clinic_list(place: Path) -> Path:
    return min((place / "demo" / "output").rglob("*_clinic.csv"))


def answer(place: Path) -> None:
    """What the page says to do by hand: "accepted" in the first line, the file in the folder ``returned``."""
    path = clinic_list(place)
    head, first, *others = csv.reader(path.open(encoding="utf-8-sig", newline=""))
    first[head.index("clinician_decision")] = "accepted"
    (place / "returned").mkdir()
    with (place / "returned" / path.name).open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([head, first, *others])


def test_the_tutorial_does_what_it_says(tmp_path: Path, shell: dict[str, str]) -> None:
    place = tmp_path / "empty"
    place.mkdir()
    said = []
    for step in steps():
        if "CP-XXXX-XXXX-X" in step:
            rows = list(csv.DictReader(clinic_list(place).open(encoding="utf-8-sig", newline="")))
            step = step.replace("CP-XXXX-XXXX-X", rows[0]["patient_ref"])
        if step.startswith("copd-strat decisions"):
            answer(place)
        expected = int(found[1]) if (found := re.search(r"# exit (\d+)", step)) else 0
        done = subprocess.run(
            ["/bin/sh", "-c", step], cwd=place, env=shell, capture_output=True, text=True, check=False
        )
        assert done.returncode == expected, f"{step}\n{done.stdout}{done.stderr}"
        said.append(done.stdout + done.stderr)
    assert "Rules that do not hold" in said[2]
    assert "answers 1" in said[3]
    assert "2 runs are kept" in said[5]
    assert "file patients.csv has" in said[-1]
    assert "Then: copd-strat validate" in said[-1]
    assert {path.name for path in place.iterdir()} == {"demo", "returned"}
