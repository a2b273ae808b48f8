"""docs/configuration.md has every key with its default, and no key that does not exist."""

from __future__ import annotations

import json
import tomllib
from typing import Any

import pytest
from pages import DOCS, blocks, rows, section, text
from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from crmrules import mapping, settings
from crmrules.engine import ENGINES
from crmrules.mapping import TARGETS
from crmrules_export.config import Config as Export
from crmrules_hubspot import words
from crmrules_hubspot.config import VERSIONS
from crmrules_hubspot.config import Config as HubSpot
from crmrules_salesforce.config import Config as Salesforce

PAGE = text("configuration.md")
CRMS = {"salesforce": Salesforce, "hubspot": HubSpot}


def sections() -> dict[str, type[BaseModel]]:
    """Return every section that has keys of its own: those of the core and of the connectors."""
    found: dict[str, Any] = {
        name: field.annotation
        for name, field in settings.Settings.model_fields.items()
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)
    }
    return found | {"mapping": mapping.Mapping, "export": Export} | CRMS


KEYS = [(name, key) for name, model in sections().items() for key in model.model_fields]


def shown(default: Any) -> str | None:
    """Return how a default is written in the table; None: the test does not ask for a form."""
    if isinstance(default, bool):
        return str(default).lower()
    if isinstance(default, int | float):
        return f"`{default:g}`"
    if isinstance(default, list | tuple):
        return f"`{json.dumps(default)}`"
    return f'`"{default}"`' if isinstance(default, str) and default else None


@pytest.mark.parametrize(("name", "key"), KEYS, ids=lambda part: part)
def test_every_key_is_described_with_its_default(name, key):
    described = rows(section(PAGE, f"## `[{name}]`"))
    assert key in described
    default = sections()[name].model_fields[key].default
    wanted = None if default is PydanticUndefined else shown(default)
    assert wanted is None or wanted in described[key]


@pytest.mark.parametrize("name", sections())
def test_no_key_is_described_that_does_not_exist(name):
    assert set(rows(section(PAGE, f"## `[{name}]`"))) == set(sections()[name].model_fields)


def test_every_top_level_key_is_described():
    top = rows(section(PAGE, "## Top level"))
    for name in settings.Settings.model_fields:
        assert name in top or f"\n## `[{name}" in PAGE, name


@pytest.mark.parametrize("crm", CRMS)
def test_every_secret_can_be_a_file(crm):
    fields = CRMS[crm].model_fields
    secrets = [key for key, field in fields.items() if "SecretStr" in str(field.annotation)]
    assert secrets
    assert {f"{key}_file" for key in secrets} <= set(fields)


def test_every_engine_and_every_reading_of_a_custom_field_is_named():
    assert all(f"`{name}`" in section(PAGE, "## Top level") for name in ENGINES)
    part = section(PAGE, "## `[mapping]`")
    for owner, targets in TARGETS.items():
        assert f"`{owner}`" in part
        assert all(f"`{target}`" in part for target in targets)


def test_every_version_and_source_of_roles_is_named():
    part = section(PAGE, "## `[hubspot]`")
    assert all(f"`{version}`" in part for version in VERSIONS)
    assert all(f"`{name}`" in part for name in HubSpot.model_fields["role_sources"].default)
    assert "`property:<name>`" in part


def test_what_hubspots_words_mean_is_said_as_it_is():
    part = " ".join(section(PAGE, "## `[mapping]`").split())
    told = part[part.index("On HubSpot these are added") : part.index("A field may be read as")]
    added = words.with_defaults(mapping.Mapping(roles={}))
    assert {role for role in added.roles if role.title() not in told} == set()
    known = set(mapping.Mapping().open_statuses | mapping.Mapping().snoozed_statuses)
    fresh = (added.open_statuses | added.snoozed_statuses | added.completed_statuses) - known
    assert {status for status in fresh if status.isupper() and f"`{status}`" not in told} == set()


PAGES = sorted(page.name for page in DOCS.glob("*.md") if blocks(text(page.name), "toml"))


@pytest.mark.parametrize("page", PAGES)
def test_every_example_in_toml_loads(page):
    examples = blocks(text(page), "toml")
    for example in examples:
        found = settings.parse(tomllib.loads(example), where=page)
        mapping.build(found.phases, found.mapping)
        if found.salesforce:
            pinned = {"organization_id": "00D000000000000"}
            Salesforce.model_validate(found.salesforce | pinned)
        if found.hubspot:
            HubSpot.model_validate(found.hubspot)


def test_the_guides_have_examples_in_toml():
    assert {"configuration.md", "install.md", "install-hubspot.md", "rules.md"} <= set(PAGES)
