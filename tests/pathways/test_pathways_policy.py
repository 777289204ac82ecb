"""Policy files: every fault at once with its key, and plain English."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pathways_population import AS_OF, population
from pydantic import ValidationError

from copd_strat import config
from copd_strat.errors import ConfigError
from copd_strat.pathways import SHIPPED, Policy, assign, describe, load_policy
from copd_strat.pathways.conditions import Compare, Operator
from copd_strat.pathways.policy_files import FOLDER, json_schema


def site_policy(folder: Path, **changed: Any) -> Path:
    """A site's file on the common base, with the given sections."""
    base = {
        "based_on": "copd_common",
        "id": "site",
        "version": "1.0",
        "title": "Site",
        "purpose": "A test",
        "sources": [],
        "clinic": [rule("severe", {"column": "severe_exacerbations_12m", "op": ">=", "value": 1})],
        "self_management": {
            "when": {"column": "severe_exacerbations_12m", "op": "=", "value": 0},
            "means": "none",
            "why": [],
        },
    }
    path = folder / "site.yaml"
    path.write_text(yaml.safe_dump({**base, **changed}), encoding="utf-8")
    return path


def rule(name: str, when: dict[str, Any], says: str = "because") -> dict[str, Any]:
    return {"id": name, "when": when, "says": says, "means": name}


def faults(path: Path) -> str:
    with pytest.raises(ConfigError) as caught:
        load_policy(path)
    return str(caught.value)


def test_every_fault_is_reported_at_once_with_file_and_key(tmp_path: Path) -> None:
    clinic = [
        rule("one", {"column": "severe_exacerbation_12m", "op": ">=", "value": 1}),
        rule("two", {"column": "mrc", "op": ">=", "value": "five"}),
        rule("three", {"column": "mrc", "op": ">=", "threshold": "no_such"}),
        rule("four", {"all": [{"column": "mrc"}]}),
        rule("five", {"column": "mrc", "op": "missing", "any": [{"column": "mrc", "op": "missing"}]}),
        rule("five", {"column": "mrc", "op": "missing"}, says="{mcr} is {"),
    ]
    text = faults(site_policy(tmp_path, clinic=clinic))
    assert "site.yaml: 6 error(s)" in text
    assert (
        "clinic[0].when.column: unknown column 'severe_exacerbation_12m' "
        "(did you mean 'severe_exacerbations_12m'?)" in text
    )
    assert "clinic[1].when: a number column cannot be compared by '>=' with this value" in text
    assert "clinic[2].when.threshold: 'no_such' is not under thresholds" in text
    assert "clinic[3].when.all[0].op: required, but missing" in text
    assert "clinic[4].when: give exactly one of all, any, not, column" in text
    assert "clinic[5].says: braces or brackets do not match; unknown column 'mcr'" in text


def test_an_id_is_used_once(tmp_path: Path) -> None:
    clinic = [rule(name, {"column": "mrc", "op": "missing"}) for name in ("five", "five", "six")]
    assert "ids used twice: 'five'" in faults(site_policy(tmp_path, clinic=clinic))


def test_unknown_keys_and_wrong_shapes_are_refused(tmp_path: Path) -> None:
    text = faults(site_policy(tmp_path, capacty={"places": 3}, capacity={"places": -1}, version="one"))
    assert "capacty: unknown key (did you mean 'capacity'?)" in text
    assert "capacity.places: must be 0 or more" in text
    assert "version: must match" in text


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"capacity": {"per": "pcn"}}, "capacity: give exactly one of places, places_per_1000"),
        ({"capacity": {"places": 3, "places_per_1000": 60}}, "capacity: give exactly one of places"),
        ({"capacity": {"places_per_1000": 0}}, "capacity.places_per_1000: must be more than 0"),
        ({"thresholds": {"risk": "high"}}, "thresholds.risk: must be a number"),
        ({"stay_on": {"for_days": -1, "means": "x"}}, "stay_on.for_days: must be 0 or more"),
        ({"stay_on": {"for_days": "28", "means": "x"}}, "stay_on.for_days: must be a whole number"),
        ({"decisions": {"acepted": {"effect": "none", "says": "x"}}}, "decisions.acepted: must be one of"),
        ({"ranking": {"then_by": ["mrc"], "means": "x", "rank_by": "mild"}}, "ranking.rank_by: must be one"),
        ({"ranking": {"then_by": ["sex"], "means": "x"}}, "ranking.then_by[0]: 'sex' is not a number"),
        ({"ranking": {"by": "mrc", "then_by": [], "means": "x"}}, "ranking.by: unknown key"),
        ({"title": "<name of the policy>"}, "title: still to be filled in <name of the policy>"),
        ({"flags": {"Shout": []}}, "flags.Shout: must match"),
    ],
)
def test_a_wrong_value_names_its_key(tmp_path: Path, changed: dict[str, Any], said: str) -> None:
    assert said in faults(site_policy(tmp_path, **changed))


