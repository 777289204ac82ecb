"""The store of part files: the same result with it and without, whatever happens to it, and nothing else in it."""

from __future__ import annotations

import gzip
import hashlib
import hmac
import shutil
import stat
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from extract_world import AS_OF, CONTRACTS, as_csv, everything, gp_events, ingested, write_extract

from copd_strat.checks.faults import inject
from copd_strat.contracts.contract import Contract
from copd_strat.extracts import checked_table, staging
from copd_strat.extracts.ingest import contracts_of, load_contracts
from copd_strat.extracts.layouts import LAYOUTS
from copd_strat.extracts.part_store import PartStore, StoredPart, remove_store
from copd_strat.extracts.source_files import find, open_file
from copd_strat.synthetic import SyntheticSettings, simulate_world
from copd_strat.synthetic.generate import write_world

KEY = b"a reference key of a site that does not exist"


class Nights:
    """Nights over one extract folder and one store; ``parsed`` are the files that the last one parsed."""

    def __init__(self, folder: Path, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self.root, self.number = folder, root, 0
        self.parsed: list[str] = []
        self.said: list[str] = []
        parse = staging._parse

        def noted(engine: Any, staged: Any, *rest: Any) -> None:
            self.parsed.append(staged.file.name)
            parse(engine, staged, *rest)

        monkeypatch.setattr(staging, "_parse", noted)

    @property
    def place(self) -> Path:
        return self.root / "store"

    def store(self, program: str = "this one", key: bytes = KEY) -> PartStore:
        return PartStore(folder=self.place, key=key, program=program, say=self.said.append)

    def run(self, layout: str = "native", store: PartStore | None = None, **given: Any) -> dict[str, Any]:
        self.number += 1
        self.parsed, self.said[:] = [], []
        with ingested(self.folder, self.root / str(self.number), layout, store=store, **given) as night:
            return everything(night)

    def entries(self) -> list[Path]:
        return sorted(path for path in self.place.iterdir())

    def entry_of(self, name: str) -> Path:
        (sealed,) = [
            entry for entry in self.entries() if entry.name.startswith(_sha256(self.folder / name) + "-")
        ]
        return sealed


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def nights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Nights:
    """An extract with its events in three parts, one of them packed, and one with a line that cannot be read."""
    folder, rows = write_extract(tmp_path / "in"), gp_events()
    (folder / "gp_events.csv").unlink()
    (folder / "gp_events_1.csv").write_text(as_csv(rows[:80]), encoding="utf-8")
    (folder / "gp_events_2.csv.gz").write_bytes(gzip.compress(as_csv(rows[80:150]).encode(), mtime=0))
    # a repeated row of another part, a date that cannot be, a line that has too few fields
    faulty = as_csv([*rows[150:], rows[3], rows[160] | {"event_date": "2025-13-01"}]) + "P0001,2025-01-01\n"
    (folder / "gp_events_3.csv").write_text(faulty, encoding="utf-8")
    return Nights(folder, tmp_path, monkeypatch)


ALL = {
    "patients.csv", "gp_events_1.csv", "gp_events_2.csv.gz", "gp_events_3.csv", "prescriptions.csv",
    "hospital_episodes.csv",
}  # fmt: skip


def test_a_night_with_the_store_finds_what_one_without_finds(nights: Nights) -> None:
    plain = nights.run()
    assert nights.run(store=nights.store()) == plain
    assert set(nights.parsed) == ALL
    again = nights.store()
    assert nights.run(store=again) == plain
    assert (nights.parsed, again.reused, nights.said) == ([], len(ALL), [])
    assert {name: plain["receipts"][1][name] for name in ("quarantined", "duplicates")} == {
        "quarantined": 2,
        "duplicates": 1,
    }


@pytest.mark.parametrize("faulty", [pytest.param(False, marks=pytest.mark.slow, id="clean"), True])
@pytest.mark.parametrize(
    "layout",
    [
        "emis",
        *(pytest.param(name, marks=pytest.mark.slow) for name in LAYOUTS if name not in ("native", "emis")),
    ],
)
def test_every_layout_comes_out_of_the_store_as_it_went_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, layout: str, faulty: bool
) -> None:
    world = simulate_world(SyntheticSettings(seed=5, practices=1, register=12, others=4, years=2))
    folder = write_world(world, tmp_path / "in", layout).extracts
    if faulty:
        contracts = contracts_of(LAYOUTS[layout], CONTRACTS, load_contracts(CONTRACTS, "native"))
        for contract in contracts.values():
            if files := find(folder, contract):
                inject(files, contract, seed=3)
    nights = Nights(folder, tmp_path, monkeypatch)
    first = nights.run(layout, nights.store())
    assert nights.parsed
    assert nights.run(layout, nights.store()) == first
    assert nights.parsed == []


