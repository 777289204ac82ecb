"""The words of our contracts besides the standard's own: custom properties, with their meanings."""

from __future__ import annotations

TABLE_PROPERTIES = {
    "needed": "true: without the table there is no run",
    "keep": "order of rows that share a key, best first (SQL)",
    "filePattern": "regular expression of the file's name without its ending; otherwise the table's name",
    "dateFormats": "formats of dates in text files, tried in order; otherwise yyyy-mm-dd",
    "otherEncoding": "encoding of text files that are not UTF-8; without it lines with such bytes are quarantined",
    "titleLines": "most lines that may stand above the header of a text file",
    "groups": "what columns of a group share: unit, window, source, missing, needs, shown",
    "moreColumns": "type of the columns that may follow those of the contract",
    "linkageFloor": "share of the table's patients that must be known; without it the table may cover others",
}
COLUMN_PROPERTIES = {
    "kind": "what is in the column: implies its usual checks",
    "present": "true: the column must be in the file, though a value may be missing",
    "exempt": "true: allow-listed by name at the identifier gate",
    "aliases": "other names that senders give the column",
    "severity": "severity of all the column's checks, where it is not the kind's",
    "unknownValues": "those of the valid values that mean 'not known'",
    "decides": "true: more than 2 % of rows with a value that cannot be told, and at least 5, stop the run",
    "oftenOneValue": "true: one value in every row is usual, and is not told",
    "unit": "unit of the value",
    "window": "span of time that the value looks back over",
    "source": "where the value comes from",
    "missing": "what a gap means",
    "group": "one of the table's groups: the column says only what differs from it",
    "needs": "tables and concepts without which the value cannot be observed",
    "shown": "facts that must be observable for the value to be shown, and what counts as found",
    "caution": "how not to use the value",
    "sortedBy": "column of the table that gives the order of this one's values",
}
RULE_PROPERTIES = {
    "fix": "what to do, where it is not the check's usual advice",
    "warnShare": "share of rows above which the rule is told",
    "failShare": "share of rows above which the rule stops the run",
    "implementation": "in exported contracts: the check that a query says in SQL",
    "failRows": "fewest rows that stop the run",
}
