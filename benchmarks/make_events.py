"""SYNTHETIC extracts of the size of a large care system, for `make bench`: native layout, all in Parquet.

    python benchmarks/make_events.py [--patients 100000] [--out benchmarks/data/100000]

People are written 5,000 at a time and their records are never held, so that 1.4 million need no more memory. Each
of them gets about 500 GP events, 150 prescriptions and a few stays and attendances in five years; most codes are
in no code list, as in real records. Every draw is a hash of person and entry, so the same arguments and DuckDB
version give the same bytes; each part is in order of date. For realistic people use `copd-strat synth`; these only
have a realistic amount of data.
"""

from __future__ import annotations

import argparse
import shutil
import time
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

from copd_strat.codelists.intact_codes import verhoeff_passes
from copd_strat.synthetic.codes import code_of, code_table, medicine_table

END = date(2026, 10, 31)
DAYS = 1826
GP_EVENTS, PRESCRIPTIONS, STAYS, ATTENDANCES = 500, 150, 4, 3
PEOPLE_A_PART = 5000
PEOPLE_A_PRACTICE = 250
LABEL = "SYNTHETIC DATA: nobody in this folder exists.\n"

#: Of 10,000 GP events, how many carry each code; the rest carry codes that no list holds.
SHARES = {
    "systolic": 700, "diastolic": 700, "pulse": 200, "medication_review": 150, "hba1c": 100,
    "cough": 25, "breathless": 20, "green_sputum": 8, "lrti": 12, "flu_vaccine": 90, "copd_followup": 40,
    "hypertension": 15, "ihd": 6, "heart_failure": 4, "stroke": 3, "diabetes": 8, "ckd": 6, "anxiety": 8,
    "depression": 8, "gord": 6, "osteoporosis": 4, "bronchiectasis": 2, "asthma": 6, "eczema": 4,
    "pr_offered": 6, "pr_completed": 2, "rescue_pack": 4, "home_oxygen": 1, "palliative": 1, "care_home": 1,
    "housebound": 1, "interpreter": 1, "frailty_moderate": 3, "eosinophils": 30, "weight": 60,
}  # fmt: skip
#: What an annual review records on its day.
REVIEW = (
    "copd_review", "mrc_3", "cat", "smoker", "ex_smoker", "fev1", "fev1_percent", "ratio", "bmi", "spo2",
    "exacerbation_count", "inhaler_technique", "plan", "height",
)  # fmt: skip
#: Lowest and highest value, and unit, of codes that carry one.
VALUES = {
    "systolic": (100, 180, "mmHg"), "diastolic": (55, 100, "mmHg"), "pulse": (50, 110, "/min"),
    "hba1c": (30, 70, "mmol/mol"), "cat": (2, 38, "score"), "fev1": (0.6, 3.2, "L"),
    "fev1_percent": (20, 105, "%"), "ratio": (0.3, 0.69, "ratio"), "bmi": (17, 40, "kg/m2"),
    "spo2": (86, 99, "%"), "exacerbation_count": (0, 4, ""), "height": (150, 190, "cm"),
    "weight": (45, 120, "kg"), "eosinophils": (0.02, 0.8, "10*9/L"),
}  # fmt: skip
MEDICINES = {
    "salbutamol": 14, "tiotropium": 6, "umeclidinium_vilanterol": 9, "beclometasone_formoterol": 8,
    "trimbow": 7, "trelegy": 8, "atorvastatin": 12, "carbocisteine": 3, "unrelated_1": 17, "unrelated_3": 16,
}  # fmt: skip


