"""The gate's own rules: what must hold of every night, whatever the contracts say."""

from __future__ import annotations

from typing import NamedTuple


class GateRule(NamedTuple):
    """``check`` says what must hold; ``description`` what was seen where it does not."""

    code: str
    name: str
    check: str
    description: str
    fix: str
    severity: str = "reject_file"


_REPORT = "this is a fault of the program, not of the data: report it with the verdict's page"

NEEDED_ROWS = GateRule(
    "GATE01",
    "needed_table_has_rows",
    "accepted rows of a table that the contract calls needed",
    "A needed table of which no row was accepted.",
    "look in the quarantine for the reason, or have the table sent again",
)
ROWS_ADD_UP = GateRule(
    "GATE02",
    "rows_add_up",
    "rows in = loaded + quarantined + duplicates, file by file",
    "A file whose rows were neither loaded, nor quarantined, nor counted as duplicates.",
    _REPORT,
)
SAMPLE_AGREES = GateRule(
    "GATE03",
    "sample_agrees",
    "row checks and Great Expectations count the same on a sample",
    "A rule that Great Expectations counts otherwise than the row checks, on a sample of rows.",
    "this is a fault of the program or of an edited contract: report the rule's code",
)
PATIENTS_ADD_UP = GateRule(
    "GATE04",
    "patients_add_up",
    "by practice: register = sum of dispositions, and every list has a row for each of its patients",
    "Practices whose register, dispositions and lists do not hold the same patients.",
    _REPORT,
)
RELATIONS_ADD_UP = GateRule(
    "GATE05",
    "relations_add_up",
    "no canonical table has more rows than the accepted rows it is made from",
    "A canonical table with more rows than the files it is made from.",
    _REPORT,
)
CODES_INTACT = GateRule(
    "GATE06",
    "codes_are_intact",
    "the check digits of SNOMED CT and dm+d identifiers hold",
    "Identifiers that lost or changed digits on their way: no code list can know them.",
    "export codes as text: a spreadsheet or a float column cuts 18-digit identifiers",
)
SOMEBODY_LISTED = GateRule(
    "GATE07",
    "somebody_is_on_the_register",
    "at least one person is on the register",
    "Nobody has a COPD diagnosis that the code lists know, is alive, registered and 35 or over.",
    "see 'Codes' and 'Concepts' on the verdict's page: the codes may be of a system that no list knows, or be"
    " written in a way that none knows",
)
IDS_WRITTEN_ALIKE = GateRule(
    "GATE08",
    "ids_are_written_alike",
    "no other spelling of its ids would join a table with 3 in 10 more of its patients",
    "A table whose patient ids differ from the patients table's by case, blanks, zeros, braces or a prefix.",
    "export ids as text, in the same form in every table",
)
ABOUT_THESE_PATIENTS = GateRule(
    "GATE09",
    "records_are_about_these_patients",
    "a table of general practice joins with at least half of its patients, where it has 20 or more",
    "A table of general practice that is mostly about other people.",
    "send the patients and their records in one extract",
)
SOURCE_HAS_CODES = GateRule(
    "GATE10",
    "sources_have_known_codes",
    "at least 1 in 100 rows of a source carry a code of a known system",
    "A source whose codes are of no system that is known here.",
    "see 'Codes' on the verdict's page for the words that came as code systems; docs/layouts.md names those known",
)
CODES_UNPADDED = GateRule(
    "GATE11",
    "codes_have_no_zeros_in_front",
    "fewer than 5 rows would be on a code list but for zeros in front of their code",
    "Codes with zeros in front, which no list knows.",
    "export codes as text, as they are: no identifier of SNOMED CT or dm+d begins with 0",
)
KNOWN_ANSWERS = GateRule(
    "GATE12",
    "known_answers",
    "the control people come out with their known answers",
    "Control people, invented and with known answers, come out otherwise tonight.",
    "this is a fault of the program, a library or the installation, not of the data: install the release anew, and"
    " report the lines above; they are about people who do not exist",
)
STATUS_HELD = GateRule(
    "GATE13",
    "known_statuses_are_held",
    "nobody on the register is dead or under 35 by the accepted rows themselves",
    "People on the register whom an accepted row says to be dead, or too young to be on it.",
    _REPORT,
)
SEEN_IN_ROWS = GateRule(
    "GATE14",
    "what_is_seen_has_rows",
    "severe exacerbations are observable only where hospital records join with the patients",
    "People whose severe exacerbations count as observable, though no hospital record is about these patients.",
    _REPORT,
)
# Counts that no data can make differ: what they find is a fault of the program.
PROOFS = (ROWS_ADD_UP, SAMPLE_AGREES, PATIENTS_ADD_UP, RELATIONS_ADD_UP, STATUS_HELD, SEEN_IN_ROWS)
GATE_RULES = (
    NEEDED_ROWS,
    *PROOFS,
    CODES_INTACT,
    SOMEBODY_LISTED,
    IDS_WRITTEN_ALIKE,
    ABOUT_THESE_PATIENTS,
    SOURCE_HAS_CODES,
    CODES_UNPADDED,
    KNOWN_ANSWERS,
)
