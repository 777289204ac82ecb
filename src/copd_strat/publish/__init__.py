"""The run folder: what was read, what was written, and the one pointer readers follow."""

from copd_strat.publish.content import content_key
from copd_strat.publish.folder import Current, RunFolder
from copd_strat.publish.manifest import published_files, verify

__all__ = ["Current", "RunFolder", "content_key", "published_files", "verify"]
