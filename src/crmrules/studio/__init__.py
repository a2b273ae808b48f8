"""The local page where ops change rules and see, before anything is written, what comes and goes.

``Desk`` knows the rules, the snapshot and the changes not saved yet; ``serve`` shows it to one
person on this machine. Nothing here calls the CRM, and nothing is written but the overlay.
"""

from crmrules.studio.desk import Desk
from crmrules.studio.draft import Draft
from crmrules.studio.server import serve

__all__ = ["Desk", "Draft", "serve"]
