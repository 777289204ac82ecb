"""Packaged lists, site files, identifier checks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from copd_strat.codelists import check_matches, load, meanings, namespace, verhoeff_passes
from copd_strat.config import EngineSettings
from copd_strat.engine import Engine
from copd_strat.errors import ConfigError


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    opened = Engine.open(EngineSettings(memory_limit="256MB", threads=1), tmp_path / "spill")
    yield opened
    opened.close()


def codes_of(engine: Engine, concept: str) -> set[str]:
    return {code for (code,) in engine.rows(f"SELECT code FROM codes WHERE concept = '{concept}'")}


def site_file(folder: Path, text: str) -> Path:
    path = folder / "site.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_every_packaged_identifier_is_intact_and_every_concept_is_explained(engine: Engine) -> None:
    report = load(engine)
    assert report.damaged_ids == ()
    assert set(report.without_codes) == {
        "care_home_ended",
        "covid_vaccine_given",
        "efi_score",
        "has_carer",
        "rsv_vaccine_given",
        "smoking_support",
    }
    used = {name for used in report.lists for name in used.concepts}
    assert used <= set(meanings())
    assert report.lists[0].age_days(date(2026, 12, 23)) == 30


def test_codes_are_unique_and_counted(engine: Engine) -> None:
    report = load(engine)
    assert engine.scalar("SELECT count(*) FROM codes") == report.codes
    assert (
        engine.scalar("SELECT count(*) FROM (SELECT DISTINCT concept, code_system, code FROM codes)")
        == report.codes
    )
    assert engine.scalar("SELECT CAST(sum(codes) AS BIGINT) FROM concepts") == report.codes
    assert engine.scalar("SELECT codes FROM concepts WHERE concept = 'has_carer'") == 0


def test_a_site_adds_to_and_replaces_concepts(engine: Engine, tmp_path: Path) -> None:
    path = site_file(
        tmp_path,
        "concept,code_system,code,term,mode,edition\n"
        "lrti,snomed,312342009,Infective pneumonia,add,2026-04-01\n"
        "asthma,snomed,304527002,Acute asthma,replace,2026-04-01\n",
    )
    report = load(engine, (path,))
    assert "312342009" in codes_of(engine, "lrti")
    assert "50417007" in codes_of(engine, "lrti")
    assert codes_of(engine, "asthma") == {"304527002"}
    used = report.lists[-1]
    assert (used.name, used.replaced, used.age_days(date(2026, 5, 1))) == ("site.csv", ("asthma",), 30)


def test_reissued_ids_follow_and_a_product_map_reaches_the_virtual_product(
    engine: Engine, tmp_path: Path
) -> None:
    path = site_file(tmp_path, "concept,code_system,code,mode\nocs,dmd,42087311000001104,replace\n")
    products = tmp_path / "dmd_map.csv"
    products.write_text("dmd_code,vmp_code\n1234511000001107,42087311000001104\n")
    report = load(engine, (path, products))
    assert codes_of(engine, "ocs") == {"42087311000001104", "1234511000001107"}
    assert report.dmd_products_mapped == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("concept,code\nlrti,1\n", "code_system"),
        ("concept,code_system,code\nlrtis,snomed,50417007\n", "line 2, column concept"),
        ("concept,code_system,code\nlrti,snomedct,50417007\n", "column code_system"),
        ("concept,code_system,code\nlrti,snomed,1.23E+17\n", "column code"),
        ("concept,code_system,code,mode\nlrti,snomed,50417007,delete\n", "column mode"),
        ("concept,code_system,code,edition\nlrti,snomed,50417007,April\n", "column edition"),
        ("concept,code_system,code,value\nmrc_grade,snomed,391120009,one\n", "column value"),
    ],
)
def test_a_faulty_site_file_is_refused_with_the_place(
    engine: Engine, tmp_path: Path, text: str, message: str
) -> None:
    with pytest.raises(ConfigError, match=message) as refused:
        load(engine, (site_file(tmp_path, text),))
    assert "site.csv" in str(refused.value)


def test_a_missing_site_file_is_refused(engine: Engine, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load(engine, (tmp_path / "nowhere.csv",))


@pytest.mark.parametrize("identifier", ["13645005", "42087311000001104", "1882421000006109", "22298006"])
def test_verhoeff_catches_every_single_wrong_digit_and_swap(identifier: str) -> None:
    assert verhoeff_passes(identifier)
    for place, digit in enumerate(identifier):
        for other in "0123456789".replace(digit, ""):
            assert not verhoeff_passes(identifier[:place] + other + identifier[place + 1 :])
    for place in range(len(identifier) - 1):
        left, right = identifier[place : place + 2]
        if left != right:
            assert not verhoeff_passes(identifier[:place] + right + left + identifier[place + 2 :])


@pytest.mark.parametrize(
    ("system", "code", "issuer"),
    [
        ("snomed", "13645005", "snomed_international"),
        ("snomed", "941201000000103", "snomed_uk"),
        ("dmd", "42087311000001104", "dmd"),
        ("snomed", "1882421000006109", "emis_local"),
        ("ctv3", "Y1234", "tpp_local"),
        ("snomed", "42087311000001000", "damaged"),
        ("snomed", "abc", "unknown"),
        ("icd10", "J440", "icd10"),
    ],
)
def test_namespace_says_who_issued_a_code(system: str, code: str, issuer: str) -> None:
    assert namespace(system, code) == issuer


def test_ids_that_went_through_a_float_are_counted(engine: Engine) -> None:
    load(engine)
    engine.create_table(
        "gp_events",
        "SELECT 'p' AS patient_id, 'snomed' AS code_system, unnest(['13645005', '941201000000000']) AS code",
    )
    engine.create_table("prescriptions", "SELECT '42087311000001000' AS dmd_code")
    engine.create_table("concept_counts", "SELECT 'copd_dx' AS concept, 1 AS events")
    report = check_matches(engine)
    assert (report.distinct_ids, report.damaged_ids) == (3, 2)
    assert report.events == 3
    assert report.unmatched_share == pytest.approx(2 / 3)
    assert "statin" in report.zero_match_concepts
    assert "copd_dx" not in report.zero_match_concepts
    assert (report.long_damaged_ids, report.damaged_events) == (1, 2)
