"""The text of ``crmrules.toml`` as ``init`` writes it.

Know before changing: a value stands here only where it is the default, or where an admin has to
fill it in; a test holds the two to each other.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from types import MappingProxyType

_HEAD = """\
connector = "{crm}"{about}
rules = ["builtin:major-account"]
overlay = "overlay.yaml"            # thresholds and modes; every rule starts in shadow

[state]
url = "sqlite:///crmrules.db"

[{crm}]
"""
_TAIL = """
[tasks]
open_per_opportunity = 2
new_per_owner_per_day = 5
open_per_owner = 12
fallback_owner = ""                 # id or e-mail: whom to ask where nobody else is active
settle_hours = 12                   # a finding must hold this long before it asks

[guard]
max_writes = 500                    # above it, stop before the first write (exit 6)
max_share_flagged = 0.3

[schedule]
cron = "*/15 * * * *"

# Which stage means which phase of the buyer's decision; change it to yours. A stage that is not
# listed makes every rule about phases unknown there. {stages}
"""
LOOKED = MappingProxyType(
    {
        "salesforce": "These are your stages;\n# beside each: how long won opportunities were in "
        "it (half of them not longer).",
        "hubspot": "These are the ids of your\n# stages; beside each: its label, and how long won "
        "deals were in it (half of them not longer).",
        "export": "These are the stages in\n# the export; beside each: how long won opportunities "
        "were in it (half of them not longer).",
    }
)
NOT_LOOKED = MappingProxyType(
    {
        "salesforce": "These are Salesforce's own;\n# 'crmrules init --stages' shows yours, once "
        "the keys above are filled in.",
        "hubspot": "These are the ids of HubSpot's\n# own first pipeline; 'crmrules init --stages' "
        "shows yours, once there is a key. Take out the\n# lines of stages you do not have.",
        "export": "These are Salesforce's own;\n# 'crmrules init --stages' shows those of the "
        "export.",
    }
)
HUBSPOT_STAGES = """\
[phases.default]
"appointmentscheduled" = "recognition"
"qualifiedtobuy" = "recognition"
"presentationscheduled" = "evaluation"
"decisionmakerboughtin" = "concerns"
"contractsent" = "concerns"
"closedwon" = "implementation"
"closedlost" = "none"
"""
_COMMENTS = MappingProxyType(
    {
        "auth": "jwt | client_credentials | token",
        "client_id": "consumer key of the External Client App",
        "username": "the integration user",
        "private_key_file": "readable by you alone: chmod 600",
        "access_token_file": "the sync's key, readable by you alone: chmod 600",
        "organization_id": "set it: refuses to write to any other org",
        "portal_id": "set it (Hub ID): refuses to write to any other portal",
        "daily_calls": "our own ceiling of a run",
        "daily_reserve": "share of the day's calls that is left to others",
        "allow_production": "writes to production need your yes",
        "path": "one file per object, columns = API names",
        "dates": "iso | mdy | dmy: how dates are written in the files",
        "role_sources": 'best first; also "property:<name>"',
    }
)
_COLUMN = 35


def head(crm: str, section: Mapping[str, object]) -> str:
    """Return the file up to the tables that are the same for every CRM."""
    about = " " * 16 + "# read-only: a folder of CSV or JSON exports" if crm == "export" else ""
    return _HEAD.replace("{crm}", crm).replace("{about}", about) + "".join(_keys(section))


def tail(stages: str) -> str:
    """Return what follows the CRM's own section, up to the stage map; ``stages`` introduces it."""
    return _TAIL.replace("{stages}", stages)


def _keys(section: Mapping[str, object]) -> Iterator[str]:
    for name, value in section.items():
        line = f"{name} = {json.dumps(value, ensure_ascii=False)}"
        comment = _COMMENTS.get(name)
        yield f"{line:<{_COLUMN}} # {comment}\n" if comment else f"{line}\n"
