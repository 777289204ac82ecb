"""Mutated inputs for every reader: extracts of all layouts, configuration, policy, returned lists, scorecards.

Whatever an input holds, a reader either takes it, with every row accounted for, or refuses it with an error that a
person can act on: no traceback, no hang, no memory past the limit. Each input follows from the seed and its number,
so that ``--only NUMBER`` makes it again.

    make fuzz FUZZ="--inputs 10000"
"""

from __future__ import annotations

import argparse
import gzip
import io
import json
import os
import random
import resource
import select
import shutil
import signal
import sys
import tempfile
import traceback
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from copy import deepcopy
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "extracts"))

import pyarrow as pa
import pyarrow.parquet as pq
import yaml
from extract_world import AS_OF, CONTRACTS, TABLES, as_csv, ingested, write_extract
from one_file import accounted, let_in, typed_values

from copd_strat import config
from copd_strat.contracts.contract import Contract
from copd_strat.contracts.contract_files import load_contracts
from copd_strat.errors import CopdStratError
from copd_strat.extracts.inventory import inventory
from copd_strat.extracts.layouts import LAYOUTS
from copd_strat.extracts.sender_checksums import require_sent_files
from copd_strat.extracts.unpack import laid_out
from copd_strat.lists import lists_in, returned_answers
from copd_strat.lists.list_columns import DECIDED_ON, DECISION, REASON, REFERENCE
from copd_strat.pathways import load_policy, validate_decisions
from copd_strat.pathways.policy_files import FOLDER
from copd_strat.quality.reconciliation import rows_add_up
from copd_strat.risk.scorecard import scorecard

ROWS, CHUNK = 24, 100
SLOWEST, MOST_MEMORY = 120, 1_500_000  # seconds for one input, kilobytes for a chunk of them
DELIMITERS = {"csv": ",", "tsv": "\t", "semicolon": ";"}


@cache
def tables() -> tuple[tuple[str, Contract], ...]:
    """Every table of every layout."""
    return tuple(
        (layout, contract)
        for layout in sorted(LAYOUTS)
        for contract in load_contracts(CONTRACTS, layout).values()
    )


# --- inputs as they should be ---------------------------------------------------------------------------------


def sound_rows(contract: Contract, rng: random.Random) -> list[dict[str, str]]:
    """Rows with a value of its type in every column."""
    day = contract.date_formats[0]

    def value(kind: str, values: tuple[Any, ...]) -> str:
        if values:
            return str(rng.choice(values))
        return {
            "date": date(2025, rng.randint(1, 12), rng.randint(1, 28)).strftime(day),
            "integer": str(rng.randint(0, 99)),
            "number": f"{rng.uniform(0, 99):.2f}",
            "boolean": rng.choice(("true", "false")),
            "string": rng.choice(("A1", "13645005", "x y", "Ärztin", "9")),
        }[kind]

    return [{c.name: value(c.type, c.values) for c in contract.columns} for _ in range(ROWS)]


# --- mutations ------------------------------------------------------------------------------------------------

PIECES = (
    *(b'"', b'""', b"'", b",", b"\t", b";", b"|", b"\n", b"\r", b"\r\n", b"\n\n", b"\x00", b"\x1a", b"\\"),
    *(
        b"\xff",
        b"\xe9",
        b"\xc3",
        b"\xed\xa0\x80",
        b"\xef\xbb\xbf",
        b"\xff\xfe",
        b"\xf0\x9f\x98\x80",
        b"\xe2\x80\xae",
    ),
    *(b"NULL", b"NaN", b"inf", b"-1", b"0", b"1e999", b"9" * 400, b"2025-02-30", b"0000-00-00", b"99991231"),
    *(
        b"=1+1",
        b"null",
        b"true",
        b"~",
        b"[",
        b"]",
        b"{",
        b"}",
        b":",
        b"- ",
        b"&a",
        b"*a",
        b"!!python/none",
        b"# ",
    ),
    *(b"x" * 5000, b'"' * 300, b"," * 300, b"[" * 2000),
)


def mutated(content: bytes, rng: random.Random) -> bytes:
    """``content`` with one to four faults."""
    for _ in range(rng.randint(1, 4)):
        content = _once(content, rng)
    return content


def _once(content: bytes, rng: random.Random) -> bytes:
    at, length, piece = rng.randrange(len(content) + 1), rng.choice((1, 1, 2, 8, 64)), rng.choice(PIECES)
    before, there, after = content[:at], content[at : at + length], content[at + length :]
    other = flipped(there, rng) if there else b""
    return rng.choice(
        (
            before + piece + content[at:],
            before + piece + content[at + len(piece) :],
            before + after,
            before + rng.randbytes(length) + after,
            before + there * 2 + after,
            before,
            before + other + after,
            before + other + after,
            content[at:] + before,
        )
    )


