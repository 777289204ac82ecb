"""Files as they should not come: whatever is wrong, no reader crashes, and every row is accounted for."""

from __future__ import annotations

import gzip
import os
from collections.abc import Callable
from contextlib import nullcontext, suppress
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from extract_world import as_csv, contract, gp_events, ingested, write_extract
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from one_file import accounted, column, let_in, typed_values, write_columns

from copd_strat.errors import CopdStratError, IdentifiableDataError, InputError
from copd_strat.extracts import identifier_gate, source_files, staging, text_blocks
from copd_strat.extracts.source_files import SourceFile, scan
from copd_strat.quality.reconciliation import rows_add_up

# layout, table, file, delimiter: with and without quotes, title lines, several date formats
FILES = [
    ("native", "gp_events", "gp_events.csv", ","),
    ("native", "gp_events", "gp_events.tsv", "\t"),
    ("cprd_aurum", "observation", "x_Observation_001.txt", "\t"),
    ("emis", "report_events", "report_events.csv", ","),
    ("nhse", "gdppr", "gdppr.csv", ","),
    ("omop", "observation", "observation.csv", ","),
    ("tpp", "srcode", "SRCode.csv", ","),
]


def text_file(layout: str, table: str, delimiter: str, rows: int = 30) -> bytes:
    """A small file of the table: every column, values that look like its type."""
    agreed = contract(table, layout)
    day = {
        "%Y-%m-%d": "2025-02-03",
        "%d/%m/%Y": "03/02/2025",
        "%d %b %Y %H:%M:%S": "03 Feb 2025 09:30:00",
    }.get(agreed.date_formats[0], "03-Feb-2025")
    value = {"date": day, "integer": "7", "number": "1.5", "boolean": "true", "string": "A1"}
    lines = [delimiter.join(c.name for c in agreed.columns)]
    lines += [delimiter.join(f"{value[c.type]}" for c in agreed.columns)] * rows
    return ("\n".join(lines) + "\n").encode()


PIECES = st.sampled_from(
    [
        b'"',
        b'""',
        b'"x"y',
        b",",
        b"\t",
        b";",
        b"\n",
        b"\r",
        b"\r\n",
        b"\x00",
        b"\xff",
        b"\xe9",
        b"\xef\xbb\xbf",
        b" ",
        b'\n"\n',
        b"NULL",
    ]
)
DAMAGE = st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 4), PIECES), min_size=1, max_size=6)


def spoiled(content: bytes, damage: list[tuple[int, int, bytes]]) -> bytes:
    for place, taken, piece in damage:
        at = place % (len(content) + 1)
        content = content[:at] + piece + content[at + taken :]
    return content


@pytest.mark.parametrize(("layout", "table", "name", "delimiter"), FILES)
@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(damage=DAMAGE)
@example(damage=[(400, 0, b"\r")])
@example(damage=[(400, 0, b'"'), (500, 0, b'"')])
def test_bytes_out_of_place_are_refused_or_accounted_for(
    tmp_path_factory: pytest.TempPathFactory,
    layout: str,
    table: str,
    name: str,
    delimiter: str,
    damage: list[tuple[int, int, bytes]],
) -> None:
    path = tmp_path_factory.mktemp("damage") / name
    path.write_bytes(spoiled(text_file(layout, table, delimiter), damage))
    with suppress(CopdStratError), let_in(path, table, layout) as (engine, source):
        assert accounted(engine, source) == source.rows_in


@pytest.mark.parametrize(("layout", "table", "name", "delimiter"), FILES)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("last", [True, False])
def test_every_encoding_and_line_end_gives_the_same_rows_in_every_layout(
    tmp_path: Path, layout: str, table: str, name: str, delimiter: str, end: str, encoding: str, last: bool
) -> None:
    text = text_file(layout, table, delimiter).decode()
    text = (text if last else text.rstrip("\n")).replace("\n", end)
    path = tmp_path / name
    path.write_bytes(text.encode(encoding))
    with let_in(path, table, layout) as (engine, source):
        assert source.rows_in == accounted(engine, source) == 30
        assert engine.scalar(f"SELECT count(*) FROM ({source.rows})") == 30


