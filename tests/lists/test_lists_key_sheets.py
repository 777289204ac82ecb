"""The key sheet: made in the practice from its own key, and for nobody else."""

from __future__ import annotations

import stat
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from click.testing import CliRunner, Result
from lists_example import AS_OF, KEY, PATIENTS, night

from copd_strat.cli import commands
from copd_strat.errors import CopdStratError, IdentifiableDataError, InputError, OutputError
from copd_strat.pathways import practice_key_text

LINK = "patient_id,local_id,name\np2,1042,Jo\n9434765919,1017,Al\nnobody,1001,Ed\n"


def command(*arguments: object) -> Result:
    words = ["keysheet", *map(str, arguments)]
    return CliRunner().invoke(commands, words, catch_exceptions=False)


def make(link: Path, *arguments: object) -> Result:
    return command("make", link, *arguments, "--as-of", AS_OF.isoformat())


@pytest.fixture
def practice(tmp_path: Path) -> Path:
    """What a practice has: its key, and its own numbers beside the extract's pseudonyms."""
    (tmp_path / "A81001.key").write_text(practice_key_text(KEY, "A81001"), encoding="ascii")
    (tmp_path / "link.csv").write_text(LINK, encoding="utf-8")
    return tmp_path


def rows(path: Path, sheet: int) -> list[tuple[object, ...]]:
    return list(openpyxl.load_workbook(path).worksheets[sheet].iter_rows(values_only=True))


def test_a_practice_finds_its_people_from_its_own_key_alone(practice: Path) -> None:
    done = make(practice / "link.csv", "--key", practice / "A81001.key", "-o", practice / "sheets")
    path = practice / "sheets" / "A81001_key_sheet.xlsx"
    assert done.stdout.strip() == str(path)
    listed = night(*PATIENTS).patients.set_index("patient_id")["patient_ref"]
    header, *by_reference = rows(path, 0)
    assert header == ("Reference", "Your number", "Note")
    found = {reference: local for reference, local, _ in by_reference}
    assert found[listed["p2"]] == "1042"
    assert found[listed["9434765919"]] == "1017"
    assert [row[0] for row in by_reference] == sorted(found)
    assert [row[0] for row in rows(path, 1)][1:] == ["1001", "1017", "1042"], "and by the practice's number"
    book = openpyxl.load_workbook(path)
    assert book.sheetnames == ["By reference", "By your number", "Key"]
    assert "Jo" not in str(
        [cell for sheet in book for row in sheet.iter_rows(values_only=True) for cell in row]
    )
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_same_sheet_twice_is_the_same_bytes(practice: Path) -> None:
    for folder in ("one", "two"):
        make(practice / "link.csv", "--key", practice / "A81001.key", "-o", practice / folder)
    one, two = (next((practice / folder).glob("*.xlsx")).read_bytes() for folder in ("one", "two"))
    assert one == two


CONFIG = """
title: Test
synthetic: true
governance:
  legal_basis: nobody exists
  approval_reference: TEST
  approval_expires: 2099-12-31
  controller: nobody
  opt_out_regime: type1
  opt_out_applied_on: 2026-03-31
extracts:
  - {layout: native, path: extracts}
output: output
risk: {care_setting: primary_care}
pathways: {reference_key_file: site.key}
"""


