"""The run folder: what was read, what was written, and the one pointer readers follow."""

from copd_strat.publish.commissioners import release, release_record
from copd_strat.publish.content import content_key
from copd_strat.publish.folder import KeptRuns, PublishedRun, RunFolder
from copd_strat.publish.manifest import compose, verify
from copd_strat.publish.publication import Outcome, Runs, publish_run, standing

__all__ = [
    "KeptRuns",
    "Outcome",
    "PublishedRun",
    "RunFolder",
    "Runs",
    "compose",
    "content_key",
    "publish_run",
    "release",
    "release_record",
    "standing",
    "verify",
]