def test_packed_and_of_another_alphabet_at_once(tmp_path: Path) -> None:
    path = tmp_path / "gp_events.csv.gz"
    path.write_bytes(
        gzip.compress(as_csv(gp_events()).replace(",", ";").replace("\n", "\r\n").encode("utf-16"))
    )
    with let_in(path, "gp_events") as (engine, source):
        assert accounted(engine, source) == source.rows_in == 200
        assert source.file.notes == (
            "the text is UTF-16-LE",
            "its fields are separated by semicolon, not comma",
        )


NOT_TEXT = {
    "a workbook": (b"PK\x03\x04rest", "holds a workbook or a zip file"),
    "Parquet": (b"PAR1rest", "holds Parquet"),
    "gzip": (gzip.compress(b"a,b\n"), "holds gzip"),
    "FHIR": (b'{"resourceType": "Patient"}\n', "holds JSON"),
    "a web page": (b"<html>", "holds XML or HTML"),
    "UTF-32": ("patient_id\n".encode("utf-32"), "UTF-32"),
}


@pytest.mark.parametrize(("content", "words"), NOT_TEXT.values(), ids=NOT_TEXT.keys())
def test_another_kind_of_file_under_a_name_of_text_is_named(
    tmp_path: Path, content: bytes, words: str
) -> None:
    path = tmp_path / "gp_events.csv"
    path.write_bytes(content)
    with pytest.raises(InputError, match=words), let_in(path, "gp_events"):
        pass


def rows_with(count: int, old: str, new: str | bytes) -> bytes:
    """200 events, the first ``count`` of which have ``new`` for ``old``."""
    content = as_csv(gp_events()).encode()
    return content.replace(old.encode(), new if isinstance(new, bytes) else new.encode(), count)


MANY_BROKEN = {
    "Windows-1252": (b",snom\xe9d,", "200 lines hold bytes that are not UTF-8"),
    "zero bytes": (b",sno\x00med,", "200 lines hold bytes that are not UTF-8"),
    "quotes inside": (b',"say "snomed" now",', "200 lines have a quote in the middle of a field"),
}


@pytest.mark.parametrize(("new", "words"), MANY_BROKEN.values(), ids=MANY_BROKEN.keys())
def test_damage_of_the_whole_file_is_one_sentence_and_of_a_few_lines_a_quarantine(
    tmp_path: Path, new: bytes, words: str
) -> None:
    path = tmp_path / "gp_events.csv"
    path.write_bytes(rows_with(200, ",snomed,", new))
    with pytest.raises(InputError, match=words), let_in(path, "gp_events"):
        pass
    path.write_bytes(rows_with(2, ",snomed,", new))
    with let_in(path, "gp_events") as (engine, source):
        assert engine.scalar(f"SELECT count(*) FROM ({source.broken})") == 2
        assert source.rows_in == 200


@pytest.mark.parametrize("new", [b"sn\xe9omed", b"sno\x00med"])
@pytest.mark.parametrize("columns", [1, 8])
def test_bad_bytes_in_columns_nobody_reads_are_set_aside_with_their_lines(
    tmp_path: Path, new: bytes, columns: int
) -> None:
    path = tmp_path / "gp_events.csv"
    unread = {f"comment {n}": "seen" for n in range(columns)}
    content = as_csv([unread | row for row in gp_events()]).encode()
    path.write_bytes(content.replace(b"seen", new, columns * 2))
    with let_in(path, "gp_events") as (engine, source):
        assert engine.scalar(f"SELECT count(*) FROM ({source.rows})") == 198
        assert engine.scalar(f"SELECT count(*) FROM ({source.broken})") == 2


def test_a_line_longer_than_the_loader_takes_is_quarantined(tmp_path: Path) -> None:
    path = tmp_path / "gp_events.csv"
    path.write_bytes(rows_with(1, ",snomed,", "," + "x" * 3_000_000 + ","))
    with let_in(path, "gp_events") as (engine, source):
        assert accounted(engine, source) == source.rows_in == 200


def test_a_name_that_is_not_utf8_is_refused_where_it_would_be_read_and_told_where_not(tmp_path: Path) -> None:
    folder = write_extract(tmp_path / "in")
    odd = os.fsdecode(b"notes_\xe9.csv")
    (folder / odd).write_text("a,b\n", encoding="utf-8")
    with ingested(folder, tmp_path / "a") as night:
        assert night.ingested.warnings[0].startswith("notes_\\xe9.csv: not read")
    (folder / odd).rename(folder / os.fsdecode(b"gp_events_\xe9.csv"))
    with (
        pytest.raises(InputError, match=r"gp_events_\\xe9\.csv: the file's name is not UTF-8"),
        ingested(folder, tmp_path / "b"),
    ):
        pass


