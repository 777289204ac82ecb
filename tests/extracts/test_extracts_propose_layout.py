"""A folder of unknown files: the layout they fit, and for every other file what was seen in it."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from extract_world import CONTRACTS, as_csv, gp_events, ingested, patients, write_extract

from copd_strat.config import ExtractSource
from copd_strat.contracts.contract_files import load_contracts
from copd_strat.errors import InputError
from copd_strat.extracts.propose_layout import look_at, propose


def test_every_table_that_a_run_would_load_is_found(tmp_path: Path) -> None:
    folder = write_extract(tmp_path / "in")
    (folder / "local_flags.csv").write_text("patient_id,flag\nP0001,no_device\n", encoding="utf-8")
    found = propose(folder, CONTRACTS)
    (source,) = found.sources
    assert (source.layout, source.folder, source.care, found.unread) == ("native", folder, "", ())
    with ingested(folder, tmp_path) as night:
        assert set(source.tables) == {receipt.table for receipt in night.ingested.tables}


def test_tables_in_the_native_form_belong_to_other_layouts_too(tmp_path: Path) -> None:
    (tmp_path / "death_patient.txt").write_text("patid\tdor\tdod\tmatch_rank\n", encoding="utf-8")
    (tmp_path / "practice.txt").write_text("pracid\tlcd\n", encoding="utf-8")
    (tmp_path / "local_flags.csv").write_text("patient_id,flag\n", encoding="utf-8")
    (found,) = propose(tmp_path, CONTRACTS).sources
    assert found.layout == "cprd_aurum"
    assert "local_flags" in found.tables


def test_it_looks_one_folder_down_and_into_zip_files(tmp_path: Path) -> None:
    folder = write_extract(tmp_path / "delivery" / "march")
    with zipfile.ZipFile(folder / "gp.zip", "w") as archive:
        archive.write(folder / "gp_events.csv", "x/gp_events.csv")
    (folder / "gp_events.csv").unlink()
    (found,) = propose(tmp_path / "delivery", CONTRACTS).sources
    assert found.folder == folder
    assert set(found.tables) == {"patients", "gp_events", "prescriptions", "hospital_episodes"}


def _name(name: str, text: str | bytes) -> Callable[[Path], None]:
    content = text.encode() if isinstance(text, str) else text
    return lambda folder: (folder / name).write_bytes(content) and None


PEOPLE = as_csv(patients())
SEEN: dict[str, tuple[Callable[[Path], None], str]] = {
    "a column misspelt": (
        _name("patients.csv", PEOPLE.replace("sex", "sexe", 1)),
        "patients.csv: is named after table patients of layout native, but has no column sex (is it sexe?)",
    ),
    "FHIR": (
        _name("Patient.ndjson", '{"resourceType": "Patient"}'),
        "Patient.ndjson: JSON, FHIR among it, are not read; .csv",
    ),
    "a workbook": (_name("patients.xlsx", b"PK\x03\x04"), "patients.xlsx: workbooks are not read; .csv"),
    "a workbook in disguise": (
        _name("patients.csv", b"PK\x03\x04"),
        "is named after table patients of layout native, but holds a workbook",
    ),
    "SAS": (_name("apc.sas7bdat", "x"), "apc.sas7bdat: files of statistics packages are not read"),
    "no ending": (_name("patients", PEOPLE), "patients: such files are not read"),
    "another name": (
        _name("events_march.csv", as_csv(gp_events())),
        "events_march.csv: has the columns of table gp_events of layout native: call it gp_events.csv",
    ),
    "another name and a column less": (
        _name("people.csv", PEOPLE.replace("sex", "gender", 1)),
        "people.csv: comes near table patients of layout native, but has no column sex",
    ),
    "something else": (
        _name("rota.csv", "day,nurse\n"),
        "neither its name nor its columns are those of a table",
    ),
    "empty": (_name("patients.csv", ""), "layout native, but the file is empty"),
    "a broken zip file": (_name("all.zip", b"PK\x03\x04"), "all.zip: a zip file that cannot be opened"),
    "a damaged Parquet file": (_name("patients.parquet", b"PAR1"), "but not a complete Parquet file"),
}


@pytest.mark.parametrize(("write", "words"), SEEN.values(), ids=SEEN.keys())
@pytest.mark.parametrize("alone", [True, False])
def test_a_file_that_does_not_fit_is_named_with_what_was_seen(
    tmp_path: Path, write: Callable[[Path], None], words: str, alone: bool
) -> None:
    if not alone:
        write_extract(tmp_path)
        for path in tmp_path.glob("*patients*"):
            path.unlink()
    write(tmp_path)
    if alone:
        with pytest.raises(InputError) as raised:
            propose(tmp_path, CONTRACTS)
        assert words in str(raised.value)
    else:
        assert words in " ".join(propose(tmp_path, CONTRACTS).unread)


@pytest.mark.parametrize("delimiter", [";", "|", "\t"])
def test_semicolons_are_no_reason_not_to_fit(tmp_path: Path, delimiter: str) -> None:
    (tmp_path / "patients.csv").write_text(as_csv(patients(), delimiter), encoding="utf-8")
    assert propose(tmp_path, CONTRACTS).sources[0].tables == {"patients": ("patients.csv",)}


def test_general_practice_and_hospitals_may_come_in_two_folders(tmp_path: Path) -> None:
    folder = write_extract(tmp_path / "delivery" / "gp")
    (folder / "hospital_episodes.csv").unlink()
    hospital = tmp_path / "delivery" / "hospital"
    hospital.mkdir()
    apc = load_contracts(CONTRACTS, "nhse")["hes_apc"]
    header = ",".join(column.name for column in apc.columns if column.present)
    (hospital / "hes_apc_2526.csv").write_text(header + "\n", encoding="utf-8")
    found = propose(tmp_path / "delivery", CONTRACTS)
    assert [(one.layout, one.folder, one.care) for one in found.sources] == [
        ("native", folder, "primary"),
        ("nhse", hospital, "secondary"),
    ]
    assert found.unread == ()


def test_a_source_that_lacks_a_needed_table_is_told_before_the_night(tmp_path: Path) -> None:
    folder = write_extract(tmp_path / "in")
    source = ExtractSource(layout="native", path=folder)
    assert "patients" in look_at(source, CONTRACTS).sources[0].tables
    (folder / "patients.csv").rename(folder / "people.csv")
    with pytest.raises(InputError, match="no file for table patients") as raised:
        look_at(source, CONTRACTS)
    assert "call it patients.csv" in str(raised.value)
