"""Who is told how syncs go: metrics, health, heartbeats, notices, traces. They hang outside of it.

Know before changing: an observer that fails is counted and logged, and the sync goes on. Nothing
leaves this machine unless an address is configured, and then no word of a customer's: codes, counts
and ids of runs.
"""

from crmrules.observe.journal import Past, kept
from crmrules.observe.observers import Observers
from crmrules.observe.server import Endpoints
from crmrules.observe.targets import Targets

__all__ = ["Endpoints", "Observers", "Past", "Targets", "kept"]
