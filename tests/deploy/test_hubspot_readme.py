"""The README of the HubSpot properties says what the file and the connector say."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from crmrules.mapping import Mapping
from crmrules.model import Focus
from crmrules_hubspot.errors import FEATURES
from crmrules_hubspot.words import with_defaults

FOLDER = Path(__file__).resolve().parents[2] / "deploy" / "hubspot"
README = (FOLDER / "README.md").read_text(encoding="utf-8")
FILE = json.loads((FOLDER / "properties.json").read_text(encoding="utf-8"))


def test_every_property_is_described_and_no_other():
    named = re.findall(r"^\| (deal|task) \| `(\w+)`", README, re.MULTILINE)
    defined = [(key[:-1], one["name"]) for key, many in FILE["properties"].items() for one in many]
    assert named == defined


@pytest.mark.fault("X8", on="hubspot")
def test_every_scope_the_connector_can_ask_for_is_explained_and_no_other():
    described = set(re.findall(r"^\| `([a-z_.-]+(?:read|write))` \|", README, re.MULTILINE))
    assert described == set(FEATURES)


def test_the_labels_that_count_are_those_of_the_connector():
    part = README.partition("## Roles and focus")[2]
    rows = dict(re.findall(r"^\| (`.+`) \| ([\w ]+) \|", part, re.MULTILINE))
    said = {meaning: set(re.findall(r"`([^`]+)`", labels)) for labels, meaning in rows.items()}
    roles = with_defaults(Mapping()).roles
    power = {name.title() for name, role in roles.items() if role.focus is Focus.POWER}
    sponsor = {name.title() for name, role in roles.items() if role.sponsor}
    assert said == {
        "focus of power": power,
        "our sponsor": sponsor | {"Sponsor"},
        "the focus itself": {str(focus).title() for focus in Focus},
    }


def test_what_nobody_has_seen_is_marked():
    assert README.count("*not verified*") >= 5