def flipped(content: bytes, rng: random.Random) -> bytes:
    """``content`` with one bit turned."""
    at = rng.randrange(len(content))
    return content[:at] + bytes((content[at] ^ (1 << rng.randrange(8)),)) + content[at + 1 :]


ODD = (None, "", " ", "x", [], {}, True, 0, -1, 0.5, 1e400, float("nan"), [None], ["1"], [[1]], 10**400, "2026-02-30",
       "../x", "\x00", "<later>", {"a": {}}, "9" * 300)  # fmt: skip


def misfilled(raw: Any, rng: random.Random) -> Any:
    """A tree of keys and lists with an odd value in one or two places, or a key taken away or misspelt."""
    for _ in range(rng.randint(1, 2)):
        places = list(_places(raw))
        holder, key = rng.choice(places)
        if isinstance(holder, dict) and rng.random() < 0.3:
            value = holder.pop(key)
            if rng.random() < 0.5:
                holder[rng.choice((f"{key}x", 1, True, None, "", "x" * 200))] = value
        else:
            holder[key] = deepcopy(rng.choice(ODD))  # else an odd list would come to hold itself
    return raw


def _places(raw: Any) -> Iterator[tuple[Any, Any]]:
    keys = raw if isinstance(raw, dict) else range(len(raw)) if isinstance(raw, list) else ()
    for key in keys:
        yield raw, key
        yield from _places(raw[key])


def mutated_yaml(content: bytes, rng: random.Random) -> bytes:
    if rng.random() < 0.4:
        return mutated(content, rng)
    return yaml.safe_dump(misfilled(yaml.safe_load(content), rng), allow_unicode=True).encode()


# --- readers --------------------------------------------------------------------------------------------------


def text(rng: random.Random, folder: Path) -> str:
    """A text file of any table, in one of several encodings, packed or not."""
    layout, contract = rng.choice(tables())
    form = rng.choice(sorted(DELIMITERS))
    name = f"{contract.table}.{'tsv' if form == 'tsv' else 'csv'}"
    content = as_csv(sound_rows(contract, rng), DELIMITERS[form])
    encoded = content.encode(rng.choice(("utf-8", "utf-8", "utf-8-sig", "utf-16")))
    if packed := rng.random() < 0.2:
        name += ".gz"
        encoded = gzip.compress(mutated(encoded, rng)) if rng.random() < 0.5 else encoded
    encoded = encoded if packed and encoded[:2] == b"\x1f\x8b" else mutated(encoded, rng)
    (folder / name).write_bytes(encoded)
    _let_in(folder / name, contract, layout)
    return f"text of {layout}"


def _let_in(path: Path, contract: Contract, layout: str) -> list[Any]:
    with let_in(path, contract.table, layout) as (engine, source):
        rows = accounted(engine, source)
        assert rows == source.rows_in, f"{rows} rows of {source.rows_in} are accounted for"
        return typed_values(engine, source, contract.table, layout)


def parquet(rng: random.Random, folder: Path) -> str:
    """A Parquet file, with or without page checksums: the content counts, since nobody sees it."""
    layout, contract = rng.choice(tables())
    path, checksums = folder / f"{contract.table}.parquet", rng.random() < 0.5
    table = pa.Table.from_pylist(sound_rows(contract, rng))
    packing = rng.choice(("snappy", "none", "zstd"))
    pq.write_table(table, path, compression=packing, write_page_checksum=checksums)
    with suppress(CopdStratError):
        before = _let_in(path, contract, layout)
        shutil.rmtree(folder / "work", ignore_errors=True)
        flip = rng.random() < 0.7  # one flipped bit, as a bad line or disk leaves it
        path.write_bytes(flipped(path.read_bytes(), rng) if flip else mutated(path.read_bytes(), rng))
        after = _let_in(path, contract, layout)
        same = "same" if repr(after) == repr(before) else "OTHER"
        return f"Parquet {'with' if checksums else 'without'} checksums: accepted, {same} content"
    return f"Parquet {'with' if checksums else 'without'} checksums: refused"


