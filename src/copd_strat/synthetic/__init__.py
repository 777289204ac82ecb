"""A labelled population that does not exist, written in every layout, with its truth beside it."""

from copd_strat.synthetic.generate import generate, write_world
from copd_strat.synthetic.settings import SyntheticReport, SyntheticSettings
from copd_strat.synthetic.world import World, simulate_world

__all__ = ["SyntheticReport", "SyntheticSettings", "World", "generate", "simulate_world", "write_world"]
