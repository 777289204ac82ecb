"""Files that are missing, misnamed, cut off or written in another way: a clear error, or the same rows."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable
from pathlib import Path

import pyarrow.csv
import pyarrow.parquet
import pytest
from extract_world import as_csv, gp_events, ingested, write_extract

from copd_strat.errors import ConfigError, CopdStratError, InputError

Spoil = Callable[[str], bytes]


def _quoted_over_lines(text: str, first: int, last: int) -> bytes:
    lines = text.splitlines()
    lines[first] = lines[first].replace(",13645005", ',"13645005')
    lines[last] = lines[last].replace("13645005,", '13645005",')
    return "\n".join(lines).encode()


REFUSED: dict[str, tuple[Spoil, type[CopdStratError], str]] = {
    "a missing column": (
        lambda text: text.replace("event_date", "when", 1).encode(),
        InputError,
        "gp_events.csv: column event_date is missing; most likely renamed: no contract knows column when of it",
    ),
    "a title above the header": (
        lambda text: ("Extract of 26 Nov 2026,,,\n\n" + text).encode(),
        InputError,
        "the names of the columns stand in line 3, below a title",
    ),
    "a title, and semicolons": (
        lambda text: ("Extract of 26 Nov 2026;;\n" + text.replace(",", ";")).encode(),
        InputError,
        "the names of the columns stand in line 2, below a title",
    ),
    "a column twice": (
        lambda text: text.replace("unit", "code", 1).encode(),
        InputError,
        "column code stands more than once",
    ),
    "a Latin-1 header": (
        lambda text: text.replace("unit", "unité", 1).encode("latin-1"),
        InputError,
        "the header is not UTF-8",
    ),
    "no bytes": (lambda text: b"", InputError, "the file is empty"),
    "no header": (
        lambda text: b"\n",
        InputError,
        "all that native.gp_events requires: a file without a header",
    ),
    "rows without a header": (
        lambda text: text.split("\n", 1)[1].encode(),
        InputError,
        "all that native.gp_events requires: a file without a header, or of another table or layout",
    ),
    "a quote that never closes": (
        lambda text: text.replace(",13645005", ',"13645005', 1).encode(),
        InputError,
        "a quote opens in line 2 and is not closed",
    ),
    "a quote that closes too late": (
        lambda text: _quoted_over_lines(text, 1, 40),
        InputError,
        "column code holds line breaks",
    ),
}


@pytest.mark.parametrize(("spoil", "error", "words"), REFUSED.values(), ids=REFUSED.keys())
def test_a_spoiled_file_is_refused_with_its_name_and_the_mend(
    tmp_path: Path, spoil: Spoil, error: type[CopdStratError], words: str
) -> None:
    folder = write_extract(tmp_path / "in")
    path = folder / "gp_events.csv"
    path.write_bytes(spoil(path.read_text(encoding="utf-8")))
    with pytest.raises(error) as raised, ingested(folder, tmp_path):
        pass
    assert words in str(raised.value)
    assert raised.value.fix
    assert "13645005" not in str(raised.value), "what a file without a header holds is no name"


def test_a_missing_table_is_refused_if_it_is_needed_and_reported_absent_if_not(tmp_path: Path) -> None:
    folder = write_extract(tmp_path / "in")
    (folder / "hospital_episodes.csv").unlink()
    with ingested(folder, tmp_path / "a") as night:
        present = dict(night.engine.rows("SELECT table_name, present FROM source_tables"))
        assert present["gp_events"] is True
        assert present["hospital_episodes"] is False
        assert night.count("hospital_episodes") == 0
    (folder / "gp_events.csv").unlink()
    with pytest.raises(InputError, match="no file for table gp_events"), ingested(folder, tmp_path / "b"):
        pass


def test_an_empty_table_that_may_be_absent_is_present_and_empty(tmp_path: Path) -> None:
    folder = write_extract(tmp_path / "in")
    path = folder / "hospital_episodes.csv"
    path.write_text(path.read_text(encoding="utf-8").splitlines()[0] + "\n", encoding="utf-8")
    with ingested(folder, tmp_path) as night:
        present = dict(night.engine.rows("SELECT table_name, present FROM source_tables"))
        assert present["hospital_episodes"] is True
        assert night.receipt("hospital_episodes").totals["rows_in"] == 0


def _as_gzip(folder: Path) -> None:
    path = folder / "gp_events.csv"
    (folder / "gp_events.csv.gz").write_bytes(gzip.compress(path.read_bytes()))
    path.unlink()


def _as_tab_text(folder: Path) -> None:
    (folder / "gp_events.txt").write_text(as_csv(gp_events(), "\t"), encoding="utf-8")
    (folder / "gp_events.csv").unlink()


def _as_parquet(folder: Path) -> None:
    path = folder / "gp_events.csv"
    table = pyarrow.csv.read_csv(path)
    path.unlink()
    (folder / "gp_events").mkdir()
    for part in range(4):
        pyarrow.parquet.write_table(table.slice(part * 50, 50), folder / "gp_events" / f"p{part}.parquet")


def _as_padded_parquet(folder: Path) -> None:
    """Fixed-width columns of a database, exported without trimming; nothing is an empty text, not a gap."""
    rows = [
        {name: f"{value:<12}" if value else "" for name, value in row.items()}
        | {"event_date": row["event_date"], "value": None}
        for row in gp_events()
    ]
    (folder / "gp_events.csv").unlink()
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), folder / "gp_events.parquet")


def _as_parts(folder: Path) -> None:
    rows = gp_events()
    (folder / "gp_events.csv").unlink()
    for part in range(4):
        text = as_csv(rows[part::4])
        (folder / f"gp_events_{3 - part}.csv").write_text(text, encoding="utf-8")


def _with_mark_and_windows_line_ends(folder: Path) -> None:
    path = folder / "gp_events.csv"
    path.write_bytes(path.read_text(encoding="utf-8").replace("\n", "\r\n").encode("utf-8-sig"))


def _respelled(change: Callable[[str], bytes]) -> Callable[[Path], None]:
    def rewrite(folder: Path) -> None:
        path = folder / "gp_events.csv"
        path.write_bytes(change(path.read_text(encoding="utf-8")))

    return rewrite


def _with_capital_ending(folder: Path) -> None:
    (folder / "gp_events.csv").rename(folder / "GP_EVENTS.CSV")


def _named_like_a_pattern(folder: Path) -> None:
    """Square brackets and stars must not be read as a pattern for several files."""
    text = (folder / "gp_events.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    (folder / "gp_events.csv").unlink()
    (folder / "gp_events_[1].csv").write_text("".join(text[:100]), encoding="utf-8")
    (folder / "gp_events_1.csv").write_text(text[0] + "".join(text[100:150]), encoding="utf-8")
    (folder / "gp_events_*.csv").write_text(text[0] + "".join(text[150:]), encoding="utf-8")


RESPELLED: dict[str, Callable[[str], bytes]] = {
    "semicolons": lambda text: text.replace(",", ";").encode(),
    "pipes": lambda text: text.replace(",", "|").encode(),
    "tabs in a .csv": lambda text: text.replace(",", "\t").encode(),
    "quoted tab text": lambda text: re.sub(r"[^\t\n]+", r'"\g<0>"', text.replace(",", "\t")).encode(),
    "UTF-16": lambda text: text.encode("utf-16"),
    "UTF-16 big end first": lambda text: b"\xfe\xff" + text.encode("utf-16-be"),
    "UTF-16 without mark": lambda text: text.encode("utf-16-le"),
    "carriage returns": lambda text: text.replace("\n", "\r").encode(),
    "two returns and a feed": lambda text: text.replace("\n", "\r\r\n").encode(),
    "line ends of every kind": lambda text: (
        text.replace("\n", "\r\n", 50)[::-1].replace("\n", "\r", 20)[::-1].encode()
    ),
    "no last line end": lambda text: text.rstrip("\n").encode(),
    "blank lines": lambda text: ("\n\n" + text.replace("\n", "\n\n")).encode(),
    "all quoted": lambda text: re.sub(r"[^,\n]+", r'"\g<0>"', text).encode(),
    "blanks before quotes": lambda text: re.sub(r",([^,\n]+)", r', "\1"', text).encode(),
    "trailing commas": lambda text: text.replace("\n", ",\n").encode(),
    "trailing commas in the header alone": lambda text: text.replace("\n", ",,\n", 1).encode(),
    "trailing commas in the rows alone": lambda text: (
        text.replace("\n", ",\n").replace(",\n", "\n", 1).encode()
    ),
    "row numbers without a name": lambda text: "\n".join(
        f'"{number or ""}",{line}' for number, line in enumerate(text.splitlines())
    ).encode(),
    "two columns without a name": lambda text: "\n".join(
        f"{number or ''},{line},{number or ''}" for number, line in enumerate(text.splitlines())
    ).encode(),
}


def _with_other_case_and_order(folder: Path) -> None:
    rows = [{name.upper(): row[name] for name in reversed(row)} for row in gp_events()]
    (folder / "gp_events.csv").write_text(as_csv(rows), encoding="utf-8")


@pytest.mark.parametrize(
    "rewrite",
    [
        _as_gzip,
        _as_tab_text,
        _as_parquet,
        _as_padded_parquet,
        _as_parts,
        _with_mark_and_windows_line_ends,
        _with_other_case_and_order,
        _with_capital_ending,
        _named_like_a_pattern,
        *(pytest.param(_respelled(change), id=name) for name, change in RESPELLED.items()),
    ],
)
def test_the_same_rows_come_out_of_any_kind_of_file(tmp_path: Path, rewrite: Callable[[Path], None]) -> None:
    folder = write_extract(tmp_path / "in")
    query = "SELECT * FROM gp_events ORDER BY ALL"
    with ingested(folder, tmp_path / "a") as night:
        expected = night.engine.rows(query)
    rewrite(folder)
    with ingested(folder, tmp_path / "b") as night:
        assert night.engine.rows(query) == expected
        assert len(expected) == 200
        assert not night.ingested.warnings


def test_a_gzip_that_was_cut_off_is_refused(tmp_path: Path) -> None:
    folder = write_extract(tmp_path / "in")
    _as_gzip(folder)
    path = folder / "gp_events.csv.gz"
    path.write_bytes(path.read_bytes()[:-20])
    with (
        pytest.raises(InputError, match=r"gp_events\.csv\.gz: the gzip file is cut off"),
        ingested(folder, tmp_path),
    ):
        pass


@pytest.mark.parametrize("spoil", ["end", "inside", "not parquet"])
def test_a_damaged_parquet_file_is_refused(tmp_path: Path, spoil: str) -> None:
    folder = write_extract(tmp_path / "in")
    _as_parquet(folder)
    path = folder / "gp_events" / "p2.parquet"
    content = path.read_bytes()
    path.write_bytes(
        {
            "end": content[:-50],
            "inside": content[:30] + bytes(200) + content[230:],
            "not parquet": b"patient_id,event_date\n",
        }[spoil]
    )
    with pytest.raises(InputError, match=r"gp_events/p2\.parquet") as raised, ingested(folder, tmp_path):
        pass
    assert "copy or export it again" in str(raised.value)


def test_a_file_that_fits_no_table_is_named_and_not_read(tmp_path: Path) -> None:
    folder = write_extract(tmp_path / "in")
    (folder / "gp_event.csv").write_text("nhs_number\n9434765919\n", encoding="utf-8")
    (folder / "patients.xlsx").write_bytes(b"PK")
    with ingested(folder, tmp_path) as night:
        assert [warning.split(":")[0] for warning in night.ingested.warnings] == [
            "gp_event.csv",
            "patients.xlsx",
        ]
        assert night.receipt("gp_events").totals["rows_in"] == 200


def test_a_column_that_no_contract_names_is_not_read(tmp_path: Path) -> None:
    rows = [row | {"comment": "seen at home"} for row in gp_events()]
    folder = write_extract(tmp_path / "in", gp_events=rows)
    with ingested(folder, tmp_path) as night:
        assert night.receipt("gp_events").files[0].unread == ("comment",)
        assert "comment" not in night.engine.columns("gp_events")
        assert night.count("gp_events") == 200


def test_two_sources_of_one_relation_are_refused(tmp_path: Path) -> None:
    folder = write_extract(tmp_path / "in")
    with pytest.raises(ConfigError, match="two sources supply patients"), ingested(folder, tmp_path, times=2):
        pass
