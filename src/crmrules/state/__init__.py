"""What crmrules remembers between runs: the CRM's records, episodes, the outbox, the audit.

Losing all of it costs one full pull: tasks are found again by their key in the CRM.
"""

from crmrules.state.lease import Fence, Held
from crmrules.state.organization import OrgStore, Run
from crmrules.state.retention import Retention
from crmrules.state.schema import VERSION
from crmrules.state.spool import Spool
from crmrules.state.store import Store
from crmrules.state.transaction import Transaction
from crmrules.state.types import Answer, AuditRow, Intent, IntentState, RunRow, Status

__all__ = [
    "VERSION",
    "Answer",
    "AuditRow",
    "Fence",
    "Held",
    "Intent",
    "IntentState",
    "OrgStore",
    "Retention",
    "Run",
    "RunRow",
    "Spool",
    "Status",
    "Store",
    "Transaction",
]
