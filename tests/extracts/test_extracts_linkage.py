"""Tables whose ids are written otherwise than the patients' are found out, by ids × damages × tables."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from extract_world import (
    PEOPLE,
    Rows,
    contract,
    gp_events,
    hospital_episodes,
    ingested,
    patients,
    person,
    prescriptions,
    write_extract,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from copd_strat.config import EngineSettings, GuardSettings
from copd_strat.engine import Engine
from copd_strat.extracts.linkage import measure_linkage
from copd_strat.extracts.receipts import Linkage
from copd_strat.quality.linkage_findings import judge_linkage

# How ids look, each with the damages that such ids can take: what is done to them, and what is said of it.
SHAPES: dict[str, Callable[[int], str]] = {
    "eight digits with zeros": lambda n: f"{4711 * n + 13:08d}",
    "letters and digits": lambda n: f"ZP{n * 7919 % 9973:04d}Qk",
    "a GUID in braces": lambda n: f"{{A{n:07d}-9F3E-4C1B-8D2A-{n * 7919:012d}}}",
    "a hash": lambda n: f"{(n + 1) * 2654435761 % 2**64:016x}",
}
DAMAGES: dict[str, tuple[Callable[[str], str], str]] = {
    "zeros lost": (lambda text: text.lstrip("0"), "leading zeros"),
    "upper case": (str.upper, "case"),
    "lower case": (str.lower, "case"),
    "braces and hyphens lost": (
        lambda text: text.translate(str.maketrans("", "", "{}-")),
        "braces or hyphens",
    ),
    "a prefix": (lambda text: f"NHS-{text}", "prefix"),
    "a prefix of one letter": (lambda text: f"P{text}", "prefix"),
    "a blank inside": (lambda text: f"{text[:3]} {text[3:]}", "blanks"),
    "a decimal part": (lambda text: f"{text}.0", "decimal part"),
    "no GUID punctuation, other case": (
        lambda text: text.translate(str.maketrans("", "", "{}-")).lower(),
        "differ",
    ),
}
ALTERED = [
    (shape, damage)
    for shape, make in SHAPES.items()
    for damage, (spoil, _) in DAMAGES.items()
    if all(spoil(make(n)) != make(n) for n in range(1, 30))
]


def measured(known: list[str], table: list[str], tmp_path: Path, *, gp: bool = False) -> Linkage:
    engine = Engine.open(EngineSettings(), tmp_path / "spill")
    try:
        engine.create_table("known_patients", _values(known, "patient_id"))
        kind = "gp_events" if gp else "hospital_episodes"
        return measure_linkage(engine, contract(kind), _values(table, "id"), gp=gp)
    finally:
        engine.close()


def _values(ids: list[str], name: str) -> str:
    rows = ", ".join("('" + text.replace("'", "''") + "')" for text in ids)
    return f"SELECT * FROM (VALUES {rows}) AS v({name})"


@pytest.mark.parametrize(("shape", "damage"), ALTERED)
@pytest.mark.parametrize("side", ["table", "patients"])
@pytest.mark.parametrize("count", [1, 3, 400])
def test_damaged_ids_are_found_out_at_any_size(
    tmp_path: Path, shape: str, damage: str, side: str, count: int
) -> None:
    spoil, said = DAMAGES[damage]
    whole = [SHAPES[shape](n) for n in range(1, count + 1)]
    spoilt = [spoil(text) for text in whole]
    known, table = (whole, spoilt) if side == "table" else (spoilt, whole)
    found = measured(known, table, tmp_path)
    assert (found.patients, found.repaired) == (count, count)
    assert found.linked < 0.7 * count
    assert found.repair is not None
    assert said in found.repair
    (finding,) = judge_linkage([found], {}, GuardSettings())
    assert finding.weight == "stop"
    assert found.repair in finding.sentence
    assert not any(text in finding.sentence for text in whole + spoilt if len(text) > 4)


@pytest.mark.parametrize("shape", SHAPES)
def test_other_people_are_not_a_spelling_of_these(tmp_path: Path, shape: str) -> None:
    make = SHAPES[shape]
    found = measured([make(n) for n in range(1, 200)], [make(n) for n in range(5000, 5200)], tmp_path)
    assert (found.linked, found.repair) == (0, None)


@pytest.mark.parametrize("shape", SHAPES)
def test_ids_that_agree_need_no_repair(tmp_path: Path, shape: str) -> None:
    ids = [SHAPES[shape](n) for n in range(1, 50)]
    found = measured(ids, ids[:30], tmp_path)
    assert (found.patients, found.linked, found.share, found.repair) == (30, 30, 1.0, None)
    assert judge_linkage([found], {}, GuardSettings()) == []


@settings(max_examples=40, deadline=None, derandomize=True)
@given(known=st.lists(st.text(min_size=1, max_size=12), min_size=1, unique=True), data=st.data())
def test_any_ids_are_counted_as_sets_are(
    tmp_path_factory: pytest.TempPathFactory, known: list[str], data: st.DataObject
) -> None:
    """No text of an id breaks the measurement; its counts are those of Python's sets."""
    known = [text.replace("\x00", "0") for text in known]
    table = data.draw(st.lists(st.sampled_from(known) | st.text("abc{}'%", min_size=1), min_size=1))
    found = measured(known, table, tmp_path_factory.mktemp("ids"))
    assert found.patients == len(set(table))
    assert found.linked == len(set(table) & set(known))
    assert found.repaired >= found.linked


