"""Direct-care lists: one folder a practice, patient level, for that practice's eyes only."""

from copd_strat.lists.printed import PublishedLists
from copd_strat.lists.queries import queries
from copd_strat.lists.returned import Returned, returned_answers
from copd_strat.lists.returned_files import lists_in
from copd_strat.lists.worklists import write_worklists
from copd_strat.lists.write import ODS_PRACTICE, ListFile, write_lists
from copd_strat.lists.written_rows import WrittenLists, write_register

__all__ = [
    "ODS_PRACTICE",
    "ListFile",
    "PublishedLists",
    "Returned",
    "WrittenLists",
    "lists_in",
    "queries",
    "returned_answers",
    "write_lists",
    "write_register",
    "write_worklists",
]
