"""An invented integrated care system: practices in primary care networks, and hospitals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from copd_strat.errors import ConfigError
from copd_strat.synthetic.codes import Floats, Ints

_PLACES = (
    "Aldermoor", "Bréhat Court", "Calder Wharf", "Dunmere", "Eskholme", "Fernley", "Garth Lane",
    "Hollin Bank", "Inverdale", "Juniper Hill", "Kestrel House", "Llŷn Road", "Mossgate", "Netherby",
    "Oakenshaw", "Priory Mead", "Quarry View", "Rowan Tree", "Saltmarsh", "Tarn Side", "Underwood",
    "Valley Bridge", "Westering", "Yarrow Street", "Zoë Lister", "Ashgrove", "Birchfield", "Cawthorn",
    "Dovecote", "Elmfield",
)  # fmt: skip
_KINDS = ("Surgery", "Medical Centre", "Practice", "Health Centre")
_NETWORKS = ("Northmere", "Harbour", "Three Valleys", "Old Town", "Fellside")
PROVIDERS = ("RS1", "RS2", "RS3")
SUB_ICB = "Synthetic Vale sub-ICB"
ICB = "Synthetic Shires ICB"


@dataclass(frozen=True)
class Practices:
    """One entry a practice; ``deprivation`` is the usual IMD decile there, 1 most deprived."""

    code: tuple[str, ...]
    name: tuple[str, ...]
    network: tuple[str, ...]
    size: Floats
    deprivation: Floats

    def __len__(self) -> int:
        return len(self.code)


def found_practices(count: int, rng: np.random.Generator) -> Practices:
    """``count`` practices (1 to 500) with invented codes and names; every name says (synthetic)."""
    if not 1 <= count <= 500:
        raise ConfigError(f"{count} practices cannot be made", fix="ask for 1 to 500 practices")
    numbers = rng.choice(np.arange(1000, 10000), size=count, replace=False)
    names = tuple(_name(position) for position in range(count))
    networks = tuple(f"{_NETWORKS[position % len(_NETWORKS)]} PCN" for position in range(count))
    return Practices(
        code=tuple(f"YS{number}" for number in numbers),
        name=names,
        network=networks,
        size=rng.lognormal(0.0, 0.35, count),
        deprivation=rng.uniform(2.0, 9.0, count),
    )


def _name(position: int) -> str:
    again, place = divmod(position, len(_PLACES))
    number = f" {again + 1}" if again else ""
    return f"{_PLACES[place]} {_KINDS[position % len(_KINDS)]}{number} (synthetic)"


def assign(practices: Practices, people: int, rng: np.random.Generator) -> Ints:
    """A practice position a person: larger and more deprived practices hold more people with COPD."""
    weights = practices.size * np.exp(-0.08 * (practices.deprivation - 5.0))
    return rng.choice(len(practices), size=people, p=weights / weights.sum()).astype(np.int64)
