"""The count of rows that proves the loader's: right by a plain reading of every byte, however blocks fall."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from copd_strat.errors import InputError
from copd_strat.extracts import row_counter
from copd_strat.extracts.row_counter import count_rows

HEADER = "a,b\n"


def plain_count(text: str, delimiter: str, quoted: bool) -> tuple[int, bool]:
    """Rows of ``text`` read character by character, and whether a quote is open at its end."""
    rows, state, filled = 0, "start", False
    for place, character in enumerate(text):
        if state == "quoted":
            state = "closed" if character == '"' else "quoted"
            continue
        if character in "\r\n":
            half = character == "\n" and text[place - 1 : place] == "\r"
            rows += filled and not half
            state, filled = "start", False
            continue
        filled = True
        if character == delimiter:
            state = "start"
        elif not quoted:
            continue
        elif character == '"' and state in ("start", "blank", "closed"):
            state = "quoted"
        elif character == " " and state in ("start", "closed"):
            state = "blank" if state == "start" else "closed"
        else:
            state = "plain" if state != "closed" or character != " " else state
    return rows + filled, state == "quoted"


def split(data: bytes, cuts: list[int]) -> Iterator[bytes]:
    places = sorted({cut % (len(data) + 1) for cut in cuts})
    for start, stop in zip([0, *places], [*places, len(data)], strict=True):
        yield data[start:stop]


TEXT = st.text(alphabet='ab", ;\t\r\n', max_size=40)


@settings(max_examples=600, deadline=None, derandomize=True)
@given(
    text=TEXT,
    cuts=st.lists(st.integers(0, 60), max_size=4),
    delimiter=st.sampled_from(",;\t"),
    q=st.booleans(),
)
@example(text='"a\r\n"\r\n\r\nb', cuts=[3, 8], delimiter=",", q=True)
@example(text='a,  "x\ny"\n', cuts=[], delimiter=",", q=True)
@example(text='a, "x\ny" ,"b""\n"\n', cuts=[5], delimiter=",", q=True)
@example(text='"a"b"c\n"\n', cuts=[2], delimiter=",", q=True)
def test_every_byte_read_alone_gives_the_same_count(
    text: str, cuts: list[int], delimiter: str, q: bool
) -> None:
    data = (HEADER + text).encode()
    rows, is_open = plain_count(text, delimiter, q)
    if is_open:
        with pytest.raises(InputError, match="a quote opens in line"):
            count_rows(split(data, cuts), "f", delimiter=delimiter, quoted=q, head_lines=1, fields=1)
    else:
        counted = count_rows(split(data, cuts), "f", delimiter=delimiter, quoted=q, head_lines=1, fields=1)
        assert counted.rows == rows


def loaded_and_rejected(path: Path) -> int:
    """Rows that the loader gives out and lines that it rejects, of a file with two columns."""
    with duckdb.connect(config={"threads": 1}) as connection:
        rows = connection.execute(
            f"SELECT count(a) FROM (SELECT coalesce(a, '') AS a, b FROM read_csv('{path}', delim = ',', "
            "quote = '\"', escape = '\"', header = true, auto_detect = false, "
            "columns = {'a': 'VARCHAR', 'b': 'VARCHAR'}, store_rejects = true, rejects_limit = 0))"
        ).fetchall()
        rejected = connection.execute("SELECT count(DISTINCT line) FROM reject_errors").fetchall()
    return int(rows[0][0] + rejected[0][0])


@settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    pieces=st.lists(st.sampled_from(['"', '""', ",", "a", " ", "b,a", '"x', 'x"']), max_size=14),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    breaks=st.lists(st.integers(0, 14), max_size=5),
)
def test_the_loader_comes_to_the_same_count(
    tmp_path: Path, pieces: list[str], end: str, breaks: list[int]
) -> None:
    for place in breaks:
        pieces = [*pieces[:place], end, *pieces[place:]]
    text = "".join(pieces)
    rows, is_open = plain_count(text, ",", True)
    if is_open:
        return
    path = tmp_path / "f.csv"
    path.write_bytes(("a,b" + end + text).encode())
    assert loaded_and_rejected(path) == rows


def test_kinds_of_line_ends_and_zero_bytes_are_told() -> None:
    counted = count_rows(
        [b"a,b\r\n1,2\r", b"\n3,\x004\n", b"5,6\r7,8"],
        "f",
        delimiter=",",
        quoted=True,
        head_lines=1,
        fields=2,
    )
    assert counted == row_counter.TextCount(
        rows=4, line_ends=frozenset({"\n", "\r\n", "\r"}), zero_bytes=1, is_utf8=True
    )
    assert not counted.is_plain


def test_a_line_break_inside_quotes_is_no_kind_of_line_end() -> None:
    counted = count_rows([b'a,b\n"1\r\n",2\n'], "f", delimiter=",", quoted=True, head_lines=1, fields=1)
    assert counted.line_ends == {"\n"}
    assert counted.is_plain


def test_title_lines_and_header_are_no_rows_and_their_quotes_mean_nothing() -> None:
    data = b'Report of "today\n\na,b\n1,2\n\n3,4'
    assert count_rows([data], "f", delimiter=",", quoted=True, head_lines=3, fields=2).rows == 2


def test_a_file_without_a_line_end_has_no_rows() -> None:
    assert count_rows([b"a,b"], "f", delimiter=",", quoted=True, head_lines=1, fields=1).rows == 0


@pytest.mark.parametrize(
    ("record", "words"), [(b'"x', "a quote opens in line 3"), (b"x", "line 3 does not end within")]
)
def test_a_record_without_end_stops_the_count_early(record: bytes, words: str) -> None:
    endless = (record if number == 0 else b"y" * row_counter._LONGEST_RECORD for number in range(100))
    with pytest.raises(InputError, match=words):
        count_rows(
            [b"a,b\n1,2\n", *[next(endless) for _ in range(2)]],
            "f",
            delimiter=",",
            quoted=True,
            head_lines=1,
            fields=2,
        )


WHOLE = b'id,note,day\nP1,"a, b",2026-01-01\nP2,"c\nd",2026-01-02'


@pytest.mark.parametrize("cut", range(WHOLE.index(b"P2") + 1, len(WHOLE) + 1))
def test_a_file_cut_in_a_line_is_refused_unless_the_line_has_all_its_fields(cut: int) -> None:
    data, rest = WHOLE[:cut], WHOLE[cut:]
    how = {"delimiter": ",", "quoted": True, "head_lines": 1, "fields": 3}
    if b"," not in rest:
        assert count_rows([data], "f", **how).rows == 2  # type: ignore[arg-type]
    else:
        with pytest.raises(InputError, match=r"the file is cut off|a quote opens in line"):
            count_rows([data], "f", **how)  # type: ignore[arg-type]


@pytest.mark.parametrize("mark", [b"\x1a", b" ", b"\x00"])
def test_an_old_mark_for_the_end_is_no_cut_line(mark: bytes) -> None:
    data = b"a,b\n1,2\n" + mark
    assert count_rows([data], "f", delimiter=",", quoted=True, head_lines=1, fields=2).rows == 2


def test_tabs_part_fields_whatever_quotes_say() -> None:
    with pytest.raises(InputError, match=r"fewer fields \(2\) than the header \(3\)"):
        count_rows([b'a\tb\tc\n1\t2\t3\n4\t"5'], "f", delimiter="\t", quoted=False, head_lines=1, fields=3)