def archive(rng: random.Random, folder: Path) -> str:
    """A zip file of two parts, mutated inside or outside."""
    layout, contract = rng.choice(tables())
    source, packed = folder / "in", io.BytesIO()
    source.mkdir()
    inside = rng.random() < 0.3
    method = rng.choice((zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA))
    with zipfile.ZipFile(packed, "w", method) as made:
        for part in "ab":
            content = as_csv(sound_rows(contract, rng)).encode()
            made.writestr(f"{contract.table}_{part}.csv", mutated(content, rng) if inside else content)
    whole = packed.getvalue()
    (source / "extract.zip").write_bytes(whole if inside else mutated(whole, rng))
    out = laid_out(inventory(source), folder / "out")
    for number, path in enumerate(sorted(out.rglob("*.csv"))):
        moved = folder / str(number) / path.name
        moved.parent.mkdir()
        path.rename(moved)
        _let_in(moved, contract, layout)
    return "zip"


def sent_with_checksums(rng: random.Random, folder: Path) -> str:
    """A file that changed on its way, with its sender's list of checksums, which may have changed as well."""
    import hashlib

    _, contract = rng.choice(tables())
    content = as_csv(sound_rows(contract, rng)).encode()
    path, listed = folder / f"{contract.table}.csv", folder / "SHA256SUMS"
    arrived = mutated(content, rng)
    path.write_bytes(arrived)
    sums = f"{hashlib.sha256(content).hexdigest()}  {path.name}\n".encode()
    spoiled = rng.random() < 0.5
    listed.write_bytes(mutated(sums, rng) if spoiled else sums)
    held = require_sent_files(inventory(folder))
    assert spoiled or arrived == content, "a changed file passed its sender's checksum"
    return f"sender's checksums: {'held' if held else 'the list names nothing any more'}"


def night(rng: random.Random, folder: Path) -> str:
    """A whole native extract of which one file is mutated, up to the canonical relations."""
    source = write_extract(folder / "in")
    path = source / f"{rng.choice(sorted(TABLES))}.csv"
    path.write_bytes(mutated(path.read_bytes(), rng))
    with ingested(source, folder) as read:
        assert rows_add_up(read.ingested.tables).success, "rows do not add up"
    return "whole extract"


def configuration(rng: random.Random, folder: Path) -> str:
    path = folder / "nightly.yaml"
    path.write_bytes(mutated_yaml(_pipeline(), rng))
    config.load(path)
    return "configuration"


@cache
def _pipeline() -> bytes:
    return (CONTRACTS.parent / "pipelines" / "demo.yaml").read_bytes()


def policy(rng: random.Random, folder: Path) -> str:
    shipped = rng.choice(sorted(FOLDER.glob("*.yaml")))
    path = folder / "ours.yaml"
    path.write_bytes(mutated_yaml(shipped.read_bytes(), rng))
    load_policy(path)
    return "policy"


def contract_file(rng: random.Random, folder: Path) -> str:
    shipped = rng.choice(sorted((CONTRACTS / "native").glob("*.yaml")))
    (folder / "native").mkdir()
    (folder / "native" / shipped.name).write_bytes(mutated_yaml(shipped.read_bytes(), rng))
    load_contracts(folder, "native")
    return "data contract"


def returned_list(rng: random.Random, folder: Path) -> str:
    """A practice's answers, as text or as a workbook, to the decisions that a night acts on."""
    rows = [[column.heading for column in (REFERENCE, DECISION, REASON, DECIDED_ON)]]
    words = ("accepted", "declined", "already known", "wrong", "", "?", "palliative")
    references = (f"CP-{rng.randrange(9999):04d}-7H2K-M" for _ in range(6))
    rows += [[reference, rng.choice(words), "", "02/04/2026"] for reference in references]
    name = f"A81001_2026-04-02_clinic.{rng.choice(('csv', 'xlsx'))}"
    path = folder / name
    if path.suffix == ".csv":
        content = "\n".join(",".join(row) for row in rows).encode(
            rng.choice(("utf-8-sig", "cp1252", "utf-16"))
        )
    else:
        content = _workbook(rows)
    path.write_bytes(mutated(content, rng))
    found = returned_answers(lists_in([folder]), AS_OF)
    validate_decisions(found.answers, AS_OF)
    return f"returned list ({path.suffix[1:]}){', unread' if found.unread else ''}"


def _workbook(rows: Iterable[list[str]]) -> bytes:
    import openpyxl

    book, out = openpyxl.Workbook(), io.BytesIO()
    for row in rows:
        book.active.append(row)
    book.save(out)
    return out.getvalue()


