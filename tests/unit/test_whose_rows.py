"""Which organizations of a store a configuration is about."""

from __future__ import annotations

import pytest

from crmrules.cli.targets import asked_for, ours
from crmrules.settings import Settings

LONG, OTHER = "00Dxx0000000001EAA", "00Dxx0000000002EAA"


def settings(pin, connector="salesforce", key="organization_id"):
    return Settings(connector=connector, **{connector: {key: pin} if pin else {}})


@pytest.mark.parametrize("pin", [LONG, LONG[:15]])
def test_a_configuration_that_names_its_organization_is_about_that_one_alone(pin):
    assert ours(settings(pin), [OTHER, LONG]) == [LONG]
    assert asked_for(settings(pin), [OTHER, LONG], None) == LONG
    assert ours(settings(pin), [OTHER]) == []
    assert asked_for(settings(pin), [OTHER], None) == pin  # never the rows of somebody else


def test_a_portal_is_not_taken_for_one_whose_number_begins_alike():
    assert ours(settings("4711", "hubspot", "portal_id"), ["471", "47110"]) == []


def test_one_that_names_none_may_be_about_any():
    assert ours(settings(None), [OTHER, LONG]) == [OTHER, LONG]
    assert asked_for(settings(None), [OTHER, LONG], None) is None


def test_what_somebody_asks_for_wins():
    assert asked_for(settings(LONG), [OTHER, LONG], OTHER) == OTHER