@dataclass(frozen=True)
class Size:
    people: int
    folder: Path

    @property
    def parts(self) -> int:
        return -(-self.people // PEOPLE_A_PART)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--patients", type=int, default=100_000, help="people on the register")
    arguments.add_argument("--out", type=Path)
    given = arguments.parse_args()
    out = given.out or data_of(given.patients)
    started = time.monotonic()
    # Whole or not there: what a stopped run left is never taken for data.
    partial = out.with_name(f"{out.name}.partial")
    for old in (partial, out):
        shutil.rmtree(old, ignore_errors=True)
    partial.mkdir(parents=True)
    (partial / "SYNTHETIC.txt").write_text(LABEL, encoding="utf-8")
    with duckdb.connect(config={"threads": 2, "memory_limit": "1GB"}) as engine:
        rows = make(engine, Size(given.patients, partial))
    partial.rename(out)
    for table, count in rows.items():
        print(f"{table:18} {count:>12,} rows")
    print(f"{out}: {time.monotonic() - started:.0f} s")


def data_of(patients: int) -> Path:
    """Where the data of a size lie."""
    return Path(__file__).parent / "data" / str(patients)


def make(engine: duckdb.DuckDBPyConnection, size: Size) -> dict[str, int]:
    """Write every table below ``size.folder``; rows written by table."""
    prepare(engine, size)
    for table, select in (("patients", PATIENTS), ("organisations", ORGANISATIONS), ("deaths", DEATHS)):
        copy(engine, select, size.folder / f"{table}.parquet")
    for table, select in (("hospital_episodes", episodes()), ("ed_attendances", attendances())):
        copy(engine, select, size.folder / f"{table}.parquet")
    for part in range(size.parts):
        first, last = part * PEOPLE_A_PART, (part + 1) * PEOPLE_A_PART - 1
        for table, select in (("gp_events", GP_EVENT_ROWS), ("prescriptions", PRESCRIPTION_ROWS)):
            path = size.folder / table / f"part_{part + 1:03d}.parquet"
            path.parent.mkdir(exist_ok=True)
            copy(engine, select.replace("$people", f"number BETWEEN {first} AND {last}"), path)
    return {
        path.stem: engine.sql(f"SELECT count(*) FROM '{_all_of(path)}'").fetchall()[0][0]
        for path in sorted(size.folder.iterdir())
        if path.suffix != ".txt"
    }


def _all_of(path: Path) -> str:
    return f"{path}/*.parquet" if path.is_dir() else str(path)


def copy(engine: duckdb.DuckDBPyConnection, select: str, path: Path) -> None:
    engine.execute(f"COPY ({select}) TO '{path}' (FORMAT parquet, COMPRESSION snappy)")


def prepare(engine: duckdb.DuckDBPyConnection, size: Size) -> None:
    """People with an opaque id, and what each slot of a draw stands for."""
    for name, value in (("end_day", f"DATE '{END}'"), ("days", str(DAYS))):
        engine.execute(f"CREATE MACRO {name}() AS {value}")
    # a draw from 0 to below (most), by person, entry and purpose
    engine.execute(
        "CREATE MACRO draw(person, entry, why, most) AS CAST(hash(person, entry, why) % most AS INTEGER)"
    )
    engine.execute(
        PEOPLE.replace("$count", str(size.people + size.people // 200)).replace("$living", str(size.people))
    )
    engine.execute("CREATE TABLE codes (slot INTEGER, code VARCHAR, low DOUBLE, high DOUBLE, unit VARCHAR)")
    engine.executemany("INSERT INTO codes VALUES (?, ?, ?, ?, ?)", slots())
    engine.execute("CREATE TABLE reviews (slot INTEGER, code VARCHAR, low DOUBLE, high DOUBLE, unit VARCHAR)")
    engine.executemany(
        "INSERT INTO reviews VALUES (?, ?, ?, ?, ?)", [(i, *described(n)) for i, n in enumerate(REVIEW)]
    )
    ids = {row["name"]: row["dmd_code"] for row in medicine_table()}
    listed = [ids[name] for name, share in MEDICINES.items() for _ in range(share)]
    engine.execute("CREATE TABLE medicines (slot INTEGER, dmd_code VARCHAR)")
    engine.executemany("INSERT INTO medicines VALUES (?, ?)", list(enumerate(listed)))


def described(name: str) -> tuple[str, float | None, float | None, str | None]:
    low, high, unit = VALUES.get(name, (None, None, None))
    return code_of(name), low, high, unit


def slots() -> list[tuple[int, str, float | None, float | None, str | None]]:
    """10,000 slots: listed codes by their share, then intact identifiers that no list holds."""
    listed = [described(name) for name, share in SHARES.items() for _ in range(share)]
    known = {row["code"] for row in code_table()}
    numbers = (str(number) for number in range(900_000_000, 2_000_000_000, 7))
    intact = (n for n in numbers if n[-3] == "0" and n not in known and verhoeff_passes(n))
    others = [next(intact) for _ in range(1500)]
    rest = [(others[position % len(others)], None, None, None) for position in range(10_000 - len(listed))]
    return [(slot, *described_code) for slot, described_code in enumerate([*listed, *rest])]


PEOPLE = """
CREATE TABLE people AS SELECT
    CAST(number AS INTEGER) AS number,
    'SYN' || upper(substr(md5('person ' || number), 1, 12)) AS patient_id,
    draw(number, 0, 'acute', 13) AS acute_contacts,
    number >= $living AS dead
FROM range($count) AS numbered (number)
"""

PATIENTS = f"""
SELECT
    patient_id,
    'YB' || lpad(CAST(number // {PEOPLE_A_PRACTICE} AS VARCHAR), 4, '0') AS practice_id,
    CASE draw(number, 0, 'sex', 2) WHEN 0 THEN 'female' ELSE 'male' END AS sex,
    CAST(1936 + draw(number, 0, 'birth', 50) AS INTEGER) AS birth_year,
    CAST(1 + draw(number, 0, 'month', 12) AS INTEGER) AS birth_month,
    'A' AS ethnicity,
    CAST(1 + draw(number, 0, 'imd', 10) AS INTEGER) AS imd_decile,
    CAST(end_day() - 500 - draw(number, 0, 'registered', 9000) AS DATE) AS registration_start,
    CAST(NULL AS DATE) AS registration_end,
    CASE WHEN dead THEN CAST(end_day() - draw(number, 0, 'death', 300) AS DATE) END AS death_date
FROM people ORDER BY number
"""

DEATHS = "SELECT patient_id, death_date FROM (" + PATIENTS + ") WHERE death_date IS NOT NULL"

ORGANISATIONS = f"""
SELECT
    'YB' || lpad(CAST(practice AS VARCHAR), 4, '0') AS practice_id,
    'Practice ' || practice || ' (synthetic)' AS practice_name,
    'Network ' || practice // 6 AS pcn, 'Synthetic sub-ICB ' || practice // 60 AS sub_icb,
    'Synthetic ICB ' || practice // 180 AS icb,
    CAST(NULL AS DATE) AS valid_from, CAST(NULL AS DATE) AS valid_to
FROM (SELECT DISTINCT number // {PEOPLE_A_PRACTICE} AS practice FROM people) ORDER BY practice
"""

#: Rows 0: diagnosis; then acute contacts; then up to six reviews of all their codes; then anything.
GP_EVENT_ROWS = f"""
WITH numbered AS (
    SELECT
        number, patient_id, acute_contacts, CAST(entry AS INTEGER) AS entry,
        CASE WHEN entry > 12 THEN (entry - 13) // {len(REVIEW)} END AS review_year
    FROM people CROSS JOIN range({GP_EVENTS}) AS rows (entry)
    WHERE $people
),
dated AS (
    SELECT *, CASE
        WHEN entry = 0 THEN days() + draw(number, entry, 'diagnosed', 4000)
        WHEN entry <= acute_contacts THEN draw(number, entry, 'acute day', days())
        WHEN review_year < 5 THEN review_year * 365 + draw(number, review_year, 'review day', 360)
        ELSE draw(number, entry, 'day', days())
    END AS days_ago
    FROM numbered
),
coded AS (
    SELECT
        number, patient_id, entry, days_ago,
        CASE
            WHEN entry = 0 THEN '{code_of("copd")}'
            WHEN entry <= acute_contacts THEN '{code_of("aecopd")}'
            WHEN review_year < 5 THEN reviews.code
            ELSE codes.code
        END AS code,
        CASE WHEN entry <= 12 THEN NULL WHEN review_year < 5 THEN reviews.low ELSE codes.low END AS low,
        CASE WHEN entry <= 12 THEN NULL WHEN review_year < 5 THEN reviews.high ELSE codes.high END AS high,
        CASE WHEN entry <= 12 THEN NULL WHEN review_year < 5 THEN reviews.unit ELSE codes.unit END AS unit
    FROM dated
    INNER JOIN codes ON codes.slot = draw(number, entry, 'code', 10000)
    INNER JOIN reviews ON reviews.slot = (entry + 1) % {len(REVIEW)}
)
SELECT
    patient_id,
    end_day() - CAST(days_ago AS INTEGER) AS event_date,
    code,
    'snomed' AS code_system,
    -- scores and counts are whole numbers
    round(
        low + (high - low) * draw(number, entry, 'value', 1000) / 1000.0,
        CASE WHEN unit IN ('score', '') THEN 0 ELSE 2 END
    ) AS value,
    unit,
    end_day() - CAST(days_ago AS INTEGER) AS recorded_date
FROM coded
ORDER BY event_date, number, entry
"""

_STEROID = next(row["dmd_code"] for row in medicine_table() if row["name"] == "prednisolone_5mg")
_ANTIBIOTIC = next(row["dmd_code"] for row in medicine_table() if row["name"] == "amoxicillin")

#: Acute contacts first (steroid and antibiotic on the contact's day), then the regular medicines of a person.
PRESCRIPTION_ROWS = f"""
WITH numbered AS (
    SELECT number, patient_id, acute_contacts, CAST(entry AS INTEGER) AS entry
    FROM people CROSS JOIN range({PRESCRIPTIONS}) AS rows (entry)
    WHERE $people
),
dated AS (
    SELECT *,
        entry < 2 * acute_contacts AS acute,
        CASE
            WHEN entry < 2 * acute_contacts THEN draw(number, entry // 2 + 1, 'acute day', days())
            ELSE least(entry // 5 * 60 + draw(number, entry, 'jitter', 8), days() - 1)
        END AS days_ago
    FROM numbered
)
SELECT
    patient_id,
    end_day() - CAST(days_ago AS INTEGER) AS issue_date,
    CASE
        WHEN acute AND entry % 2 = 0 THEN '{_STEROID}' WHEN acute THEN '{_ANTIBIOTIC}'
        ELSE medicines.dmd_code
    END AS dmd_code,
    CASE WHEN acute AND entry % 2 = 0 THEN 30.0 WHEN acute THEN 15.0 ELSE 28.0 END AS quantity,
    CASE WHEN acute THEN 5.0 ELSE NULL END AS duration_days,
    end_day() - CAST(days_ago AS INTEGER) AS recorded_date
FROM dated
INNER JOIN medicines ON medicines.slot = draw(number, entry % 5, 'medicine', {sum(MEDICINES.values())})
ORDER BY issue_date, number, entry
"""


def episodes() -> str:
    """Up to three stays a person, one episode each; one in eight for the exacerbation."""
    empty = ", ".join(f"CAST(NULL AS VARCHAR) AS diagnosis_{position:02d}" for position in range(4, 21))
    return f"""
    SELECT
        patient_id,
        'EP' || lpad(CAST(number * {STAYS} + stay AS VARCHAR), 9, '0') AS episode_id,
        'RB' || number % 9 AS provider,
        admission_date, admission_date AS episode_start,
        CAST(admission_date + length AS DATE) AS episode_end,
        CASE WHEN draw(number, stay, 'method', 3) = 0 THEN '11' ELSE '21' END AS admission_method,
        CAST(admission_date + length AS DATE) AS discharge_date,
        1 AS episode_order, '19' AS admission_source, '19' AS discharge_destination, '1' AS discharge_method,
        '1' AS patient_class, '3' AS episode_status,
        CAST(admission_date + length AS DATE) AS recorded_date,
        CASE draw(number, stay, 'reason', 8)
            WHEN 0 THEN 'J440' WHEN 1 THEN 'J181' WHEN 2 THEN 'N390' WHEN 3 THEN 'S720' ELSE 'R074'
        END AS diagnosis_01,
        'J449' AS diagnosis_02, 'I10X' AS diagnosis_03, {empty}
    FROM (
        SELECT
            number, patient_id, CAST(stay AS INTEGER) AS stay, draw(number, stay, 'length', 9) AS length,
            CAST(end_day() - 30 - draw(number, stay, 'admitted', days() - 30) AS DATE) AS admission_date
        FROM people CROSS JOIN range({STAYS}) AS stays (stay)
        WHERE stay < draw(number, 0, 'stays', {STAYS})
    ) ORDER BY number, stay
    """


def attendances() -> str:
    """Up to two attendances a person, most for no chest reason, none leading to a stay."""
    empty = [f"CAST(NULL AS VARCHAR) AS diagnosis_{position:02d}" for position in range(2, 13)]
    qualifiers = [f"CAST(NULL AS VARCHAR) AS diagnosis_qualifier_{position:02d}" for position in range(1, 13)]
    return f"""
    SELECT
        patient_id,
        'AT' || lpad(CAST(number * {ATTENDANCES} + visit AS VARCHAR), 9, '0') AS attendance_id,
        arrival_date, arrival_date AS departure_date, '{code_of("ed_home")}' AS discharge_destination,
        CASE WHEN draw(number, visit, 'chest', 6) = 0 THEN '{code_of("aecopd")}'
            ELSE '{code_of("fall")}' END AS diagnosis_01,
        {", ".join(empty + qualifiers)}
    FROM (
        SELECT
            number, patient_id, CAST(visit AS INTEGER) AS visit,
            CAST(end_day() - 30 - draw(number, visit, 'attended', days() - 30) AS DATE) AS arrival_date
        FROM people CROSS JOIN range({ATTENDANCES}) AS visits (visit)
        WHERE visit < draw(number, 0, 'visits', {ATTENDANCES})
    ) ORDER BY number, visit
    """


if __name__ == "__main__":
    main()
