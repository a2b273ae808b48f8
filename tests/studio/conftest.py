"""A studio on a small organization of its own."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).resolve().parent.parent / "e2e"))  # preview_kit, the worlds

import preview_kit
from salesforce_world import SalesforceWorld
from studio_kit import HOSTILE, Running, listening, snapshot

from crmrules import rulebook
from crmrules.studio import Desk, Draft


@pytest.fixture(scope="module")
def organization(tmp_path_factory):
    """An organization whose rules have been in shadow for a day, one name of it hostile."""
    with SalesforceWorld(tmp_path_factory.mktemp("world"), opportunities=24, rules=None) as world:
        rows = [row | {"Name": HOSTILE} for row in world.org.rows("Opportunity")]
        world.org.load({"Opportunity": rows})
        preview_kit.settled(world)
        yield world


@pytest.fixture
def world(organization):
    """The organization, with its overlay as it was at first."""
    overlay = organization.folder / "overlay.yaml"
    kept = overlay.read_bytes()
    yield organization
    overlay.write_bytes(kept)


@pytest.fixture
def desk(world):
    draft = Draft(rulebook.load([rulebook.shipped()]), world.folder / "overlay.yaml")
    return Desk(draft, lambda: snapshot(world))


@pytest.fixture
def studio(desk, world):
    with listening(desk) as door:
        yield Running(desk, door, world)
