"""The command line in a process of its own, forked from one that has imported everything.

Imports are a third of a small night's processor time, and the functional tests run some hundred nights. Of a changed
program only its own modules are imported anew. What a test says about start-up itself or the environment takes a new
interpreter instead.
"""

from __future__ import annotations

import io
import multiprocessing
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from multiprocessing import forkserver
from pathlib import Path
from unittest import mock

OWN_SOURCE = Path(__file__).parents[1] / "src"
_PATH = os.pathsep.join(map(str, (Path(__file__).parent, OWN_SOURCE)))


def _run(
    arguments: list[str], environment: Mapping[str, str], source: Path, folder: Path, out: Path, err: Path
) -> None:
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    for number, path in ((1, out), (2, err)):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
    sys.stdout = io.TextIOWrapper(io.FileIO(1, "w"), encoding="utf-8", write_through=True)
    sys.stderr = io.TextIOWrapper(io.FileIO(2, "w"), encoding="utf-8", write_through=True)
    sys.argv = ["-c", *arguments]
    if source != OWN_SOURCE:
        for module in [name for name in sys.modules if name.partition(".")[0] == "copd_strat"]:
            del sys.modules[module]
        sys.path.insert(0, str(source))
    from copd_strat.cli import main

    main()


def call(
    arguments: list[str], environment: Mapping[str, str], source: Path = OWN_SOURCE
) -> subprocess.CompletedProcess[str]:
    """``copd-strat`` of ``source`` with ``arguments``: its exit code, and all that it said."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["warm_imports"])
    with mock.patch.dict(os.environ, {"PYTHONPATH": _PATH}):  # all that the server knows of where modules are
        forkserver.ensure_running()
    with tempfile.TemporaryDirectory() as folder:
        out, err = Path(folder) / "out", Path(folder) / "err"
        child = context.Process(
            target=_run, args=(arguments, dict(environment), source, Path.cwd(), out, err)
        )
        child.start()
        child.join()
        assert child.exitcode is not None
        return subprocess.CompletedProcess(
            arguments, child.exitcode, out.read_text(encoding="utf-8"), err.read_text(encoding="utf-8")
        )
