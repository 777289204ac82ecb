"""The run folder: what was read, what was written, and the one pointer readers follow."""

from copd_strat.publish.content import InputFile, content_key, inventory
from copd_strat.publish.folder import Current, RunFolder
from copd_strat.publish.manifest import published_files, verify

__all__ = ["Current", "InputFile", "RunFolder", "content_key", "inventory", "published_files", "verify"]
