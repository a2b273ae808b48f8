"""docs/reference.md names every command, option, code and field, and none that does not exist."""

from __future__ import annotations

import json
import math
import re

import pytest
from pages import ROOT, commands, options, rows, section, text

from crmrules import errors
from crmrules.cli import COMMANDS
from crmrules.cli.provision import SIGNS
from crmrules.findings import HeldBack
from crmrules.plan.types import Finding, PlannedWrite
from crmrules.writeback import SETTLE
from crmrules_hubspot import history, kinds, pace
from crmrules_hubspot.api import SEARCH_PAGE
from crmrules_hubspot.errors import FEATURES
from crmrules_hubspot.fetch import FIXED, OPTIONAL
from crmrules_hubspot.provision import Step

REFERENCE = text("reference.md")
ALL = dict(commands())
NEVER_DEMANDED = {"--help", "--version"}


def parts_of(words: tuple[str, ...]) -> str:
    """Return the text that may name a command's options; sync shares those of plan."""
    part = section(REFERENCE, f"### `crmrules {words[0]}")
    return part + section(REFERENCE, "### `crmrules plan`") if words == ("sync",) else part


@pytest.mark.parametrize("words", ALL, ids=" ".join)
def test_every_command_and_each_of_its_options_is_described(words):
    command, part = ALL[words], parts_of(words)
    if len(words) == 2:
        assert f"`crmrules {' '.join(words)}" in part
    missing = {o for o in options(command) if not re.search(rf"`{o}\b", part)} - NEVER_DEMANDED
    assert not missing
    for argument in (p for p in command.params if p.param_type_name == "argument"):
        assert (argument.name or "").upper() in REFERENCE


@pytest.mark.parametrize("name", COMMANDS)
def test_no_option_is_described_that_the_command_does_not_have(name):
    part = section(REFERENCE, f"### `crmrules {name}")
    described = set(re.findall(r"^\| `(--[a-z-]+)", part, re.MULTILINE))
    real = {o for words, command in ALL.items() if words[0] == name for o in options(command)}
    assert described <= real


def test_every_described_command_exists():
    described = re.findall(r"^### `crmrules ([a-z-]+)", REFERENCE, re.MULTILINE)
    assert sorted(described) == sorted(COMMANDS)


def every_error(base=errors.CrmRulesError):
    yield base
    for child in base.__subclasses__():
        yield from every_error(child)


def test_every_exit_code_is_described_and_no_other():
    described = set(rows_of_codes())
    assert described == {error.exit_code for error in every_error()} | {0, 10, 130}


def rows_of_codes():
    part = section(REFERENCE, "## Exit codes")
    return [int(code) for code in re.findall(r"^\| (\d+) \|", part, re.MULTILINE)]


def test_every_reason_to_hold_back_is_described_and_no_other():
    part = section(REFERENCE, "## JSON of `plan` and `sync`")
    after = part.partition("`held_back` says")[2]
    assert set(rows(after)) == {str(reason) for reason in HeldBack}


def test_every_action_the_planner_can_take_is_described():
    part = section(REFERENCE, "## JSON of `plan` and `sync`")
    described = set(rows(part.partition("`action`:")[2].partition("`held_back` says")[0]))
    source = "".join(p.read_text() for p in (ROOT / "src/crmrules/plan").glob("*.py"))
    planned = set(re.findall(r'"((?:create|update|complete|cancel)_task|set_flags)"', source))
    assert described == planned


def test_every_key_of_the_json_is_named():
    part = section(REFERENCE, "## JSON of `plan` and `sync`")
    example = part[part.index("{") : part.index("```\n", part.index("{"))]
    for shape in (Finding, PlannedWrite):
        source = __import__("inspect").getsource(shape.json)
        for key in re.findall(r'^\s+"([a-z_]+)":', source, re.MULTILINE):
            assert f'"{key}"' in example, key
    printing = (ROOT / "src/crmrules/cli/printing.py").read_text()
    named = set(re.findall(r'"([a-z_]+)": (?:report|stamp|\[)', printing))
    assert len(named) >= 8
    for key in named:
        assert f'"{key}"' in example, key


def test_every_field_we_deploy_is_described():
    folder = ROOT / "deploy/salesforce/force-app/main/default/objects"
    fields = {path.name.partition(".")[0] for path in folder.rglob("*.field-meta.xml")}
    part = section(REFERENCE, "## Fields written in the CRM")
    assert len(fields) == 8
    assert {field for field in fields if field not in part} == set()


def test_every_property_we_make_in_hubspot_is_described():
    file = json.loads((ROOT / "deploy/hubspot/properties.json").read_text(encoding="utf-8"))
    part = section(REFERENCE, "## Fields written in the CRM")
    described = set(re.findall(r"(deal|task): `(crmrules_\w+)`", part))
    made = {(kind[:-1], one["name"]) for kind, many in file["properties"].items() for one in many}
    assert described == made


def test_every_step_of_provisioning_is_described_with_its_sign():
    part = section(REFERENCE, "### `crmrules provision")
    signs = dict(re.findall(r"^\| `(\w+)` \| `(.)` \|", part, re.MULTILINE))
    assert signs == SIGNS
    assert all(f'"{name}"' in part for name in Step.__dataclass_fields__)


def test_the_formula_of_calls_has_the_numbers_of_the_code():
    part = section(REFERENCE, "## Calls")
    terms = re.findall(r"^\| ([^|]+) \|[^-]", part, re.MULTILINE)
    assert terms == [
        "term",
        str(FIXED),
        f"D / {SEARCH_PAGE}",
        f"D / {kinds.WITH_HISTORY}",
        *(f"{n} / {kinds.ASSOCIATIONS:,}" for n in ("2 D", "7 A", "4 B", "M", "Q")),
        f"N / {kinds.WITHOUT_HISTORY}",
        f"K / {kinds.WITH_HISTORY}",
        f"X / {kinds.WITHOUT_HISTORY}",
    ]
    around = len(kinds.AROUND)
    assert around == 2 + 7
    idle = FIXED + math.ceil(1000 / SEARCH_PAGE) + around + around
    assert f"{idle} calls with 1,000 open deals" in part
    assert f"{pace.SHARE:.0%}".replace("%", " %") in part
    assert pace.SEARCHES == 4
    assert "four searches a second" in part


def test_limits_that_the_page_names_are_those_of_the_code():
    assert f"has {history._CUT} versions or more" in REFERENCE
    assert f"for {SETTLE.total_seconds() / 60:.0f} minutes" in REFERENCE


def test_the_scopes_without_which_there_is_no_run_are_named():
    readable = {scope.split(".")[2] for scope in FEATURES if scope.startswith("crm.objects")}
    optional = {kinds.KINDS[name].object for name in OPTIONAL}
    needed = readable - optional
    assert needed == {"deals", "contacts", "owners"}
    part = " ".join(section(REFERENCE, "## What each CRM shows").split())
    assert "Without the scopes for deals, contacts and owners there is no run" in part


def test_the_changelog_names_every_command():
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert [name for name in COMMANDS if f"`{name}`" not in changelog] == []