def test_large_parquet_is_read_where_it_lies_and_its_values_from_the_store(
    nights: Nights, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checked_table, "_MANY_ROWS", 10)
    for number, part in enumerate(find(nights.folder, _contract("gp_events")), start=1):
        text = pa.csv.ConvertOptions(
            column_types=dict.fromkeys(("code", "code_system", "unit"), pa.string()), strings_can_be_null=True
        )
        skipped = pa.csv.ParseOptions(invalid_row_handler=lambda _: "skip")
        table = pa.csv.read_csv(part, convert_options=text, parse_options=skipped)
        pq.write_table(table, nights.folder / f"gp_events_{number}.parquet")
        part.unlink()
    plain = nights.run()
    assert nights.run(store=nights.store()) == plain
    assert nights.run(store=nights.store()) == plain
    assert nights.parsed == []
    assert not (nights.entry_of("gp_events_1.parquet") / "rows.parquet").exists()


def _contract(table: str) -> Contract:
    return load_contracts(CONTRACTS, "native")[table]


def test_what_looks_at_the_run_date_or_at_another_table_is_worked_out_anew(nights: Nights) -> None:
    nights.run(store=nights.store())
    patients = nights.folder / "patients.csv"
    lines = patients.read_text(encoding="utf-8").splitlines(keepends=True)
    patients.write_text("".join(lines[:-1]), encoding="utf-8")
    early = AS_OF - timedelta(days=600)
    plain = nights.run(as_of=early)
    assert nights.run(store=nights.store(), as_of=early) == plain
    assert nights.parsed == ["patients.csv"]
    rules = next(receipt["rules"] for receipt in plain["receipts"] if receipt["table"] == "gp_events")
    assert rules["native.gp_events.event_date.not_future"]
    assert rules["native.gp_events.patient_id.known_patient"]


def test_only_a_part_that_changed_or_came_is_parsed_and_one_that_went_is_gone(nights: Nights) -> None:
    nights.run(store=nights.store())
    before, old = {path.name for path in nights.entries()}, nights.entry_of("gp_events_1.csv").name
    rows = gp_events()
    (nights.folder / "gp_events_1.csv").write_text(as_csv(rows[:79]), encoding="utf-8")
    (nights.folder / "gp_events_4.csv").write_text(as_csv(rows[79:80]), encoding="utf-8")
    gone = nights.entry_of("gp_events_2.csv.gz").name
    (nights.folder / "gp_events_2.csv.gz").unlink()
    plain = nights.run()
    assert nights.run(store=nights.store()) == plain
    assert sorted(nights.parsed) == ["gp_events_1.csv", "gp_events_4.csv"]
    after = {path.name for path in nights.entries()}
    assert before - after == {old, gone}
    assert len(after - before) == 2


def test_what_is_no_longer_sent_is_gone_even_if_the_night_stops(nights: Nights) -> None:
    nights.run(store=nights.store())
    gone = nights.entry_of("prescriptions.csv")
    (nights.folder / "prescriptions.csv").unlink()
    (nights.folder / "patients.csv").write_text("patient_id\nP0001\n", encoding="utf-8")
    with pytest.raises(Exception, match="are missing"):
        nights.run(store=nights.store())
    assert not gone.exists()