CARD: dict[str, Any] = {
    "name": "ours",
    "outcome": "severe",
    "horizon": "12 months",
    "intercept": -2.1,
    "features": [
        {"feature": "fev1_pct_predicted", "edges": [30, 50], "log_odds": [0.8, 0.3, 0.0], "missing": 0.2,
         "reference": 60},
        {"feature": "mrc", "edges": [2.5], "log_odds": [0.0, 0.4], "missing": 0.1, "reference": 2},
    ],
}  # fmt: skip


def card(rng: random.Random, folder: Path) -> str:
    """A scorecard: its text mutated, or one of its values replaced by another of any kind."""
    import pandas as pd

    raw: Any = json.loads(json.dumps(CARD))
    if rng.random() < 0.5:
        try:
            raw = json.loads(mutated(json.dumps(CARD).encode(), rng))
        except (ValueError, RecursionError):
            return "scorecard: not JSON"
    else:
        raw = misfilled(raw, rng)
    made = scorecard(raw)
    with suppress(CopdStratError):
        risk = made.probability(pd.DataFrame({"fev1_pct_predicted": [40.0, None], "mrc": [3, None]}))
        assert ((risk >= 0) & (risk <= 1)).all(), "a risk that is no probability"
    return "scorecard"


@dataclass(frozen=True)
class Reader:
    read: Callable[[random.Random, Path], str]
    weight: int


READERS = tuple(
    Reader(*pair)
    for pair in (
        (text, 40), (parquet, 16), (archive, 6), (sent_with_checksums, 6), (night, 2), (configuration, 8),
        (policy, 7), (contract_file, 3), (returned_list, 7), (card, 5),
    )
)  # fmt: skip


# --- trying them ----------------------------------------------------------------------------------------------


def tried(seed: int, number: int) -> tuple[str, str]:
    """What became of one input, and what is wrong with that, empty if nothing is."""
    rng = random.Random(f"{seed}-{number}")
    reader = rng.choices(READERS, [reader.weight for reader in READERS])[0].read
    with tempfile.TemporaryDirectory(prefix="fuzz-") as name:
        try:
            said = reader(rng, Path(name))
            return said if "accepted" in said or "refused" in said else f"{said}: taken", ""
        except CopdStratError as error:
            return f"{reader.__name__}: refused, exit {error.exit_code}", ""
        except BaseException as error:  # noqa: BLE001 - a traceback is what is looked for
            last = "".join(traceback.format_exc().splitlines(keepends=True)[-12:])
            return f"{reader.__name__}: WRONG", f"input {number}: {type(error).__name__}\n{last}"


def _in_child(seed: int, numbers: list[int]) -> Iterator[tuple[int, str, str]]:
    """Try ``numbers`` in a forked process; one that crashes or hangs it is wrong, and the rest goes on."""
    while numbers:
        reader, writer = os.pipe()
        child = os.fork()
        if not child:
            os.close(reader)
            with os.fdopen(writer, "w") as out:
                for number in numbers:
                    out.write(json.dumps((number, *tried(seed, number))) + "\n")
                    out.flush()
            os._exit(0)
        os.close(writer)
        done, hung = 0, False
        with os.fdopen(reader) as lines:
            while not (hung := not select.select([lines], [], [], SLOWEST)[0]):
                line = lines.readline()
                if not line:
                    break
                done += 1
                yield tuple(json.loads(line))
            if hung:
                os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        if done < len(numbers):
            how = "hangs" if hung else f"ends the process ({os.waitstatus_to_exitcode(status)})"
            yield numbers[done], "WRONG", f"input {numbers[done]}: {how}"
            done += 1
        numbers = numbers[done:]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--inputs", type=int, default=10_000, metavar="N")
    parser.add_argument("--seed", type=int, default=20261125)
    parser.add_argument("--only", type=int, metavar="NUMBER", help="try this input alone, in this process")
    given = parser.parse_args()
    if given.only is not None:
        sys.exit("\n".join(tried(given.seed, given.only)))
    tables()
    yaml.safe_load("a: 1")
    came: Counter[str] = Counter()
    wrong: list[str] = []
    for start in range(0, given.inputs, CHUNK):
        numbers = list(range(start, min(start + CHUNK, given.inputs)))
        for _, said, fault in _in_child(given.seed, numbers):
            came[said] += 1
            if fault:
                wrong.append(fault)
                print(fault, flush=True)
        if start % 1000 == 0:
            print(f"from {start:,} on", flush=True)
    memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    for said, count in sorted(came.items()):
        print(f"{count:>7,}  {said}")
    print(f"{came.total():>7,}  inputs; {len(wrong)} wrong; at most {memory / 1000:,.0f} MB")
    sys.exit(1 if wrong or memory > MOST_MEMORY else 0)


if __name__ == "__main__":
    main()
