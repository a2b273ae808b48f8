"""SECURITY.md says what the shipped files and the code say."""

from __future__ import annotations

import ast
import re
from datetime import date
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from crmrules.scope import Levels
from crmrules.settings import GuardSettings
from crmrules_hubspot.config import HOSTS as HUBSPOT_HOSTS
from crmrules_hubspot.errors import FEATURES
from crmrules_salesforce.config import HOSTS as SALESFORCE_HOSTS

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
SETS = sorted((ROOT / "deploy" / "salesforce").rglob("*.permissionset-meta.xml"))
NS = "{http://soap.sforce.com/2006/04/metadata}"
pytestmark = pytest.mark.fault("X8")


def part(title: str) -> str:
    """Return one section of the page."""
    [found] = re.findall(
        rf"^##+ {re.escape(title)}$(.*?)(?=^##|\Z)", PAGE, re.MULTILINE | re.DOTALL
    )
    return found


def rows(title: str) -> list[list[str]]:
    """Return the rows of a section's tables, cells without back ticks, heads left out."""
    lines = [line for line in part(title).splitlines() if line.startswith("|")]
    cells = [[cell.strip(" `") for cell in line.strip("|").split("|")] for line in lines]
    heads = {place - 1 for place, row in enumerate(cells) if set(row[0]) == {"-"}}
    return [c for place, c in enumerate(cells) if place not in heads and set(c[0]) != {"-"}]


def permissions(path: Path, kind: str) -> list[dict[str, str]]:
    """Return the entries of one kind in a permission set."""
    root = ET.parse(path).getroot()
    return [{e.tag.removeprefix(NS): e.text or "" for e in one} for one in root.iter(NS + kind)]


def integration() -> Path:
    [path] = [path for path in SETS if path.name.startswith("CrmRules_Integration")]
    return path


def test_the_rights_on_objects_are_those_of_the_shipped_permission_set():
    yes = {"true": "yes", "false": "no"}
    shipped = [
        [one["object"], *(yes[one[name]] for name in ("allowRead", "allowEdit", "viewAllRecords"))]
        for one in permissions(integration(), "objectPermissions")
    ]
    assert [row for row in rows("Salesforce") if len(row) == 4] == shipped


def test_the_fields_that_may_be_edited_are_those_of_the_shipped_permission_set():
    fields = permissions(integration(), "fieldPermissions")
    shipped = [one["field"] for one in fields if one["editable"] == "true"]
    assert [row[0] for row in rows("Salesforce") if len(row) == 1] == shipped


def test_the_user_permissions_are_those_of_the_shipped_permission_set():
    shipped = [one["name"] for one in permissions(integration(), "userPermissions")]
    [line] = re.findall(r"^User permissions: (.*?)\.", part("Salesforce"), re.MULTILINE)
    assert re.findall(r"`(\w+)`", line) == shipped


@pytest.mark.parametrize("path", SETS, ids=lambda path: path.name)
def test_no_permission_set_lets_anybody_create_delete_or_modify_all(path):
    for one in permissions(path, "objectPermissions"):
        rights = [name for name, value in one.items() if value == "true"]
        assert {*rights} <= {"allowRead", "allowEdit", "viewAllRecords"}, one
        assert one["object"] == "Opportunity" or "allowEdit" not in rights, one
    assert [path.name for path in SETS] == [
        "CrmRules_Integration.permissionset-meta.xml",
        "CrmRules_Quotes.permissionset-meta.xml",
        "CrmRules_Reader.permissionset-meta.xml",
    ]


def test_the_scopes_are_those_that_the_connector_can_ask_for():
    sync = [row[0] for row in rows("HubSpot")]
    setup = re.findall(r"`(crm\.schemas\.[\w.]+)`", part("HubSpot"))
    assert len(sync) == len({*sync})
    assert {*sync, *setup} == {*FEATURES}
    for scope, what in rows("HubSpot"):
        assert what == ("writing" if scope.endswith("write") else "reading")