@pytest.fixture
def site(practice: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("COPD_STRAT_REFERENCE_KEY", raising=False)
    (practice / "site.key").touch(mode=0o600)
    (practice / "site.key").write_bytes(KEY)
    (practice / "nightly.yaml").write_text(CONFIG, encoding="utf-8")
    return practice


def test_the_site_hands_over_a_key_that_makes_the_same_sheet(site: Path) -> None:
    command("key", "A81001", "--config", site / "nightly.yaml", "-o", site / "handed.key")
    assert (site / "handed.key").read_text() == (site / "A81001.key").read_text()
    assert KEY not in (site / "handed.key").read_bytes()
    assert stat.S_IMODE((site / "handed.key").stat().st_mode) == 0o600


def test_the_site_makes_one_workbook_a_practice(site: Path) -> None:
    link = "practice_id,patient_id,local_id\nA81001,p2,17\nA81002,p6,17\n"
    (site / "link.csv").write_text(link, encoding="utf-8")
    done = make(site / "link.csv", "--config", site / "nightly.yaml", "-o", site / "sheets")
    assert [Path(line).name for line in done.stdout.split()] == [
        "A81001_key_sheet.xlsx",
        "A81002_key_sheet.xlsx",
    ]
    listed = night(*PATIENTS).patients.set_index("patient_id")["patient_ref"]
    for name, patient in (("A81001", "p2"), ("A81002", "p6")):
        assert rows(site / "sheets" / f"{name}_key_sheet.xlsx", 0)[1][:2] == (listed[patient], "17")


def nhs_numbers(count: int) -> list[str]:
    """Ten digits whose last one checks the others (modulus 11)."""
    found = []
    for number in range(400_000_000, 400_000_000 + 3 * count):
        digits = f"{number:09d}"
        check = (11 - sum(int(d) * w for d, w in zip(digits, range(10, 1, -1), strict=True)) % 11) % 11
        if check < 10:
            found.append(f"{digits}{check}")
    return found[:count]


@pytest.mark.parametrize("column", ["local_id", "patient_id"])
@pytest.mark.parametrize("form", ["{}", "{:.3} {:.3} {:.4}"])
def test_nhs_numbers_are_refused(column: str, form: str, practice: Path) -> None:
    numbers = [f"{n[:3]} {n[3:6]} {n[6:]}" if " " in form else n for n in nhs_numbers(20)]
    other = "patient_id" if column == "local_id" else "local_id"
    pd.DataFrame({column: numbers, other: range(20)}).to_csv(practice / "link.csv", index=False)
    with pytest.raises(IdentifiableDataError, match=f"column {column} holds NHS numbers") as refused:
        make(practice / "link.csv", "--key", practice / "A81001.key", "-o", practice / "sheets")
    assert not any(number in str(refused.value) for number in numbers)
    assert not (practice / "sheets").exists()


def test_ten_digit_numbers_of_the_practice_are_no_nhs_numbers(practice: Path) -> None:
    """One in eleven passes the check by chance: that alone refuses nothing."""
    local = [str(1_000_000_000 + 7 * n) for n in range(60)]
    pd.DataFrame({"patient_id": range(60), "local_id": local}).to_csv(practice / "link.csv", index=False)
    assert (
        make(practice / "link.csv", "--key", practice / "A81001.key", "-o", practice / "sheets").exit_code
        == 0
    )


def test_nothing_is_written_inside_the_output_of_runs(site: Path) -> None:
    (site / "elsewhere" / "sub").mkdir(parents=True)
    (site / "elsewhere" / "CURRENT.json").write_text("{}")
    for inside in (site / "output" / "sheets", site / "elsewhere" / "sub"):
        with pytest.raises(OutputError, match="inside the output of runs"):
            make(with_practice(site), "--config", site / "nightly.yaml", "-o", inside)
        with pytest.raises(OutputError, match="inside the output of runs"):
            command("key", "A81001", "--config", site / "nightly.yaml", "-o", inside / "a.key")
    assert not list((site / "elsewhere").rglob("*.xlsx"))


def with_practice(site: Path) -> Path:
    path = site / "all.csv"
    path.write_text("practice_id,patient_id,local_id\nA81001,p2,17\n", encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("patient_id,number\np1,2\n", "column local_id is missing"),
        ("patient_id,local_id\np1,2\np1,3\n", "stands on more than one line"),
        ("practice_id,patient_id,local_id\nA81002,p1,2\n", "holds another practice than A81001"),
    ],
)
def test_a_link_that_is_none_is_refused(content: str, problem: str, practice: Path) -> None:
    (practice / "link.csv").write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=problem):
        make(practice / "link.csv", "--key", practice / "A81001.key", "-o", practice / "sheets")


def test_one_key_is_wanted_and_one_only(practice: Path) -> None:
    assert make(practice / "link.csv", "-o", practice / "sheets").exit_code == 2
    with pytest.raises(CopdStratError, match="not the key of a practice"):
        make(practice / "link.csv", "--key", practice / "link.csv", "-o", practice / "sheets")
