"""One made-up organization, told once in words that belong to no CRM.

Know before changing: a ``Scenario`` holds every drawn value, so whoever renders it as the records
of a CRM draws nothing and two CRMs cannot tell different stories. ``seeded`` makes one from a
number, ``load`` reads one from a file.

Does not do: know what a CRM calls or does with any of it.
"""

from crmrules_sandbox.scenario.file import dump, load
from crmrules_sandbox.scenario.model import Scenario
from crmrules_sandbox.scenario.seeding import seeded, told

__all__ = ["Scenario", "dump", "load", "seeded", "told"]