def test_the_hosts_are_those_that_an_address_may_name():
    told = {row[0]: re.findall(r"[\w.]+\.com", row[1]) for row in rows("What goes where")}
    assert told == {"Salesforce": [*SALESFORCE_HOSTS], "HubSpot": [*HUBSPOT_HOSTS]} | {
        "either": [],
        "what `[observe]` names": [],
    }


NETWORK = {"requests", "httpx", "urllib3", "socket", "http.client", "urllib.request", "smtplib"}
SPEAKS = {
    "src/crmrules": {"urllib.request"},
    "connectors/crmrules_salesforce": {"requests", "urllib3"},
    "connectors/crmrules_hubspot": {"httpx", "urllib.request"},
}
"""Which packages of ours may open a connection at all, beside the sandbox, which is a server."""


TELLS = {"observe/ping.py": "urllib.request", "observe/trace.py": "opentelemetry.exporter"}
"""The only files of the core that may: they tell whom [observe] names, and nobody else."""


def test_nothing_but_the_connectors_can_open_a_connection():
    found: dict[str, set[str]] = {}
    for top in ("src", "connectors"):
        for path in (ROOT / top).rglob("*.py"):
            place = "/".join(path.relative_to(ROOT).parts[:2])
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if not isinstance(node, ast.Import | ast.ImportFrom):
                    continue
                names = [one.name for one in node.names]
                names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
                used = {n for n in NETWORK for name in names if f"{name}.".startswith(n + ".")}
                found.setdefault(place, set()).update(used)
    found.pop("connectors/crmrules_sandbox")
    local = found["src/crmrules"] & {"socket"}  # the host's name, for who holds the lock
    assert {place: used - local for place, used in found.items() if used - local} == SPEAKS


def test_only_what_tells_whom_observe_names_can_open_a_connection_in_the_core():
    core = ROOT / "src" / "crmrules"
    opens = re.compile(
        r"^ *(?:import|from) (urllib\.request|opentelemetry\.exporter|http\.client)", re.MULTILINE
    )
    found = {
        str(path.relative_to(core)): name
        for path in core.rglob("*.py")
        for name in opens.findall(path.read_text(encoding="utf-8"))
    }
    assert found == TELLS


def test_the_guards_have_the_defaults_of_the_settings():
    told = {row[0]: row[1] for row in rows("What stops a run")}
    for name, value in GuardSettings().model_dump().items():
        assert told[name] == f"{value:g}"


def test_what_is_kept_for_how_long_is_what_the_store_does():
    retention = pytest.importorskip("crmrules.state.retention").Retention()
    told = {
        row[0]: [*map(int, re.findall(r"\d+", row[2]))]
        for row in rows("What is kept, and for how long")
    }
    days = {name.partition(" ")[0]: numbers[0] for name, numbers in told.items() if numbers}
    assert days == {
        "copies": 12 * (2026 - Levels.on(date(2026, 1, 1)).closed_from.year),  # months
        "weekly": retention.weeks,
        "findings,": retention.tasks.days,
        "writes": retention.outbox.days,
        "runs": retention.runs.days,
        "audit": retention.audit.days,
    }
    assert retention.tasks == retention.episodes
    [weekly] = [row for row in rows("What is kept, and for how long") if row[0][:6] == "weekly"]
    assert f"{retention.snapshots.days} days" in weekly[2]


def test_a_reporter_is_sent_to_private_advisories_and_told_the_days():
    told = part("Reporting a weakness")
    assert "private security advisories" in told
    assert "90 days" in told
    assert "@" not in PAGE


def test_every_link_leads_somewhere():
    for target in re.findall(r"\]\(([^)#]+)", PAGE):
        assert (ROOT / target).exists(), target


@pytest.mark.parametrize("command", ["lock", "sbom", "audit", "check"])
def test_the_commands_it_names_are_there(command):
    assert f"make {command}`" in PAGE
    assert re.search(rf"^{command}:", (ROOT / "Makefile").read_text(), re.MULTILINE)