def test_another_contract_program_or_word_for_a_gap_is_another_entry(nights: Nights) -> None:
    nights.run(store=nights.store())
    own = nights.root / "contracts"
    shutil.copytree(CONTRACTS, own)
    contract = own / "native" / "prescriptions.odcs.yaml"
    contract.write_text(
        contract.read_text(encoding="utf-8").replace("version: ", "version: 9.", 1), encoding="utf-8"
    )
    plain = nights.run(contracts=own)
    assert nights.run(store=nights.store(), contracts=own) == plain
    assert nights.parsed == ["prescriptions.csv"]
    assert len(nights.entries()) == len(ALL)  # the entry of the other contract is gone
    file = open_file(nights.folder / "prescriptions.csv", nights.folder, _contract("prescriptions"))
    content = _sha256(file.path)
    agreed = _contract("prescriptions")
    names = {
        nights.store(program).part(content, file, agreed, gaps=gaps, work=nights.root / "names").entry.name
        for program in ("this one", "another")
        for gaps in ((), ("n/k",))
    }
    assert len(names) == 4


def _poisoned(entry: Path) -> None:
    """Other rows, consistent in themselves: as many, with another patient."""
    rows = entry / "rows.parquet"
    duckdb.sql(
        f"COPY (SELECT * REPLACE ('P0001' AS patient_id) FROM '{rows}') TO '{entry / 'draft'}' (FORMAT parquet)"
    )
    (entry / "draft").replace(rows)


def _resealed(entry: Path) -> None:
    """By somebody who knows the program, but not the site's key."""
    _poisoned(entry)
    _seal_again(entry, b"a guess")


def _seal_again(entry: Path, secret: bytes) -> None:
    elsewhere = entry.parent.parent / "forged"
    entry.rename(elsewhere)
    StoredPart(entry=entry, folder=elsewhere, secret=secret).seal()


def _swapped(entry: Path) -> None:
    """Another entry of the same store, with its own seal, under this entry's name."""
    other = next(path for path in entry.parent.iterdir() if path != entry)
    shutil.rmtree(entry)
    shutil.copytree(other, entry)


def _linked(entry: Path) -> None:
    elsewhere = entry.parent.parent / "elsewhere"
    entry.rename(elsewhere)
    entry.symlink_to(elsewhere)


