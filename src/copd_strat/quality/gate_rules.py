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
    "fewer than 1 in 100 SNOMED CT and dm+d identifiers, or fewer than 5, and at most 1 in 20 events fail their check"
    " digit; 5 events are told; fewer than 5 events have one of 18 digits that ends in 000",
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
VALUES_DIFFER = GateRule(
    "GATE15",
    "values_differ",
    "a column that decides has more than one value, where it has 100 or more",
    "A column that decides and holds one value in every row (told, and does not stop the night).",
    "ask the sender whether the column was filled by default, or the rows chosen by it",
    "warn",
)
EMERGENCIES_CAME = GateRule(
    "GATE16",
    "emergencies_came",
    "of 50 or more hospital episodes whose admission method is known, some are emergencies (methods 2x)",
    "Hospital episodes none of which is an emergency: nobody would have a severe exacerbation.",
    "send the admission method of each episode as it was recorded, and planned and emergency admissions alike",
)
DAYS_DIFFER = GateRule(
    "GATE17",
    "days_differ",
    "no single day holds more than half of a table's 200 or more dates of events",
    "A table most of whose events are on one day: the day of the extract or of a transfer was put in their place.",
    "export the day on which each event happened, not the day on which it was recorded, loaded or extracted",
)
NUMBERS_DIFFER = GateRule(
    "GATE18",
    "numbers_differ",
    "100 or more values of gp_events, or quantities of prescriptions, are not all 0",
    "Numbers that are all 0; one value throughout, and more than 95 in 100 that are 0, are told.",
    "export the recorded numbers; where none was recorded leave the value empty, never 0",
)
READINGS_CAN_BE = GateRule(
    "GATE19",
    "readings_can_be",
    "of 20 or more readings of a measure fewer than half are outside what can be",
    "Readings that cannot be, as in a fraction sent as per cent; 5 in 100 of them, 10 or more, are told.",
    "send readings with the unit in which they were recorded: see 'Readings that cannot be' on the verdict's page",
)
DEATHS_ARE_THEIRS = GateRule(
    "GATE20",
    "the_dead_have_no_later_records",
    "at most 1 in 5 of those whom the register of deaths names, or fewer than 10, have records more than 60 days"
    " after it",
    "Deaths of people whose records go on: the ids of the deaths may belong to other people.",
    "make the deaths table again from the same pseudonyms as the patients table",
)
CODES_LOOKED_UP = GateRule(
    "GATE21",
    "codes_are_in_the_dictionary",
    "the sender's own dictionary holds the codes of at least 3 in 4 rows of each table that is looked up in it",
    "Codes that the dictionary sent with them does not hold; more than 1 row in 20 is told.",
    "send the dictionary of the same release as the records, whole",
)
PUBLISHED_AS_DECLARED = GateRule(
    "GATE22",
    "published_as_declared",
    "no published count is below 10 but for 0, all are multiples of 5, no month and no practice of a month is lacking",
    "Figures for commissioners that do not keep what their disclosure control declares, or lack a practice or month.",
    _REPORT,
)
FIGURES_ADD_UP = GateRule(
    "GATE23",
    "figures_add_up",
    "the boards' figures of a month, quarter or year come to everybody's events and dispositions, but for rounding",
    "Figures of boards that are not the sum of the events and dispositions of all people.",
    _REPORT,
)
EVENTS_IN_THEIR_MONTH = GateRule(
    "GATE24",
    "events_in_their_month",
    "every exacerbation counts in the month of its first day, once",
    "Months whose exacerbations are not those that began in them.",
    _REPORT,
)
VALUES_FOLLOW = GateRule(
    "GATE25",
    "values_follow",
    "every published rate and percentage follows from the two counts beside it, and lies within its limits",
    "Published rates or percentages that are not what their own counts give.",
    _REPORT,
)
ANSWERS_HOLD = GateRule(
    "GATE26",
    "answers_hold",
    "nobody is on the clinic list, or gets a place, against the last answer about them, and nobody is off every list"
    " without an exclusion or an answer",
    "People who are on a list against the last answer of their practice, or off all lists without one.",
    _REPORT,
)
PLACES_ADD_UP = GateRule(
    "GATE27",
    "places_add_up",
    "no more places are given than there are, none is withheld while somebody waits, none is taken away within its"
    " month, and nobody who waits has a higher risk than whoever was given a place tonight",
    "Organisations whose places of this month are too many, too few, taken away or given out of turn.",
    _REPORT,
)
# Counts that no data can make differ: what they find is a fault of the program.
PROOFS = (
    ROWS_ADD_UP,
    SAMPLE_AGREES,
    PATIENTS_ADD_UP,
    RELATIONS_ADD_UP,
    STATUS_HELD,
    SEEN_IN_ROWS,
    PUBLISHED_AS_DECLARED,
    FIGURES_ADD_UP,
    EVENTS_IN_THEIR_MONTH,
    VALUES_FOLLOW,
    ANSWERS_HOLD,
    PLACES_ADD_UP,
)
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
    VALUES_DIFFER,
    EMERGENCIES_CAME,
    DAYS_DIFFER,
    NUMBERS_DIFFER,
    READINGS_CAN_BE,
    DEATHS_ARE_THEIRS,
    CODES_LOOKED_UP,
)
