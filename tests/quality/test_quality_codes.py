"""Sources whose codes no list can know: words × shares × sources, each found out at any size."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from copd_strat import codelists
from copd_strat.codelists.intact_codes import verhoeff_passes
from copd_strat.codelists.matches import MatchReport, check_matches, starved_sources
from copd_strat.config import EngineSettings
from copd_strat.engine import Engine
from copd_strat.quality.code_findings import codes_section, judge_codes, share_known

COPD, STATIN = "13645005", "319996000"
# Codes of one system each that no list of ours holds; the first passes the check digit, the next cannot.
ANY_SNOMED = "138875005"


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    opened = Engine.open(EngineSettings(), tmp_path / "spill")
    codelists.load(opened)
    opened.create_table("concept_counts", "SELECT 'copd_dx' AS concept, 1 AS events")
    yield opened
    opened.close()


def listed(engine: Engine, concept: str, system: str) -> str:
    return str(
        engine.scalar(f"SELECT min(code) FROM codes WHERE concept = '{concept}' AND code_system = '{system}'")
    )


def matched(
    engine: Engine,
    events: dict[tuple[str, str], int],
    issues: dict[str, int],
    stays: dict[str | None, int] | None = None,
) -> MatchReport:
    """The report on so many events of (system, code), issues of a code, and stays by first diagnosis."""
    engine.create_table("gp_events", _rows({f"'{s}', '{c}'": n for (s, c), n in events.items()}, 2))
    engine.create_table("prescriptions", _rows({f"'{c}'": n for c, n in issues.items()}, 1))
    quoted = {"CAST(NULL AS VARCHAR)" if c is None else f"'{c}'": n for c, n in (stays or {}).items()}
    engine.create_table("hospital_episodes", _rows(quoted, 0))
    return check_matches(engine)


_NAMES = (["diagnosis_01"], ["dmd_code"], ["code_system", "code"])


def _rows(counted: dict[str, int], kind: int) -> str:
    names = ", ".join(_NAMES[kind])
    selects = [f"SELECT v.* FROM (VALUES ({row})) v({names}), range({n})" for row, n in counted.items()]
    nothing = "SELECT " + ", ".join(f"CAST(NULL AS VARCHAR) AS {name}" for name in _NAMES[kind])
    return " UNION ALL ".join([*selects, f"{nothing} WHERE FALSE"])


def causes(report: MatchReport) -> dict[str, str]:
    """Cause → weight of all that is found in the codes."""
    return {finding.cause: finding.weight for finding in judge_codes(report)}


@pytest.mark.parametrize("size", [5, 40, 20_000])
@pytest.mark.parametrize("word", ["SNOMED CT", "sct", "icd-9", "http://snomed.info/sct", "cprd_medcodeid"])
def test_a_source_in_a_system_that_nobody_knows_stops_the_night(engine: Engine, word: str, size: int) -> None:
    report = matched(engine, {(word, COPD): size}, {})
    assert causes(report) == {
        "a source has no known codes": "stop",
        "codes of systems that are not known": "warn",
    }
    finding = judge_codes(report)[0]
    assert (finding.subject, finding.exit_code) == ("gp_events", 12)
    assert f"0 of {size:,} rows" in finding.sentence
    shown = [row[0] for row in codes_section(report).rows if "system" in str(row[0])]
    assert any(word in str(row) for row in shown) == (len(word) <= 20)


@pytest.mark.parametrize("system", codelists.lists.EVENT_SYSTEMS)
def test_every_known_system_is_a_source_though_no_list_has_it(engine: Engine, system: str) -> None:
    report = matched(engine, {(system, ANY_SNOMED): 300}, {})
    assert "a source has no known codes" not in causes(report)
    assert report.unknown_systems == ()


@pytest.mark.parametrize(("known", "stops"), [(0, True), (9, True), (10, False), (500, False)])
def test_one_row_in_a_hundred_makes_a_source(engine: Engine, known: int, stops: bool) -> None:
    report = matched(engine, {("snomed", COPD): known, ("of our own", "X1"): 1000 - known}, {})
    assert ("a source has no known codes" in causes(report)) == stops


@pytest.mark.parametrize("diagnosis", [None, "4912", "185086009", "chest"])
def test_a_hospital_table_without_icd_10_stops_the_night(engine: Engine, diagnosis: str | None) -> None:
    stopped = [f.subject for f in judge_codes(matched(engine, {}, {}, {diagnosis: 64})) if f.weight == "stop"]
    assert stopped == ["hospital_episodes"]
    engine.drop("code_counts")
    assert judge_codes(matched(engine, {}, {}, {"J44.0": 2, diagnosis: 60})) == []


@pytest.mark.parametrize("issues", [20, 297, 86_543])
@pytest.mark.parametrize("gp", [0, 30])
def test_prescriptions_that_match_nothing_are_not_nobody_on_a_medicine(
    engine: Engine, issues: int, gp: int
) -> None:
    report = matched(engine, {("snomed", COPD): gp}, {ANY_SNOMED: issues})
    starved = ("prescriptions",) if gp else ()
    assert report.starved == starved_sources(engine) == starved
    assert causes(report) == ({"next to nothing matches the code lists": "warn"} if gp else {})


def test_few_medicines_of_a_list_are_enough(engine: Engine) -> None:
    statin = listed(engine, "statin", "dmd")
    assert matched(engine, {("snomed", COPD): 9}, {ANY_SNOMED: 999, statin: 1}).starved == ()


@pytest.mark.parametrize(
    ("zeros", "events", "weight"), [("0", 46, "stop"), ("0000", 5, "stop"), ("00", 4, "warn")]
)
@pytest.mark.parametrize("source", ["gp_events", "prescriptions"])
def test_zeros_in_front_of_a_listed_code_are_told_by_events(
    engine: Engine, zeros: str, events: int, weight: str, source: str
) -> None:
    statin = listed(engine, "statin", "dmd")
    gp = {("snomed", COPD): 500, ("snomed", f"{zeros}{COPD}"): events if source == "gp_events" else 0}
    issues = {statin: 500, f"{zeros}{statin}": events if source == "prescriptions" else 0}
    report = matched(engine, gp, issues)
    assert [(f.cause, f.subject, f.weight) for f in judge_codes(report)] == [
        ("codes have zeros in front", source, weight)
    ]


@pytest.mark.parametrize(
    ("codes", "cause"),
    [
        ([f"4208731100000{n}000" for n in range(1000, 1010)], "codes are damaged"),
        ([str(10_001 + 7 * n) for n in range(10)], "codes are of another system"),
    ],
    ids=["cut by a spreadsheet", "RxNorm"],
)
def test_the_advice_fits_the_damage(engine: Engine, codes: list[str], cause: str) -> None:
    finding = judge_codes(matched(engine, {}, dict.fromkeys(codes, 3)))[0]
    assert finding.cause == cause
    assert ("spreadsheet" in finding.fix) == (cause == "codes are damaged")


def test_one_damaged_code_in_many_events_is_judged_by_events(engine: Engine) -> None:
    sound = {("snomed", code): 1 for (code,) in engine.rows(
        "SELECT DISTINCT code FROM codes WHERE code_system = 'snomed' LIMIT 60"
    )}  # fmt: skip
    report = matched(engine, {**sound, ("snomed", "13645006"): 50}, {})
    assert report.damaged_share < 0.05
    assert "stop" in causes(report).values()


def test_diagnoses_of_five_characters_are_counted(engine: Engine) -> None:
    engine.create_table(
        "episode_diagnoses", "SELECT unnest(['J44.10', 'J4410', 'J441', 'J44.1D', 'Z9999']) AS diagnosis"
    )
    report = matched(engine, {}, {}, {"J44.1": 5})
    assert report.unlisted_icd_events == 2
    assert causes(report) == {"diagnoses of five characters": "warn"}


def test_a_word_that_may_be_anybodys_is_not_repeated(engine: Engine) -> None:
    report = matched(
        engine, {("canary smith", "1"): 2, ("a canary of more than twenty letters", "2"): 90}, {}
    )
    told = share_known(report) + str(codes_section(report)) + str(judge_codes(report)) + str(report)
    assert "canary" not in told
    assert report.unknown_systems == (("rarer or longer words", 92),)


def sound_codes(engine: Engine, number: int) -> dict[tuple[str, str], int]:
    listed_codes = engine.rows(
        f"SELECT DISTINCT code FROM codes WHERE code_system = 'snomed' ORDER BY code LIMIT {number}"
    )
    return {("snomed", code): 1000 for (code,) in listed_codes}


@pytest.mark.parametrize(
    ("damaged", "events", "weight"),
    [(5, 1, "stop"), (4, 2, "warn"), (1, 5, "warn"), (1, 4, None), (4, 1, None)],
)
def test_codes_cut_by_a_spreadsheet_are_told_from_five_rows_on(
    engine: Engine, damaged: int, events: int, weight: str | None
) -> None:
    cut = {("snomed", f"90000000100{n}10"): events for n in range(1000, 1000 + damaged)}
    cut = {key: n for key, n in cut.items() if not verhoeff_passes(key[1])}
    assert len(cut) == damaged
    report = matched(engine, {**sound_codes(engine, 100), **cut}, {})
    assert causes(report) == ({"codes are damaged": weight} if weight else {})
    assert not weight or "gp_events.code" in judge_codes(report)[0].sentence


@pytest.mark.parametrize(("events", "told"), [(5, True), (4, False)])
def test_ids_of_18_digits_never_end_in_three_zeros(engine: Engine, events: int, told: bool) -> None:
    passing = next(
        code for n in range(100_000) if verhoeff_passes(code := f"{123456789012345 + n}000")
    )  # fmt: skip
    report = matched(engine, {**sound_codes(engine, 100), ("snomed", passing): events}, {})
    assert causes(report) == ({"codes are damaged": "stop"} if told else {})