ENGINE_NAMES = [
    "file_row_number",
    "FILE_ROW_NUMBER",
    "filename",
    "file_index",
    "_line",
    "_file",
    "_mask",
    "_hash",
    "rowid",
    "r",
    "t",
    "p",
    'a"b',
    "a.b",
    "*",
    "",
]


@pytest.mark.parametrize("name", ENGINE_NAMES)
@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_a_column_with_a_name_of_the_engine_s_own_is_an_unread_column(
    tmp_path: Path, name: str, ending: str
) -> None:
    rows = [row | {name: str(n), "value": "1"} for n, row in enumerate(gp_events())]
    path = tmp_path / f"gp_events.{ending}"
    if ending == "csv":
        path.write_text(as_csv(rows), encoding="utf-8")
    else:
        pq.write_table(pa.Table.from_pylist(rows), path)
    with let_in(path, "gp_events") as (engine, source):
        assert list(source.file.columns)[-1] == (name or "column 8 (no name)")
        assert bool(source.file.notes) is (name == "")
        assert column(engine, source, "patient_id") == [row["patient_id"] for row in rows]
        assert accounted(engine, source) == source.rows_in == 200


def test_columns_without_a_name_are_ignored_and_told(tmp_path: Path) -> None:
    text = "\n".join(f",{line}," for line in as_csv(gp_events()).splitlines())
    path = tmp_path / "gp_events.csv"
    path.write_text(text, encoding="utf-8")
    with let_in(path, "gp_events") as (_, source):
        assert source.file.notes == ("2 columns have no name (1, 9) and are not read",)


@pytest.mark.parametrize("names", [("code", "code"), ("code", "CODE"), ("code", '"Code"')])
def test_a_repeated_header_is_refused_with_both_spellings(tmp_path: Path, names: tuple[str, str]) -> None:
    path = tmp_path / "gp_events.csv"
    path.write_text(f"patient_id,event_date,{','.join(names)}\n", encoding="utf-8")
    with (
        pytest.raises(
            InputError, match=r"column code stands more than once in the header \(code, (?i:code)\)"
        ),
        let_in(path, "gp_events"),
    ):
        pass


ODD_TYPES = {
    "lists": pa.array([["a"]] * 3),
    "structures": pa.array([{"a": 1}] * 3),
    "maps": pa.array([[("a", 1)]] * 3, pa.map_(pa.string(), pa.int64())),
    "bytes": pa.array([b"a"] * 3),
    "bytes that are no text": pa.array([b"\xff"] * 3),
    "nothing": pa.nulls(3),
    "times": pa.array([1] * 3, pa.time64("us")),
    "durations": pa.array([1] * 3, pa.duration("s")),
    "decimals": pa.array([Decimal("1.50")] * 3),
    "booleans": pa.array([True] * 3),
    "whole numbers": pa.array([20250203] * 3),
    "floats": pa.array([1.5, float("inf"), float("nan")]),
    "a dictionary": pa.array(["a", "b", "a"]).dictionary_encode(),
    "large text": pa.array(["a"] * 3, pa.large_string()),
    "half floats": pa.array([1.0] * 3).cast(pa.float16()),
    "fixed bytes": pa.array([b"ab"] * 3, pa.binary(2)),
}


@pytest.mark.parametrize("name", ["patient_id", "event_date", "value", "unit"])
@pytest.mark.parametrize("values", ODD_TYPES.values(), ids=ODD_TYPES.keys())
def test_a_parquet_column_of_any_type_is_read_or_refused(tmp_path: Path, name: str, values: pa.Array) -> None:
    columns: dict[str, Any] = {
        "patient_id": ["P0001"] * 3,
        "event_date": ["2025-02-03"] * 3,
        "code": ["1"] * 3,
        "value": [1.5] * 3,
        "unit": ["mL"] * 3,
    }
    path = write_columns(tmp_path / "gp_events.parquet", columns | {name: values})
    with suppress(CopdStratError), let_in(path, "gp_events") as (engine, source):
        assert accounted(engine, source) == source.rows_in == 3
        assert len(typed_values(engine, source, "gp_events")) == 3


