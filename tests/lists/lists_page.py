"""The list that docs/lists.md walks through. As a script it refreshes the page's table and picture."""

from __future__ import annotations

import subprocess
import tempfile
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
from lists_example import AS_OF, KEY, STAMP, patient

from copd_strat.lists import write_lists
from copd_strat.pathways import assign, load_policy, make_references, who_is_where
from copd_strat.pathways.policy import Capacity

PAGE = Path(__file__).parents[2] / "docs" / "lists.md"
PICTURE = PAGE.parent / "figures" / "clinic-list.png"
START, END = "<!-- the list: begin -->", "<!-- the list: end -->"
SHOWN = (
    "rank",
    "place",
    "route",
    "patient_ref",
    "why_1",
    "why_2",
    "risk_12m",
    "change",
    "suggested_action",
    "data_warning",
)

TONIGHT = (
    patient(
        "p1",
        severe_exacerbations_12m=2,
        exacerbations_12m=2,
        last_severe_date=date(2026, 2, 11),
        last_exacerbation_date=date(2026, 2, 11),
        risk_severe_12m=0.31,
        mrc=4,
        smoking_status="current",
        flu_vaccine_this_season=False,
    ),
    patient("p2", home_oxygen=True, home_oxygen_date=date(2025, 9, 3), risk_severe_12m=0.17, housebound=True),
    patient(
        "p3",
        severe_exacerbations_12m=1,
        exacerbations_12m=1,
        last_severe_date=date(2025, 7, 2),
        last_exacerbation_date=date(2025, 7, 2),
        risk_severe_12m=None,
        risk_status="missing_required: FEV1 % predicted",
        fev1_pct_predicted=None,
        fev1_pct_date=None,
    ),
    patient(
        "p4",
        moderate_exacerbations_12m=2,
        exacerbations_12m=2,
        moderate_evidence_12m="2025-08-01 chest infection code, antibiotic; 2025-12-09 exacerbation code",
        last_exacerbation_date=date(2025, 12, 9),
        risk_severe_12m=0.04,
        interpreter_needed=True,
    ),
    patient("p5", risk_severe_12m=0.09),
    patient("p6", mrc=5, risk_severe_12m=0.21, on_clinic_caseload=True),
)


def page_lists(root: Path) -> Path:
    """Two nights, four places a month; gives the folder of the practice's lists of the second night."""
    policy = load_policy("risk_and_rules")
    policy = policy.model_copy(update={"capacity": Capacity(places=4)})
    frame = pd.DataFrame(list(TONIGHT))
    frame["patient_ref"] = make_references(frame, KEY).astype(object)
    first = assign(_night_before(frame), policy, as_of=AS_OF - timedelta(days=1))
    second = assign(frame, policy, as_of=AS_OF, previous=first.history)
    practice = pd.DataFrame({"practice_id": ["A81001"], "practice_name": ["Saltmarsh Surgery"]})
    codes, who = practice["practice_id"], who_is_where(policy)
    write_lists(root, [second.patients], second.changes, practice, STAMP, practices=codes, who=who)
    return root / "direct_care" / "A81001"


def _night_before(tonight: pd.DataFrame) -> pd.DataFrame:
    """p1's admissions were not yet coded, p4 not yet registered, p5's risk still above the threshold."""
    before = tonight[tonight["patient_id"] != "p4"].set_index("patient_id", drop=False)
    before.loc["p1", ["severe_exacerbations_12m", "exacerbations_12m", "risk_severe_12m"]] = [0, 0, 0.05]
    before.loc["p5", "risk_severe_12m"] = 0.16
    return before.reset_index(drop=True)


def page_table(folder: Path) -> str:
    """The clinic list as a Markdown table of its telling columns."""
    path = next(folder.glob("*_clinic.csv"))
    lines = pd.read_csv(path, dtype="str", encoding="utf-8-sig", keep_default_na=False)[list(SHOWN)]
    rows = [list(SHOWN), ["---"] * len(SHOWN), *lines.to_numpy().tolist()]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def with_table(page: str, table: str) -> str:
    head, rest = page.split(START)
    return f"{head}{START}\n\n{table}\n\n{END}{rest.split(END)[1]}"


def picture(folder: Path, target: Path) -> None:
    """The first page as the printer gets it (needs soffice and pdftoppm), without the empty part below."""
    book = next(folder.glob("*_clinic.xlsx"))
    with tempfile.TemporaryDirectory() as work:
        profile = f"-env:UserInstallation=file://{work}/profile"
        _run("soffice", "--headless", profile, "--convert-to", "pdf", "--outdir", work, str(book))
        first_page = ("-f", "1", "-l", "1", "-x", "0", "-y", "20", "-W", "1754", "-H", "690")
        _run(
            "pdftoppm",
            "-png",
            "-r",
            "150",
            *first_page,
            "-singlefile",
            f"{work}/{book.stem}.pdf",
            f"{work}/page",
        )
        target.write_bytes((Path(work) / "page.png").read_bytes())


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, timeout=120)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        lists = page_lists(Path(made))
        PAGE.write_text(with_table(PAGE.read_text("utf-8"), page_table(lists)), encoding="utf-8")
        picture(lists, PICTURE)
