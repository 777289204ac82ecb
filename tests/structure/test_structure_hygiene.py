"""What must not stand in the project: secrets, addresses of machines and indexes, unstripped notebooks."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from hashlib import sha256
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOOLS = Path(sys.executable).parent


def tracked() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    return [ROOT / name for name in listed.split("\0") if name]


def secrets_in(names: list[str]) -> subprocess.CompletedProcess[str]:
    """What the scanner says of files; the baseline names what it looks for: keys and tokens as such, and those of
    services that a site may use."""
    command = [TOOLS / "detect-secrets-hook", "--baseline", ROOT / ".secrets.baseline", *names]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def read_by_people(*, ours: bool) -> list[str]:
    """Text files, as the scanner names them: the tests and pages, which are ``ours`` alone, or what a site gets."""
    data = {".lock", ".png", ".svg", ".csv", ".json", ".baseline"}
    names = [path.relative_to(ROOT).as_posix() for path in tracked() if path.suffix not in data]
    return [name for name in names if name.startswith(("tests/", "docs/")) is ours]


@pytest.mark.parametrize(
    "ours", [False, pytest.param(True, marks=pytest.mark.slow)], ids=["what a site gets", "tests and pages"]
)
def test_no_secret_beyond_the_baseline(*, ours: bool) -> None:
    done = secrets_in(read_by_people(ours=ours))
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    "line",
    [
        "-----BEGIN " + "PRIVATE KEY-----",
        "https://reader:" + "Wq8zLm2Kd9@warehouse.example/extracts",
        f"storage_key = '{sha256(b'a key').hexdigest()}'",
    ],
)
def test_a_secret_would_be_found(line: str, tmp_path: Path) -> None:
    path = tmp_path / "settings.py"
    path.write_text(f"{line}\n", encoding="utf-8")
    assert secrets_in([str(path)]).returncode == 1


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_a_lock_file_has_hashes_and_no_address(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    assert "://" not in text
    pins = re.findall(r"^[a-z0-9][\w.-]*==", text, flags=re.MULTILINE)
    blocks = re.split(r"^(?=[a-z0-9][\w.-]*==)", text, flags=re.MULTILINE)[1:]
    assert len(pins) == len(blocks) > 40
    assert all("--hash=sha256:" in block for block in blocks)


def test_hooks_download_nothing() -> None:
    text = (ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    assert re.findall(r"^\s*-?\s*repo: (.*)$", text, flags=re.MULTILINE) == ["local"]


# Runtime packages that no module of the program imports by name, each with who needs it.
NOT_IMPORTED = {
    "tzdata": "the zoneinfo module reads it",
}
MODULES = {"pyyaml": "yaml", "scikit-learn": "sklearn"}


def test_the_program_imports_what_it_depends_on() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    needed = [re.match(r"[a-z0-9-]+", line)[0] for line in project["dependencies"]]  # type: ignore[index]
    code = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "src").rglob("*.py"))
    imported = set(re.findall(r"^\s*(?:from|import) (\w+)", code, flags=re.MULTILINE))
    modules = {name: MODULES.get(name, name.replace("-", "_")) for name in needed}
    assert {name for name, module in modules.items() if module not in imported} == set(NOT_IMPORTED)