def _flip(path: Path, places: range) -> None:
    content = bytearray(path.read_bytes())
    for place in places:
        content[place] ^= 4
    path.write_bytes(content)


@pytest.mark.parametrize("packing", ["snappy", "none", "zstd"])
def test_a_flipped_bit_in_a_page_with_a_checksum_is_refused(tmp_path: Path, packing: str) -> None:
    columns = {
        "patient_id": [f"P{n:04d}" for n in range(400)],
        "event_date": ["2025-02-03"] * 400,
        "code": ["1"] * 400,
    }
    for checksums in (True, False):
        path = write_columns(
            tmp_path / str(checksums) / "gp_events.parquet",
            columns,
            compression=packing,
            write_page_checksum=checksums,
            use_dictionary=False,
        )
        with let_in(path, "gp_events") as (engine, source):
            assert accounted(engine, source) == 400
        _flip(path, range(300, 301))
        if checksums:
            with pytest.raises(InputError, match="differs from its checksum"), let_in(path, "gp_events"):
                pass


def _every_seventh_dropped(scan: Callable[..., str]) -> Callable[..., str]:
    def broken(file: SourceFile, *args: Any, **kwargs: Any) -> str:
        dropped = " WHERE _line % 7 <> 0" if file.name.startswith("gp_events") else ""
        return f"SELECT * FROM ({scan(file, *args, **kwargs)}){dropped}"

    return broken


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_a_loader_that_drops_rows_is_found_by_the_other_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str
) -> None:
    """The product is broken here, not an object made by hand."""
    folder = write_extract(tmp_path / "in")
    if ending == "parquet":
        (folder / "gp_events.csv").unlink()
        pq.write_table(
            pa.Table.from_pylist([row | {"value": "1"} for row in gp_events()]),
            folder / "gp_events.parquet",
            row_group_size=50,
        )
    with ingested(folder, tmp_path / "a") as night:
        assert rows_add_up(night.ingested.tables).success
    monkeypatch.setattr(staging, "scan", _every_seventh_dropped(source_files.scan))
    with ingested(folder, tmp_path / "b") as night:
        (found,) = rows_add_up(night.ingested.tables).failures
        assert found.table == f"native.gp_events: gp_events.{ending}"
        assert (found.observed["rows_in"], found.observed["loaded"]) == (200, 172)


def test_a_reader_that_skips_a_row_group_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write_extract(tmp_path / "in")
    (folder / "gp_events.csv").unlink()
    pq.write_table(
        pa.Table.from_pylist([row | {"value": "1"} for row in gp_events()]),
        folder / "gp_events.parquet",
        row_group_size=50,
    )
    whole = source_files.scan
    monkeypatch.setattr(
        staging,
        "scan",
        lambda file, *args, **kwargs: (
            f"SELECT * FROM ({whole(file, *args, **kwargs)})"
            + ("" if file.is_text else " WHERE _line NOT BETWEEN 51 AND 100")
        ),
    )
    with ingested(folder, tmp_path) as night:
        (found,) = rows_add_up(night.ingested.tables).failures
        assert (found.observed["rows_in"], found.observed["loaded"]) == (200, 150)


def test_rejected_lines_are_part_of_the_equation(tmp_path: Path) -> None:
    folder = write_extract(tmp_path / "in")
    lines = as_csv(gp_events()).splitlines()
    lines[20:20] = ["cut off", "", "too,many," + "," * 9 + "x"]
    (folder / "gp_events.csv").write_text("\n".join(lines), encoding="utf-8")
    with ingested(folder, tmp_path) as night:
        assert night.receipt("gp_events").totals == {
            "rows_in": 202,
            "loaded": 200,
            "quarantined": 2,
            "duplicates": 0,
        }
        assert rows_add_up(night.ingested.tables).success


# In the footer of a Parquet file, in Thrift's compact form (parquet.thrift): a text column that may have gaps, and
# the file's two rows.
OPTIONAL_TEXT, TWO_ROWS = b"\x15\x0c\x25\x02", b"\x16\x04"
FOOTERS = {
    "statistics that do not fit the column": (OPTIONAL_TEXT, OPTIONAL_TEXT[:-1] + b"\x00"),
    "a name that is not UTF-8": (b"patient_id", b"pati\xb2nt_id"),
    "more rows than are there": (TWO_ROWS, b"\x16\x06"),
    "a column's name that its row group does not know": (b"unit", b"univ"),
}


