"""From a line of a list to the rows that made it: take those rows away, run the night again, and the reason is gone."""

from __future__ import annotations

import gzip
import json
import shutil
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from functional_site import SHORT, Site, make_site

from copd_strat import config, tracing
from copd_strat.cli import commands
from copd_strat.errors import InputError, LockError, RequestError
from copd_strat.publish import PublishedRun, RunFolder
from copd_strat.tracing import Trace, TracedSentence, trace_reference, trace_row

PEOPLE = 3


def current(site: Site) -> tuple[config.Settings, PublishedRun]:
    settings = config.load(site.config)
    run = RunFolder(settings.output).current()
    assert run is not None
    return settings, run


@pytest.fixture(scope="module")
def traced(few_people: Path, tmp_path_factory: pytest.TempPathFactory) -> Site:
    """A small site with one published run, not to be changed."""
    folder = tmp_path_factory.mktemp("traced") / "site"
    made = make_site(folder, few_people / "native", few_people / "truth", SHORT)
    done = made.run()
    assert done.returncode == 0, done.stderr
    return made


def chosen(run: PublishedRun) -> list[str]:
    """People of the clinic list, whose reasons are what is on record: those with the most rules first."""
    patients = pd.read_parquet(run.file("analyst/patients.parquet"))
    listed = patients[patients["disposition"] == "clinic"]
    listed = listed.assign(rules=listed["reason_codes"].str.count(";")).sort_values(
        ["rules", "patient_ref"], ascending=[False, True]
    )
    return [str(ref) for ref in listed["patient_ref"].head(PEOPLE)]


@pytest.fixture(scope="module")
def traces(traced: Site, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Trace]:
    settings, run = current(traced)
    work = tmp_path_factory.mktemp("traces")
    return {ref: trace_reference(settings, run, ref, work / ref) for ref in chosen(run)}


def reasons(trace: Trace) -> list[TracedSentence]:
    """Sentences of the lists that rest on rows; what is said of the worklist and the register apart."""
    return [
        s for s in trace.sentences if s.rows and not s.sentence.startswith(("worklist", "on the", "dispo"))
    ]


def test_a_trace_says_what_the_list_says(traces: dict[str, Trace], traced: Site) -> None:
    _, run = current(traced)
    patients = pd.read_parquet(run.file("analyst/patients.parquet")).set_index("patient_ref")
    for reference, trace in traces.items():
        said = {
            text for text in patients.loc[reference, ["why_1", "why_2", "why_3"]] if isinstance(text, str)
        }
        assert said <= {s.sentence for s in trace.sentences} | set(trace.elsewhere)
        assert not trace.elsewhere
        assert f"disposition: {patients.loc[reference, 'disposition']}" in {
            s.sentence for s in trace.sentences
        }


def without(extracts: Path, rows: Sequence[tuple[str, str, int]]) -> None:
    """Take lines out of files: of text the header is line 1, of Parquet the first row."""
    by_file: dict[str, set[int]] = defaultdict(set)
    for _, file, line in rows:
        by_file[file].add(line)
    for name, lines in by_file.items():
        path = extracts / name
        if path.suffix == ".parquet":
            table = pq.read_table(path)
            pq.write_table(table.filter([n not in lines for n in range(1, table.num_rows + 1)]), path)
            continue
        packed = path.suffix == ".gz"
        content = (gzip.decompress(path.read_bytes()) if packed else path.read_bytes()).decode()
        kept = [text for n, text in enumerate(content.splitlines(keepends=True), start=1) if n not in lines]
        path.write_bytes(gzip.compress("".join(kept).encode()) if packed else "".join(kept).encode())


def test_take_the_rows_away_and_the_reason_is_gone(
    traces: dict[str, Trace], traced: Site, tmp_path: Path
) -> None:
    """One reason of each person, all in one night: the night after says none of them."""
    taken = {
        ref: reasons(trace)[number % len(reasons(trace))]
        for number, (ref, trace) in enumerate(traces.items())
        if reasons(trace)
    }
    assert len(taken) == PEOPLE
    site = make_site(tmp_path / "site", traced.extracts, traced.truth, SHORT)
    without(site.extracts, [row for sentence in taken.values() for row in sentence.rows])
    done = site.run()
    assert done.returncode == 0, done.stderr
    _, run = current(site)
    patients = pd.read_parquet(run.file("analyst/patients.parquet")).set_index("patient_ref")
    for reference, sentence in taken.items():
        if reference in patients.index:
            assert sentence.sentence not in set(patients.loc[reference, ["why_1", "why_2", "why_3"]])
    # the rows of one person are nobody else's: everybody else is where they were
    before = pd.read_parquet(current(traced)[1].file("analyst/patients.parquet")).set_index("patient_ref")
    others = before.index.difference(list(taken))
    assert (patients.loc[others, "disposition"] == before.loc[others, "disposition"]).all()


def test_a_row_leads_to_whom_it_moved(traces: dict[str, Trace], traced: Site, tmp_path: Path) -> None:
    reference, trace = next(iter(traces.items()))
    sentence = reasons(trace)[0]
    _, file, line = sentence.rows[0]
    settings, run = current(traced)
    back = trace_row(settings, run, file, line, tmp_path)
    assert back.reference == reference
    assert sentence.sentence in {s.sentence for s in back.about(file, line)}


def test_a_wrong_reference_row_or_extract_is_told(traced: Site, tmp_path: Path) -> None:
    own = tmp_path / "site"
    shutil.copytree(traced.folder, own)
    small_site = Site(own, traced.truth)
    settings, run = current(small_site)
    with pytest.raises(RequestError, match="not in this run"):
        trace_reference(settings, run, "CP-0000-0000-0", tmp_path / "a")
    with pytest.raises(RequestError, match="no readable row"):
        trace_row(settings, run, "patients.csv", 999_999, tmp_path / "b")
    with pytest.raises(RequestError, match=r"patient.csv: no such file.*did you mean patients.csv"):
        trace_row(settings, run, "patient.csv", 2, tmp_path / "b2")
    deaths = small_site.extracts / "deaths.csv"
    deaths.write_text(deaths.read_text(encoding="utf-8") + "SYN0,2026-01-01\n", encoding="utf-8")
    with pytest.raises(InputError, match="not the extracts of run"):
        trace_row(settings, run, "patients.csv", 2, tmp_path / "c")


def test_a_look_at_a_person_is_told_in_the_log_and_a_kill_leaves_no_row(
    traced: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    works = []

    def look(settings: config.Settings, _run: PublishedRun, reference: str, work: Path) -> Trace:
        (work / "rows.parquet").write_bytes(b"a row of a person")
        with pytest.raises(LockError), RunFolder(settings.output).lock("another"):
            pass
        works.append(work)
        return Trace(reference=reference, practice_id="A81001", sentences=(), elsewhere=())

    monkeypatch.setattr(tracing, "trace_reference", look)
    log = traced.output / "audit.jsonl"
    before = log.read_text(encoding="utf-8")
    done = CliRunner().invoke(commands, ["trace", "CP-0000-0000-0", "--config", str(traced.config)])
    assert done.exit_code == 0, done.output
    more = log.read_text(encoding="utf-8").removeprefix(before).splitlines()
    assert [json.loads(line)["what"] for line in more] == ["trace: begins", "trace: done"]
    assert "CP-0000" not in log.read_text(encoding="utf-8")
    (work,) = works
    assert (work.parent, work.exists()) == (traced.output, False)
    work.mkdir()  # as a kill leaves it
    (work / "rows.parquet").write_bytes(b"a row of a person")
    with RunFolder(traced.output).staged("next"):
        assert not work.exists()
