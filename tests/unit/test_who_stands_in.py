"""Whom ``[tasks] fallback_owner`` names by address, and what preview knows of it."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from crmrules.cli import wire
from crmrules.connector import Capabilities, Organization
from crmrules.decide import Job, standing_in
from crmrules.observe.steps import Steps, Watched
from crmrules.plan import Policy
from crmrules.remembered import Remembered
from crmrules.settings import parse

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
ADDRESS = "boss@ours.example"


class Crm:
    name = "a CRM"

    def __init__(self, *found: str) -> None:
        self.found, self.asked = found, []

    def colleagues(self, address):
        self.asked.append(address)
        return self.found


def job(crm, policy):
    return Job(crm, None, (), "", None, NOW, policy=policy)


def policy(said):
    return wire.policy(parse({"tasks": {"fallback_owner": said}}, where="crmrules.toml"))


def test_an_id_is_taken_as_it_is_and_nobody_is_asked():
    crm, told = Crm("7"), policy("005A")
    assert (told.fallback_owner, told.fallback_address) == ("005A", None)
    given = job(crm, told)
    found, problems = standing_in(given)
    assert found is given
    assert problems == ()
    assert crm.asked == []


@pytest.mark.parametrize("watched", [False, True], ids=["alone", "watched"])
def test_an_address_becomes_the_id_of_whose_it_is(watched):
    crm, told = Crm("7"), policy(ADDRESS)
    assert (told.fallback_owner, told.fallback_address) == (None, ADDRESS)
    seen = Watched(crm, Steps(lambda: 0.0)) if watched else crm
    found, problems = standing_in(job(seen, told))
    assert (found.policy.fallback_owner, problems) == ("7", ())
    assert crm.asked == [ADDRESS]


@pytest.mark.parametrize(
    ("crm", "what"),
    [
        (Crm(), "no active user has the address boss@ours.example"),
        (Crm("7", "8"), "2 active users have the address boss@ours.example"),
        (SimpleNamespace(name="of a plugin"), "no active user has the address boss@ours.example"),
    ],
    ids=["nobody", "two", "a CRM that cannot tell"],
)
def test_where_it_is_nobodys_or_several_peoples_nobody_stands_in_and_it_is_said(crm, what):
    found, [problem] = standing_in(job(crm, policy(ADDRESS)))
    assert found.policy.fallback_owner is None
    assert what in problem.what
    assert problem.level == "warning"
    assert "[tasks] fallback_owner" in problem.remedy


@pytest.mark.parametrize(
    ("kept", "stands_in"),
    [
        ((ADDRESS, "7"), "7"),
        ((ADDRESS, None), None),
        (("another@ours.example", "8"), None),
        (None, None),
    ],
)
def test_preview_knows_whose_address_it_was_at_the_last_sync(kept, stands_in):
    left = Remembered("x", Organization("o"), Capabilities(), None, {}, NOW, "r", kept)
    told = left.standing_in(Policy(fallback_address=ADDRESS))
    assert told.fallback_owner == stands_in
    assert left.standing_in(Policy(fallback_owner="005A")).fallback_owner == "005A"
