"""What is so, per rule, from the hidden life alone."""

from simulation.truth import after, buying, fears, wants
from simulation.truth._registry import TRUTHS, Truth

__all__ = ["TRUTHS", "Truth", "after", "buying", "fears", "wants"]