def test_people_are_ranked_by_the_outcome_that_the_policy_chooses(tmp_path: Path) -> None:
    by_any = site_policy(tmp_path, ranking={"rank_by": "any", "then_by": [], "means": "any exacerbation"})
    frame = population(
        {"risk_any_12m": 0.3, "risk_severe_12m": 0.2}, {"risk_any_12m": 0.4, "risk_severe_12m": 0.1}
    ).assign(severe_exacerbations_12m=1)
    placed = assign(frame, load_policy(by_any), as_of=AS_OF).patients
    assert placed.sort_values("rank")["patient_id"].tolist() == ["P00001", "P00000"]


def test_a_condition_is_data_and_never_run_as_code(tmp_path: Path) -> None:
    text = faults(site_policy(tmp_path, clinic=[rule("evil", {"eval": "__import__('os')"})]))
    assert "clinic[0].when: give exactly one of all, any, not, column" in text


def test_an_unknown_name_suggests_a_shipped_one() -> None:
    with pytest.raises(ConfigError, match="did you mean 'risk_and_rules'"):
        load_policy("risk_and_rule")


def test_a_key_given_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "twice.yaml"
    path.write_text("id: a\nid: b\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="given twice"):
        load_policy(path)


def test_a_site_changes_one_section_and_keeps_the_rest(tmp_path: Path) -> None:
    policy = load_policy(site_policy(tmp_path, capacity={"places": 3, "exceptions": {"A81001": 1}}))
    assert (policy.capacity.places, dict(policy.capacity.exceptions)) == (3, {"A81001": 1})
    assert [rule.id for rule in policy.exclusions] == ["palliative_care"]


def test_the_engine_knows_no_disease(tmp_path: Path) -> None:
    """Another pathway is another file over other columns."""
    asthma = {"blood_eosinophils": "number", "preventer": "flag", "index_date": "date"}
    text = (
        Path(load_policy.__code__.co_filename)
        .parent.joinpath("policies", "copd_common.yaml")
        .read_text("utf-8")
    )
    common = {
        **yaml.safe_load(text),
        "exclusions": [],
        "warnings": [],
        "routes": [],
        "in_hand": [],
        "actions": [],
    }
    common |= {"flags": {}, "decisions": {}, "clinical_review": {"needs": [], "otherwise": "unknown"}}
    common["ranking"] = {"then_by": ["blood_eosinophils"], "means": "highest count"}
    clinic = [rule("high", {"column": "blood_eosinophils", "op": ">=", "value": 0.3})]
    lower = {"when": {"column": "preventer", "op": "=", "value": True}, "means": "on a preventer", "why": []}
    path = site_policy(tmp_path, **common, clinic=clinic, self_management=lower)
    assert load_policy(path, asthma).clinic[0].id == "high"  # type: ignore[arg-type]


@pytest.mark.parametrize("name", SHIPPED)
def test_a_policy_reads_as_english_with_every_rule_and_its_source(name: str) -> None:
    policy = load_policy(name)
    text = describe(policy)
    for each in (*policy.exclusions, *policy.clinic, *policy.routes):
        assert each.means in text
        assert each.source in text
    assert "needs clinical sign-off" in text
    assert "60 places for 1,000 people on the register, rounded up, at least 4, a calendar month" in text


@pytest.mark.parametrize("name", SHIPPED)
def test_every_rule_names_its_source(name: str) -> None:
    policy = load_policy(name)
    rules = (*policy.exclusions, *policy.clinic, *policy.routes, *policy.in_hand)
    assert [each.id for each in rules if not each.source] == []


def test_sentences_give_numbers_dates_and_the_right_noun() -> None:
    one = {"severe_exacerbations_12m": 1, "last_severe_date": AS_OF, "risk_severe_12m": 0.234}
    two = {"severe_exacerbations_12m": 2, "risk_severe_12m": 0.001}
    table = assign(population(one, two), load_policy("risk_and_rules"), as_of=AS_OF).patients
    by_id = table.set_index("patient_id")
    assert (
        by_id.loc["P00000", "why_1"]
        == "1 exacerbation with emergency admission in 12 months, last began 2 Apr 2026"
    )
    assert by_id.loc["P00000", "why_2"] == "Risk of a severe exacerbation in 12 months: 23 in 100"
    assert by_id.loc["P00001", "why_1"] == "2 exacerbations with emergency admission in 12 months"


def test_the_example_of_the_page_is_a_policy(tmp_path: Path) -> None:
    page = Path(__file__).parents[2].joinpath("docs", "policy.md").read_text("utf-8")
    path = tmp_path / "our_icb.yaml"
    path.write_text(page.split("```yaml\n")[1].split("```")[0], encoding="utf-8")
    policy = load_policy(path)
    admitted_twice = population({"severe_exacerbations_12m": 2})
    assert assign(admitted_twice, policy, as_of=AS_OF).patients["why_1"].tolist() == [
        "2 severe exacerbations in 12 months"
    ]


def test_the_page_describes_every_key_and_operator() -> None:
    page = Path(__file__).parents[2].joinpath("docs", "policy.md").read_text("utf-8")
    keys = json_schema()["properties"]
    operators = set(get_args(Operator))
    plain = {"id", "version", "title", "purpose", "sources", "sign_off"}
    described = [key for key in (*keys, *operators) if f"`{key}`" in page or f"`{key}:" in page]
    assert set(keys) | operators == set(described) | plain


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.dates(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_anything_anywhere_in_a_policy_is_a_policy_or_a_refusal(tmp_path: Path, data: st.DataObject) -> None:
    raw = yaml.safe_load((FOLDER / "risk_and_rules.yaml").read_text(encoding="utf-8"))
    place: Any = raw
    while isinstance(place, (dict, list)) and place:
        key = data.draw(st.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place))))
        if not isinstance(place[key], (dict, list)) or not place[key] or data.draw(st.integers(0, 3)) == 0:
            place[key] = data.draw(ANYTHING)
            break
        place = place[key]
    path = tmp_path / "ours.yaml"
    path.write_text(yaml.safe_dump(raw), encoding="utf-8")
    with contextlib.suppress(ConfigError):
        assert isinstance(load_policy(path), Policy)


