"""An indicator is one row of a table and one query."""

from __future__ import annotations

import csv
from importlib.resources import files

from copd_strat.contracts.contract_files import packaged
from copd_strat.contracts.own_tables import column_names, own_table
from copd_strat.pathways.follow_up_policy import SERVICES
from copd_strat.summary.counts import EARLIER_MONTH
from copd_strat.summary.cube import COHORTS, indicators


def test_every_indicator_has_its_query_and_no_query_stands_alone() -> None:
    folder = files("copd_strat.summary").joinpath("indicators", "sql")
    queries = {path.name.removesuffix(".sql") for path in folder.iterdir()}
    assert queries == set(indicators().index) - set(COHORTS.values())


def test_what_an_indicator_refers_to_is_an_indicator() -> None:
    declared = indicators()
    for column in ("denominator_id", "part_of"):
        assert set(declared[column]) - {""} <= set(declared.index)


def test_what_an_indicator_needs_can_be_observed_or_not() -> None:
    """A source table, a fact of the clinical room or a concept: another word would be 'not observable' for ever."""
    tables = {path.name.split(".")[0] for path in (packaged() / "native").iterdir()}
    facts = set(column_names(own_table("internal", "features")))
    with files("copd_strat.codelists").joinpath("data", "concepts.csv").open(encoding="utf-8") as stream:
        concepts = {row["concept"] for row in csv.DictReader(stream)}
    needed = set(indicators()["needs"].str.partition(":")[0])
    assert needed - {"", EARLIER_MONTH} <= tables | facts | concepts


def test_what_counts_one_service_s_rows_says_so() -> None:
    """Before that service's first row nothing of it was observed, whatever the others of its table sent."""
    folder = files("copd_strat.summary").joinpath("indicators", "sql")
    queries = {path.name.removesuffix(".sql"): path.read_text(encoding="utf-8") for path in folder.iterdir()}
    read = {(name, service) for name, query in queries.items() for service in SERVICES if service in query}
    needs = indicators()["needs"].str.partition(":")[2]
    assert read == set(needs[needs != ""].items()) != set()


def test_every_indicator_names_its_source_and_a_topic_that_a_sheet_can_be_called() -> None:
    declared = indicators()
    assert (declared["source"] != "").all()
    assert all(0 < len(topic) <= 31 and topic.replace(" ", "").isalpha() for topic in declared["topic"])


def test_only_a_share_of_another_indicator_counts_of_it() -> None:
    """“Of the …” names what a share is of: a rate among everybody on the register says how many, not which part."""
    declared = indicators()
    among_people = declared["denominator_id"].isin([*COHORTS.values(), ""])
    of_another = declared["numerator_definition"].str.startswith("Of the ")
    assert of_another.any()
    assert not (of_another & among_people).any()


def test_need_by_deprivation_is_of_events_whose_ratio_has_an_interval() -> None:
    """The report compares the fifths by the ratio of two rates of events, which no share of people is."""
    declared = indicators()
    need = declared[declared["report"].str.contains("equity") & (declared["polarity"] == "lower")]
    assert len(need) >= 2
    assert set(need["interval_method"]) == {"byar"}
