"""``crmrules init``: the files an admin starts from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from crmrules.rulebook import RuleBook

_SALESFORCE = """\
connector = "salesforce"
rules = ["builtin:major-account"]
overlay = "overlay.yaml"            # thresholds and modes; every rule starts in shadow

[state]
url = "sqlite:///crmrules.db"

[salesforce]
auth = "jwt"                        # jwt | client_credentials | token
instance_url = "{url}"
client_id = ""                      # consumer key of the External Client App
username = ""                       # the integration user
private_key_file = "crmrules.key"   # readable by you alone: chmod 600
organization_id = ""                # set it: refuses to write to any other org
daily_calls = 5000                  # our own ceiling
allow_production = false            # writes to a production org need your yes
"""
_EXPORT = """\
connector = "export"                # read-only: a folder of CSV or JSON exports
rules = ["builtin:major-account"]
overlay = "overlay.yaml"

[state]
url = "sqlite:///crmrules.db"

[export]
path = "export/"                    # one file per object, columns = API names
dialect = "salesforce"
dates = "iso"                       # iso | mdy | dmy: how dates are written in the files
"""
_HUBSPOT = """\
connector = "hubspot"
rules = ["builtin:major-account"]
overlay = "overlay.yaml"            # thresholds and modes; every rule starts in shadow

[state]
url = "sqlite:///crmrules.db"

[hubspot]
access_token_file = "hubspot.key"   # the service key, readable by you alone: chmod 600
base_url = "{url}"
portal_id = ""                      # set it (Hub ID): refuses to write to any other portal
daily_calls = 50000                 # our own ceiling of one run
daily_reserve = 0.1                 # share of the portal's day that is left to others
role_sources = ["label", "hs_buying_role", "jobtitle"]   # best first; also "property:<name>"
allow_production = false            # writes to a production account need your yes
"""
_TAIL = """
[tasks]
open_per_opportunity = 2
new_per_owner_per_day = 5
open_per_owner = 12
fallback_owner = ""                 # id: whom to ask where nobody else is active
settle_hours = 12                   # a finding must hold this long before it asks

[guard]
max_writes = 500                    # above it, stop before the first write (exit 6)
max_share_flagged = 0.3

# Which stage means which phase of the buyer's decision; change it to yours. A stage that is not
# listed makes every rule about phases unknown there. {stages}
[phases.default]
"""
_STAGES = {
    "hubspot": "These are the ids of HubSpot's own first\n"
    "# pipeline; 'crmrules doctor' names yours. Take out the lines of stages you do not have.",
}
_OWN = "These are Salesforce's own stages."
_HEADS = {"salesforce": _SALESFORCE, "hubspot": _HUBSPOT, "export": _EXPORT}
_URLS = {"salesforce": "https://YOUR-DOMAIN.my.salesforce.com", "hubspot": "https://api.hubapi.com"}
_HUBSPOT_STAGES = """\
"appointmentscheduled" = "recognition"
"qualifiedtobuy" = "recognition"
"presentationscheduled" = "evaluation"
"decisionmakerboughtin" = "concerns"
"contractsent" = "concerns"
"closedwon" = "implementation"
"closedlost" = "none"
"""


@click.command()
@click.option(
    "--crm",
    type=click.Choice(["salesforce", "hubspot", "export"]),
    default="salesforce",
    show_default=True,
    help="Which CRM, or a folder of exports to try it without any access.",
)
@click.option("--url", default="", help="Your My Domain; of HubSpot the API's address.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(),
    help="Folder to write to. [default: this one]",
)
def init(crm: str, url: str, out: Path) -> None:
    """Write crmrules.toml, overlay.yaml and a proposed stage map. Overwrites nothing.

    Example: crmrules init --crm salesforce --url https://acme.my.salesforce.com
    """
    from crmrules import rulebook
    from crmrules.errors import UsageError

    config, overlay = out / "crmrules.toml", out / "overlay.yaml"
    there = [str(path) for path in (config, overlay) if path.exists()]
    if there:
        raise UsageError(
            f"{' and '.join(there)} exist already",
            remedy="Edit them, or choose another folder with --out.",
        )
    book = rulebook.load([rulebook.shipped()])
    out.mkdir(parents=True, exist_ok=True)
    head = _HEADS[crm].replace("{url}", url or _URLS.get(crm, ""))
    tail = _TAIL.replace("{stages}", _STAGES.get(crm, _OWN))
    stages = _HUBSPOT_STAGES if crm == "hubspot" else _stages()
    config.write_text(head + tail + stages, encoding="utf-8")
    overlay.write_text(_overlay(book), encoding="utf-8")
    click.echo(f"wrote {config} and {overlay}")
    click.echo("Next: fill in the empty keys, then run 'crmrules doctor'.")


def _stages() -> str:
    from crmrules.mapping import DEFAULT_PHASES, NO_PHASE

    return "".join(f'"{s}" = "{phase or NO_PHASE}"\n' for s, phase in DEFAULT_PHASES.items())


def _overlay(book: RuleBook) -> str:
    lines = [
        "# One line per rule: mode is live (writes), shadow (only counts) or disabled.",
        "# Promote the recommended ones when 'crmrules plan' shows what you want to see.",
    ]
    for rule in book.rules:
        settings = ", ".join(f"{name}: {s.value}" for name, s in rule.settings.items())
        lines.append(f"# {rule.title}. Recommended: {rule.recommended}; settings: {settings}")
        lines.append(f"{rule.id}: {{mode: shadow}}")
    return "\n".join(lines) + "\n"