@pytest.mark.parametrize(("there", "instead"), FOOTERS.values(), ids=FOOTERS.keys())
def test_a_damaged_footer_is_refused(tmp_path: Path, there: bytes, instead: bytes) -> None:
    """Found by 'make fuzz'; of the first, pyarrow's own look at the column would end the process."""
    columns = {
        "patient_id": ["P1", "P2"],
        "event_date": ["2025-02-03"] * 2,
        "code": ["1"] * 2,
        "unit": ["x"] * 2,
    }
    path = write_columns(
        tmp_path / "gp_events.parquet", columns, compression="none", write_page_checksum=True
    )
    content = path.read_bytes()
    footer = len(content) - 8 - int.from_bytes(content[-8:-4], "little")
    path.write_bytes(content[:footer] + content[footer:].replace(there, instead, 1))
    with pytest.raises(InputError, match=r"gp_events\.parquet"), let_in(path, "gp_events"):
        pass


def test_many_columns_that_nobody_reads_cost_one_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = []
    monkeypatch.setattr(
        identifier_gate, "scan", lambda *given, **more: looks.append(given) or scan(*given, **more)
    )
    names = ["patient_id", "event_date", "code", *(f"c{n}" for n in range(40)), "Case", "case"]
    values = ["P1", "2025-02-03", "1", *["x"] * 41, "y"]
    path = tmp_path / "gp_events.csv"
    path.write_text(f"{','.join(names)}\n{','.join(values)}\n", encoding="utf-8")
    with let_in(path, "gp_events") as (engine, source):
        assert accounted(engine, source) == 1
    assert len(looks) == 1
    path.write_text(f"{','.join(names)}\n{','.join(values[:-1])},a@b.nhs.uk\n", encoding="utf-8")
    with pytest.raises(IdentifiableDataError, match="case holds e-mail"), let_in(path, "gp_events"):
        pass


def test_a_header_without_end_is_no_header(tmp_path: Path) -> None:
    path = tmp_path / "gp_events.csv"
    path.write_text("patient_id,event_date,code," + ",".join(f"c{n}" for n in range(100_000)) + "\n")
    with pytest.raises(InputError, match="the header names 100,003 columns"), let_in(path, "gp_events"):
        pass


def test_a_nested_column_that_nobody_reads_is_named_alike_in_both_places(tmp_path: Path) -> None:
    columns = {"patient_id": ["P1"], "event_date": ["2025-02-03"], "code": ["1"]}
    nested = {"a, b.c": [1], "deep": [{"x, y": 1, "z.w": [1, 2]}]}
    path = write_columns(tmp_path / "gp_events.parquet", columns | nested)
    with let_in(path, "gp_events") as (engine, source):
        assert accounted(engine, source) == 1


def test_a_packed_text_that_grows_beyond_reason_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text_blocks, "_MIN_SUSPECT_BYTES", 50_000)
    first, row, *_ = as_csv(gp_events()).encode().splitlines(keepends=True)
    path = tmp_path / "gp_events.csv.gz"
    for rows, refused in ((500, False), (20_000, True)):  # the same row, which packs as well as anything
        path.write_bytes(gzip.compress(first + row * rows))
        expected = pytest.raises(InputError, match="grows beyond reason") if refused else nullcontext()
        with expected, let_in(path, "gp_events") as (engine, source):
            assert accounted(engine, source) == rows


ENDLESS = {
    "a header": (b"x" * 200_000 + b"\n", "the header has a name of more than 131,072 characters"),
    "a line": (b"P1,2025-01-01," + b"x" * 13_000_000 + b"\n", "line 2 does not end within 8 MB"),
    "blank lines": (b"\n" * 1_000_001, "holds 1,000,001 blank lines"),
}


@pytest.mark.parametrize(("content", "words"), ENDLESS.values(), ids=ENDLESS.keys())
def test_what_has_no_end_is_refused_by_what_it_is(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "gp_events.csv"
    head = b"" if content.startswith(b"x") else b"patient_id,event_date,code\n"
    path.write_bytes(head + content + b"P1,2025-01-01,1\n")
    with pytest.raises(InputError, match=words), let_in(path, "gp_events"):
        pass