DAMAGE = {
    "a byte": lambda entry: (entry / "values.parquet").write_bytes(
        b"x" + (entry / "values.parquet").read_bytes()[1:]
    ),
    "cut off": lambda entry: (entry / "rows.parquet").write_bytes(b""),
    "a file lacks": lambda entry: (entry / "rows.parquet").unlink(),
    "a file more": lambda entry: (entry / "broken.parquet").write_bytes(b"more"),
    "no seal": lambda entry: (entry / "seal").unlink(),
    "another seal": lambda entry: (entry / "seal").write_text("0" * 64, encoding="ascii"),
    "other rows": _poisoned,
    "other rows and a seal": _resealed,
    "of another file": _swapped,
    "a link": _linked,
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_seal_fits_nothing_but_what_was_sealed(tmp_path: Path, damage: str) -> None:
    entry = _sealed(tmp_path / "store" / "one", "P0007")
    _sealed(tmp_path / "store" / "two", "P0008")
    assert replace(entry, folder=tmp_path / "before").fetch()
    DAMAGE[damage](entry.entry)
    assert not replace(entry, folder=tmp_path / "after").fetch()


def _sealed(place: Path, patient: str) -> StoredPart:
    folder = place.parent.parent / "work" / place.name
    folder.mkdir(parents=True)
    for name in ("rows", "values"):
        duckdb.sql(
            f"COPY (SELECT '{patient}' AS patient_id FROM range(9)) TO '{folder}/{name}.parquet' (FORMAT parquet)"
        )
    entry = StoredPart(entry=place, folder=folder, secret=KEY)
    entry.seal()
    return entry


def test_entries_that_are_not_as_they_were_sealed_are_told_and_made_anew(nights: Nights) -> None:
    first = nights.run(store=nights.store())
    kinds = ("a byte", "other rows", "other rows and a seal", "no seal", "of another file", "a link")
    for name, damage in zip(sorted(ALL), kinds, strict=True):
        DAMAGE[damage](nights.entry_of(name))
    assert nights.run(store=nights.store()) == first
    assert set(nights.parsed) == ALL
    assert sorted(nights.said) == [
        f"store: what was kept of {name} is damaged; the file is parsed anew" for name in sorted(ALL)
    ]
    assert nights.run(store=nights.store()) == first
    assert (nights.parsed, nights.said) == ([], [])


def test_without_its_seal_such_an_entry_would_be_used(
    nights: Nights, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The test above can fail: it is the seal that tells."""
    first = nights.run(store=nights.store())
    _poisoned(nights.entry_of("gp_events_1.csv"))
    monkeypatch.setattr(hmac, "compare_digest", lambda there, fits: True)
    assert nights.run(store=nights.store()) != first


def test_rows_that_an_entry_lacks_are_missed_by_the_second_count(nights: Nights) -> None:
    """Even under a seal that fits: the rows of a text file are counted in the file itself, every night."""
    nights.run(store=nights.store())
    entry = nights.entry_of("gp_events_1.csv")
    rows = entry / "rows.parquet"
    duckdb.sql(f"COPY (SELECT * FROM '{rows}' WHERE _line > 5) TO '{entry / 'draft'}' (FORMAT parquet)")
    (entry / "draft").replace(rows)
    _seal_again(entry, nights.store().secret)
    receipt = nights.run(store=nights.store())["receipts"][1]
    assert nights.parsed == []
    assert receipt["rows_in"] == receipt["loaded"] + receipt["quarantined"] + receipt["duplicates"] + 5


def test_the_store_is_closed_to_others_and_may_be_deleted_at_any_time(nights: Nights) -> None:
    first = nights.run(store=nights.store())
    shutil.rmtree(nights.place)
    assert nights.run(store=nights.store()) == first
    assert set(nights.parsed) == ALL
    assert {stat.S_IMODE(path.stat().st_mode) for path in _all_below(nights.place) if path.is_dir()} == {
        0o700
    }
    assert {stat.S_IMODE(path.stat().st_mode) for path in _all_below(nights.place) if path.is_file()} == {
        0o600
    }
    (nights.place / "note.txt").write_text("not ours", encoding="utf-8")
    nights.store().keep_sent([])
    assert [path.name for path in nights.entries()] == ["note.txt"]
    remove_store(nights.root)
    assert not nights.place.exists()


def _all_below(folder: Path) -> Iterator[Path]:
    yield folder
    yield from folder.rglob("*")


def test_the_store_may_be_deleted_while_a_night_reads(
    nights: Nights, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = nights.run()
    keep = staging._with_dates

    def deleting(*given: Any) -> Any:
        """Behind the first and every other file that was parsed or fetched."""
        shutil.rmtree(nights.place, ignore_errors=True)
        return keep(*given)

    monkeypatch.setattr(staging, "_with_dates", deleting)
    assert nights.run(store=nights.store()) == plain
    monkeypatch.undo()
    nights.run(store=nights.store())
    monkeypatch.setattr(staging, "_with_dates", deleting)
    assert nights.run(store=nights.store()) == plain


def test_a_file_that_is_refused_leaves_nothing_that_counts(nights: Nights) -> None:
    events = gp_events()
    for row in events:
        row["unit"] = "born 01/02/1950"
    (nights.folder / "gp_events_1.csv").write_text(as_csv(events), encoding="utf-8")
    for _ in range(2):
        with pytest.raises(Exception, match="holds"):
            nights.run(store=nights.store())
        assert nights.parsed[-1] == "gp_events_1.csv"
