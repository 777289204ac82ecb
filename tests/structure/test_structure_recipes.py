"""The recipes of docs/extending.md, followed in a temporary copy of the tree: the files they name are enough."""

from __future__ import annotations

import filecmp
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
COPIED = (
    "src",
    "data_contracts",
    "tests/clinical",
    "tests/clinical_spec",
    "tests/contracts",
    "tests/outputs",
)


class Tree:
    """A copy of the tree that a recipe changes."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for folder in COPIED:
            shutil.copytree(
                ROOT / folder, root / folder, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info")
            )
        shutil.copy(ROOT / "tests" / "conftest.py", root / "tests")

    def insert(self, file: str, before: str, text: str) -> None:
        """Put ``text`` before the only place in ``file`` that reads ``before``."""
        path = self.root / file
        old = path.read_text(encoding="utf-8")
        assert old.count(before) == 1, before
        path.write_text(old.replace(before, text + before), encoding="utf-8")

    def append(self, file: str, text: str) -> None:
        path = self.root / file
        path.write_text(path.read_text(encoding="utf-8") + text, encoding="utf-8")

    def create(self, file: str, text: str) -> None:
        assert not (self.root / file).exists()
        (self.root / file).write_text(text, encoding="utf-8")

    def touched(self) -> set[str]:
        """Files that differ from the real tree."""
        files = (path for folder in COPIED for path in (self.root / folder).rglob("*") if path.is_file())
        names = {path.relative_to(self.root).as_posix() for path in files if "__pycache__" not in path.parts}
        _, changed, missing = filecmp.cmpfiles(ROOT, self.root, names, shallow=False)
        return {*changed, *missing}

    def run(self, *arguments: str) -> str:
        """Python with the copy's program and its test folders; its output."""
        places = [
            self.root / "src",
            *(self.root / folder for folder in COPIED if folder.startswith("tests/")),
        ]
        environment = os.environ | {
            "PYTHONPATH": os.pathsep.join(map(str, places)),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=self.root,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree(tmp_path)


_FEATURE = """\
  - name: last_flu_vaccine_date
    description: Latest influenza vaccine given
    logicalType: date
    customProperties:
    - {property: kind, value: date_to_index}
    - {property: group, value: care}
    - {property: needs, value: {concepts: [flu_vaccine_given]}}
"""
_SPEC_CASE = """
P99 the latest influenza vaccine
    rule    the latest one up to the index; docs/extending.md
    2023-10-01  influenza vaccine
    2024-10-09  influenza vaccine
    ->  last_flu_vaccine_date: 2024-10-09
"""


def test_a_feature_is_its_sql_its_contract_entry_and_its_spec_case(tree: Tree) -> None:
    tree.insert(
        "src/copd_strat/clinical/sql/care_facts.sql",
        "        max(CASE WHEN concept = 'copd_review' THEN last_date END)",
        "        max(CASE WHEN concept = 'flu_vaccine_given' THEN last_date END) AS last_flu_vaccine_date,\n",
    )
    tree.insert("data_contracts/internal/features.odcs.yaml", "  - name: inhaler_technique_date\n", _FEATURE)
    tree.append("tests/clinical_spec/topics/11_care_processes.txt", _SPEC_CASE)
    assert tree.touched() == {
        "src/copd_strat/clinical/sql/care_facts.sql",
        "data_contracts/internal/features.odcs.yaml",
        "tests/clinical_spec/topics/11_care_processes.txt",
    }
    passed = tree.run("-m", "pytest", "-q", "tests/clinical_spec", "-k", "P99 or P01")
    assert "2 passed" in passed
    assert "1 passed" in tree.run(
        "-m", "pytest", "-q", "tests/clinical/test_clinical_observability.py", "-k", "describes_the_table"
    )
    # a policy may name it, and analysts get it, without another word
    said = tree.run(
        "-c",
        "from copd_strat.contracts.own_tables import arrow_schema, own_table\n"
        "from copd_strat.pathways.fact_columns import patient_columns\n"
        "name = 'last_flu_vaccine_date'\n"
        "print(patient_columns()[name], arrow_schema(own_table('internal', 'features')).field(name).type)",
    )
    assert said.split() == ["date", "date32[day]"]


_INDICATOR = (
    "long_stays,Long stays for COPD,Hospital use,per 100 people,rate,100,lower,register,copd_register,"
    "copd_emergency_admissions,events,byar,false,year,quarter,month,month,quarter,true,"
    "hospital_episodes,headline networks,"
    "Emergency admissions for COPD of seven nights or more,"
    "People on the COPD register on the last day of the month,docs/extending.md\n"
)
_QUERY = """\
-- Finished emergency spells for COPD of seven nights or more, by the day of admission.
-- Source: docs/extending.md.
SELECT people.patient_id, spell_sequence.admission_date AS day, 1 AS n
FROM spell_sequence
INNER JOIN people ON spell_sequence.patient = people.patient
WHERE spell_sequence.copd_related
    AND date_diff('day', spell_sequence.admission_date, spell_sequence.discharge_date) >= 7
"""
_COUNTED = """
from datetime import date
from pathlib import Path
from clinical_world import World
from copd_strat.config import EngineSettings
from copd_strat.engine import Engine
from copd_strat.summary.indicator_events import count_events
world = World(Engine.open(EngineSettings(memory_limit="256MB", threads=1), Path("spill")))
world.patient("p")
world.episode("p", "2025-05-03", "2025-05-10", "J441")
world.episode("p", "2025-06-03", "2025-06-09", "J441")
world.build()
world.start_clock()
count_events(world.engine, [date(2025, 5, 1), date(2025, 6, 1)])
print(world.engine.rows("SELECT month, n FROM monthly_events WHERE indicator = 'long_stays'"))
"""
_PUBLISHED = """
from pathlib import Path
import summary_fixture as fixture
from copd_strat.report.figures import networks
from copd_strat.report.published_rows import Published
fixture.RATES["long_stays"] = 0.005
everybody = fixture.people()
done = fixture.summary_of(Path("."), everybody, fixture.TWO_MONTHS)
facts = {name: table.to_pandas(date_as_object=True) for name, table in done.tables.items()}
rows = facts["fact_indicator"]
print((rows["indicator_id"] == "long_stays").sum() > 0,
      "long_stays" in set(facts["dim_indicator"]["indicator_id"]),
      "Long stays for COPD" in str(networks(Published.of(facts))))
"""


def test_an_indicator_is_one_row_of_a_table_and_one_query(tree: Tree) -> None:
    tree.insert("src/copd_strat/summary/data/indicators.csv", "people_placed,People given", _INDICATOR)
    tree.create("src/copd_strat/summary/indicators/sql/long_stays.sql", _QUERY)
    assert tree.touched() == {
        "src/copd_strat/summary/data/indicators.csv",
        "src/copd_strat/summary/indicators/sql/long_stays.sql",
    }
    assert "passed" in tree.run("-m", "pytest", "-q", "tests/outputs/test_outputs_indicators.py")
    assert tree.run("-c", _COUNTED).strip() == "[(datetime.date(2025, 5, 1), 1)]"
    assert tree.run("-c", _PUBLISHED).split() == ["True", "True", "True"]


_CHECK = '''\
"""The text has a length within a band."""

from __future__ import annotations

from typing import Any

from copd_strat.checks.check import Cell, Check, Common, Row
from copd_strat.checks.expectations import expectations
from copd_strat.contracts.contract import Contract, Rule
from copd_strat.engine.sql import literal


class LengthBetween(Check):
    meaning = "the text has a length within a band"
    counts = "Rows whose {column} is not {shortest} to {longest} characters long."
    dimension = "conformity"
    arguments = ("shortest", "longest")
    told_by_value = True

    def condition(self, cell: Cell) -> str:
        shortest, longest = (literal(cell.rule.arguments[name]) for name in self.arguments)
        return f"length({cell.value}) NOT BETWEEN {shortest} AND {longest}"

    def expectation(self, rule: Rule, contract: Contract, common: Common) -> Any:
        shortest, longest = (rule.arguments[name] for name in self.arguments)
        return expectations().ExpectColumnValueLengthsToBeBetween(
            column=rule.column, min_value=shortest, max_value=longest, **common
        )

    def bad_value(self, rule: Rule, contract: Contract, row: Row) -> str:
        return row[str(rule.column)].ljust(rule.arguments["longest"] + 1, "0")


CHECK = LengthBetween()
'''
_CHECKED = """\
    quality:
    - type: custom
      engine: copd-strat
      implementation: {check: length_between, shortest: 6, longest: 18}
"""


def test_a_check_kind_is_one_file_and_the_contracts_that_use_it(tree: Tree) -> None:
    tree.create("src/copd_strat/checks/length_between.py", _CHECK)
    quantity = "  - name: quantity\n    description: Quantity issued."
    tree.insert("data_contracts/native/prescriptions.odcs.yaml", quantity, _CHECKED)
    assert tree.touched() == {
        "src/copd_strat/checks/length_between.py",
        "data_contracts/native/prescriptions.odcs.yaml",
    }
    shown = tree.run(
        "-c",
        "from copd_strat.cli import main; main()",
        "contracts",
        "show",
        "native.prescriptions.dmd_code.length_between",
    )
    assert "Rows whose dmd_code is not 6 to 18 characters long." in " ".join(shown.split())
    # Broken once in synthetic extracts like every rule: caught, quarantined with its line, counted twice.
    assert "6 passed" in tree.run("-m", "pytest", "-q", "tests/contracts/test_contracts_faults.py")


_PEOPLE = """\
apiVersion: v3.1.0
kind: DataContract
id: copd-strat.ledger.people
name: People of the ledger
version: 2.0.0
status: active
schema:
- name: people
  description: One row a person.
  customProperties:
  - {property: needed, value: true}
  properties:
  - name: who
    description: Pseudonym.
    logicalType: string
    required: true
    primaryKey: true
    customProperties: [{property: kind, value: patient_id}]
  - name: practice
    description: Practice.
    logicalType: string
    required: true
    customProperties: [{property: kind, value: organisation}]
  - name: gender
    description: 01 female, 02 male.
    logicalType: string
    customProperties:
    - {property: kind, value: category}
    - {property: present, value: true}
    quality:
    - metric: invalidValues
      arguments: {validValues: ['01', '02']}
      mustBe: 0
  - name: born
    description: Year of birth.
    logicalType: integer
    required: true
    customProperties: [{property: kind, value: birth_year}]
team: {name: Sender of the extract}
"""
_ENTRIES = """\
apiVersion: v3.1.0
kind: DataContract
id: copd-strat.ledger.entries
name: Entries of the ledger
version: 2.0.0
status: active
schema:
- name: entries
  description: One row a coded entry.
  customProperties: [{property: linkageFloor, value: 0.5}]
  properties:
  - name: who
    description: Pseudonym.
    logicalType: string
    required: true
    relationships: [{to: people.who}]
    customProperties: [{property: kind, value: patient_id}]
  - name: day
    description: Day of the entry.
    logicalType: date
    required: true
    customProperties: [{property: kind, value: event_date}]
  - name: sctid
    description: SNOMED CT id.
    logicalType: string
    required: true
    customProperties: [{property: kind, value: code}]
team: {name: Sender of the extract}
"""
_MAPPING = '''\
"""The ledger: people and their entries."""

from copd_strat.extracts.layout import Feed, Layout

LAYOUT = Layout(
    name="ledger",
    order=("people", "entries"),
    people=("people",),
    care={"people": "primary", "entries": "primary"},
    feeds=(
        Feed(relation="patients", needs=("people",), sql="patients"),
        Feed(relation="gp_events", needs=("entries",), sql="gp_events"),
    ),
)
'''
_LEDGER_PATIENTS = """\
-- People of the ledger, one registration each. Source: docs/extending.md.
SELECT
    who AS patient_id, practice AS practice_id,
    CASE gender WHEN '01' THEN 'female' WHEN '02' THEN 'male' ELSE 'unknown' END AS sex,
    born AS birth_year
FROM ledger_people
"""
_LEDGER_EVENTS = """\
-- Entries of the ledger, all in SNOMED CT. Source: docs/extending.md.
SELECT who AS patient_id, day AS event_date, sctid AS code, 'snomed' AS code_system
FROM ledger_entries
"""
_WRITER = '''\
"""The ledger as its sender writes it: genders lose their zeros on the way."""

from copd_strat.extracts.synthetic_selects import PRESENT, asked, write_select

PEOPLE = f"""
    SELECT patient_id AS who, practice_id AS practice, CASE sex WHEN 'female' THEN 1 ELSE 2 END AS gender,
           birth_year AS born FROM ({PRESENT}) ORDER BY ALL"""
ENTRIES = """
    SELECT patient_id AS who, event_date AS day, code AS sctid
    FROM gp_events WHERE code_system = 'snomed' ORDER BY ALL"""


def write(tables, folder):
    with asked(tables) as connection:
        return (
            write_select(connection, PEOPLE, folder / "people.csv"),
            write_select(connection, ENTRIES, folder / "entries.parquet"),
        )
'''
_READ = """
from datetime import date
from pathlib import Path
from copd_strat import config, extracts
from copd_strat.config import EngineSettings, ExtractSource
from copd_strat.contracts.lint import lint
from copd_strat.engine import Engine
from copd_strat.extracts.inventory import inventory
from copd_strat.extracts.propose_layout import propose
from copd_strat.synthetic import SyntheticSettings, simulate_world
from copd_strat.synthetic.generate import write_world
contracts = config.packaged_folder("data_contracts")
assert "ledger" in config.layouts()
world = simulate_world(SyntheticSettings(seed=3, practices=2, register=30, others=10))
folder = write_world(world, Path("out"), "ledger").extracts
engine = Engine.open(EngineSettings(), Path("spill"))
found = extracts.ingest_sources(
    engine, (ExtractSource(layout="ledger", path=folder),), contracts,
    inputs=(inventory(folder),), zone="Europe/London",
    work=Path("work"), quality=Path("quality"), as_of=date(2026, 11, 23))
sexes = engine.rows("SELECT DISTINCT sex FROM patients ORDER BY 1")
people = len(set(world.tables["patients"]["patient_id"].to_pylist()))
print(propose(folder, contracts).sources[0].layout, engine.scalar("SELECT count(*) FROM patients") == people,
      engine.scalar("SELECT count(*) FROM gp_events") > 1000, [sex for (sex,) in sexes] == ["female", "male"],
      found.linkages[0].share, found.sums["quarantined"])
"""


def test_a_layout_is_its_contracts_and_one_folder(tree: Tree) -> None:
    folder = "src/copd_strat/extracts/layouts/ledger"
    files = {
        "data_contracts/ledger/people.odcs.yaml": _PEOPLE,
        "data_contracts/ledger/entries.odcs.yaml": _ENTRIES,
        f"{folder}/__init__.py": "",
        f"{folder}/mapping.py": _MAPPING,
        f"{folder}/writer.py": _WRITER,
        f"{folder}/sql/patients.sql": _LEDGER_PATIENTS,
        f"{folder}/sql/gp_events.sql": _LEDGER_EVENTS,
    }
    for name, text in files.items():
        (tree.root / name).parent.mkdir(parents=True, exist_ok=True)
        tree.create(name, text)
    assert tree.touched() == set(files)
    assert tree.run("-c", _READ).split() == ["ledger", "True", "True", "True", "1.0", "0"]
    assert "no faults" in tree.run("-c", "from copd_strat.cli import main; main()", "contracts", "lint")
