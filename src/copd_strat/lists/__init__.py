"""Direct-care lists: one folder a practice, patient level, for that practice's eyes only."""

from copd_strat.lists.returned import lists_in, returned_decisions
from copd_strat.lists.write import ODS_PRACTICE, ListFile, write_lists
from copd_strat.lists.written_rows import WrittenLists, write_register

__all__ = [
    "ODS_PRACTICE",
    "ListFile",
    "WrittenLists",
    "lists_in",
    "returned_decisions",
    "write_lists",
    "write_register",
]
