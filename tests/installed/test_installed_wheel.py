"""The wheel alone, in an environment and a folder that know no checkout: it carries all that it needs.

The environment is empty but for the wheel; the packages it depends on are those of the environment that runs
the tests, so that nothing is downloaded.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PARTS = ("pyproject.toml", "setup.py", "README.md", "LICENSE", "src", "data_contracts", "pipelines")

Call = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist and the wheel that was built from it, from a copy of the tree."""
    tree = tmp_path_factory.mktemp("tree")
    for name in PARTS:
        if (ROOT / name).is_dir():
            ignored = shutil.ignore_patterns("__pycache__", "*.egg-info")
            shutil.copytree(ROOT / name, tree / name, ignore=ignored)
        else:
            shutil.copyfile(ROOT / name, tree / name)
    out = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(out), str(tree)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Package would be ignored" not in done.stdout + done.stderr
    return out


@pytest.fixture(scope="module")
def call(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Call:
    """Runs the installed command in a folder given by ``at``."""
    home = tmp_path_factory.mktemp("env")
    venv.create(home, with_pip=False)
    python = home / "bin" / "python"
    wheel = next(built.glob("*.whl"))
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--no-deps"]
    subprocess.run([*pip, "--no-index", str(wheel)], check=True)
    libraries = home / "lib" / f"python3.{sys.version_info.minor}" / "site-packages"
    # a folder named so is searched last, and the development install in it is not followed
    (libraries / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}

    def run(*arguments: str, at: Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [home / "bin" / "copd-strat", *arguments],
            cwd=at,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    return run


def shipped() -> set[str]:
    """Every file that an installed program needs, by its place in the package."""
    found = set()
    for top, inside in (
        ("src/copd_strat", ""),
        ("data_contracts", "data_contracts"),
        ("pipelines", "pipelines"),
    ):
        for path in (ROOT / top).rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts and path.suffix != ".pyc":
                found.add((Path("copd_strat") / inside / path.relative_to(ROOT / top)).as_posix())
    return found


def test_the_wheel_holds_every_file_of_the_program(built: Path) -> None:
    with zipfile.ZipFile(next(built.glob("*.whl"))) as wheel:
        names = {name for name in wheel.namelist() if ".dist-info/" not in name}
    assert names == shipped()


def test_the_sdist_holds_what_the_wheel_is_built_from(built: Path) -> None:
    with tarfile.open(next(built.glob("*.tar.gz"))) as sdist:
        names = {name.split("/", 1)[1] for name in sdist.getnames() if "/" in name}
    assert {"setup.py", "pyproject.toml", "LICENSE", "README.md", "pipelines/demo.yaml"} <= names
    assert {name for name in names if name.startswith("data_contracts/") and "." in name} == {
        path.relative_to(ROOT).as_posix() for path in (ROOT / "data_contracts").rglob("*") if path.is_file()
    }


def test_a_demonstration_runs_in_an_empty_folder(call: Call, tmp_path: Path) -> None:
    done = call("demo", "--practices", "1", "--register", "40", at=tmp_path)
    assert done.returncode == 0, done.stderr
    folder = tmp_path / "demo"
    assert {path.name for path in folder.iterdir()} == {
        "copd-strat.schema.json",
        "demo.yaml",
        "extracts",
        "output",
        "reference.key",
    }
    assert (folder / "reference.key").stat().st_mode & 0o077 == 0
    assert "no faults" in call("contracts", "lint", at=tmp_path).stdout
    again = call("run", "--config", "demo/demo.yaml", at=tmp_path)
    assert again.returncode == 0, again.stderr
    assert "stays published" in again.stdout
    assert not [path for path in tmp_path.iterdir() if path.name != "demo"]


def test_init_proposes_a_night_and_names_its_blanks(call: Call, tmp_path: Path) -> None:
    made = call(
        "synth", "--out", "given", "--practices", "1", "--register", "20", "--layout", "emis", at=tmp_path
    )
    assert made.returncode == 0, made.stderr
    done = call("init", "given/emis", at=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Layout emis" in done.stdout
    for schema in ("copd-strat.schema.json", "policy.schema.json"):
        assert json.loads((tmp_path / schema).read_text(encoding="utf-8"))["additionalProperties"] is False
    text = (tmp_path / "nightly.yaml").read_text(encoding="utf-8")
    assert "{layout: emis, path: " in text
    for command in ("doctor", "run"):
        refused = call(command, "--config", "nightly.yaml", at=tmp_path)
        assert refused.returncode == 10, refused.stderr
        assert refused.stderr.count("still to be filled in <") == text.count(": <")