def unbounded(node: Any, place: str = "") -> Iterator[str]:
    """Places in a JSON Schema where a number may be as large as one likes."""
    if isinstance(node, dict):
        ends = [key for key in node if "imum" in key.lower()]
        if node.get("type") in ("integer", "number") and "enum" not in node and len(ends) < 2:
            yield place
        for key, value in node.items():
            yield from unbounded(value, f"{place}/{key}")
    elif isinstance(node, list):
        for number, value in enumerate(node):
            yield from unbounded(value, f"{place}/{number}")


@pytest.mark.parametrize("schema", [json_schema(), config.json_schema()], ids=["policy", "configuration"])
def test_every_number_has_its_limits(schema: dict[str, Any]) -> None:
    """Days and counts beyond what the engine can hold would end the night late, or wrap around unseen."""
    # What a fact is compared with has its limits in code, since it may be a word as well.
    assert [at for at in unbounded(schema) if "/Compare/properties/value" not in at] == []


@pytest.mark.parametrize("value", [10**9 + 1, -(10**400), 1e300, float("nan")])
def test_a_fact_is_compared_with_numbers_of_this_world(value: float) -> None:
    with pytest.raises(ValidationError):
        Compare.model_validate({"column": "age", "op": ">", "value": value})


def test_nobody_counts_back_beyond_a_century(tmp_path: Path) -> None:
    late = {"column": "last_copd_review_date", "op": "older_than_days", "value": 36_526}
    text = faults(site_policy(tmp_path, clinic=[rule("late", late)]))
    assert "a date column cannot be compared by 'older_than_days' with this value" in text


@pytest.mark.parametrize("name", SHIPPED)
def test_no_sentence_says_of_a_record_that_something_never_happened(name: str) -> None:
    """Of somebody registered for weeks the record knows little: what is not on record is said so."""
    said = [note.says for note in load_policy(name).self_management.why]
    assert [text for text in said if text.startswith("No exacerbation") and "on record" not in text] == []