def people_of(rows: Rows, share: float) -> Rows:
    """The rows with ids of which only ``share`` are known."""
    keep = {person(n) for n in range(round(share * PEOPLE))}
    return [
        row if row["patient_id"] in keep else row | {"patient_id": f"other-{row['patient_id'][::-1]}"}
        for row in rows
    ]


@pytest.mark.parametrize(("share", "weight"), [(0.4, "stop"), (0.55, None), (1.0, None)])
@pytest.mark.parametrize(("table", "make"), [("gp_events", gp_events), ("prescriptions", prescriptions)])
def test_records_of_other_peoples_practices_stop_the_night(
    tmp_path: Path, table: str, make: Callable[[], Rows], share: float, weight: str | None
) -> None:
    folder = write_extract(tmp_path / "in", **{table: people_of(make(), share)})
    with ingested(folder, tmp_path) as night:
        found = {linkage.table: linkage for linkage in night.ingested.linkages}[table]
        assert found.gp
        assert [finding.weight for finding in judge_linkage([found], {}, GuardSettings())] == (
            [weight] if weight else []
        )


def test_a_hospital_table_below_its_floor_is_no_source_but_what_it_says_is_kept(tmp_path: Path) -> None:
    folder = write_extract(tmp_path / "in", hospital_episodes=people_of(hospital_episodes(), 0.05))
    with ingested(folder, tmp_path) as night:
        (found,) = (one for one in night.ingested.linkages if one.table == "hospital_episodes")
        assert (found.linked, found.patients, found.is_source) == (2, PEOPLE, False)
        present = dict(night.engine.rows("SELECT table_name, present FROM source_tables"))
        assert not present["hospital_episodes"]
        assert present["gp_events"]
        assert night.count("hospital_episodes") == len(hospital_episodes())
        (finding,) = judge_linkage([found], {}, GuardSettings())
        assert (finding.weight, finding.subject) == ("warn", "native.hospital_episodes")


def test_every_table_that_names_patients_is_measured(tmp_path: Path) -> None:
    with ingested(write_extract(tmp_path / "in"), tmp_path) as night:
        shares = {linkage.table: linkage.share for linkage in night.ingested.linkages}
        assert shares == {"gp_events": 1.0, "prescriptions": 1.0, "hospital_episodes": 1.0}
        assert len(patients()) == night.count("patients")
        assert night.ingested.to_json()["linkage"][0]["share"] == 1.0
