"""The whole organization: so many lives, each from its own seed.

Know before changing: life number n is the same in every run with the same seed, however many there
are, so a smaller organization is the beginning of a larger one.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from simulation.buyers import begin
from simulation.lives import Life
from simulation.sellers import sell, team

SEED = 7


def lives(count: int, seed: int = SEED) -> Iterator[Life]:
    """Yield the hidden lives of an organization."""
    sellers = team(Random(f"{seed}:team"))
    for number in range(count):
        chance = Random(f"{seed}:{number}")
        life = begin(f"o{number}", sellers[number % len(sellers)], chance)
        sell(life, chance)
        yield life
