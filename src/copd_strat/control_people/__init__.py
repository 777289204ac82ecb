"""Control people: a few invented records with known answers, sent through every night's program.

As a laboratory runs samples of known content beside those of patients, so a night runs these 19 people through
the readers, clinical rules, models and routing that are about to be used, with the packaged contracts, code lists
and policy. Their extract stands in ``extract/``, what must come out in ``expected.csv``, worked out by hand from
the rule that each line names. A program, a library or an installation that no longer gives these answers stops
the night before it reads anybody's record.
"""

from copd_strat.control_people.known_answers import Departure, departures

__all__ = ["Departure", "departures"]
