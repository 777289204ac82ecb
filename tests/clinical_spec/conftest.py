"""The helpers of tests/clinical build canonical tables here too."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "clinical"))
