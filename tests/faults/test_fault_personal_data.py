"""What the store keeps of people: what rules read, for as long as the CRM has it."""

from __future__ import annotations

import pytest
from crms import slow_on_hubspot
from kit import SIZE
from world import CONCERNS

UNREAD = "+49 30 5550 4711"
NAME = "Quixotic Rename"


def write(world, kind: str, one: str, field: str, value: str) -> None:
    if world.name == "salesforce":
        world.org.update({"people": "Contact", "deals": "Opportunity"}[kind], one, {field: value})
    else:
        world.portal.update({"people": "contacts"}.get(kind, kind), one, {field: value}, 1)


def people(world) -> list[str]:
    if world.name == "salesforce":
        return [row["ContactId"] for row in world.org.rows("OpportunityContactRole")]
    return [contact.id for contact in world.portal.records("contacts")]


def kept(world, text: str) -> int:
    """Count the records with a text; our own tasks, whose words are ours, do not count."""
    return sum(text.encode() in row[-2] and b"cr1:" not in row[-2] for row in bodies(world))


def bodies(world) -> list:
    rows = world.tables()["record"]
    assert all(isinstance(row[-2], bytes) for row in rows)
    return rows


@pytest.mark.fault("X9")
@slow_on_hubspot
def test_a_field_that_no_rule_reads_is_not_kept(crm, tmp_path):
    field, read = ("Phone", "Title") if crm.name == "salesforce" else ("phone", "jobtitle")
    with crm(tmp_path, opportunities=SIZE) as world:
        for person in people(world):
            write(world, "people", person, field, UNREAD)
            write(world, "people", person, read, NAME)
        world.synced()
        assert kept(world, NAME)  # else nothing would be shown by the next line
        assert not kept(world, UNREAD)
        assert UNREAD.encode() not in world.state.read_bytes()


@pytest.mark.fault("X9")
@slow_on_hubspot
def test_what_the_crm_no_longer_has_goes_and_what_hung_on_it_with_the_full_pull(crm, tmp_path):
    field = "Name" if crm.name == "salesforce" else "dealname"
    with crm(tmp_path, opportunities=SIZE) as world:
        world.settle()
        gone = world.one_in(CONCERNS)
        write(world, "deals", gone, field, NAME)
        world.synced()
        assert kept(world, NAME)
        world.delete_opportunity(gone)
        world.advance()
        world.synced()
        own = ("deal", "Opportunity")
        assert gone not in {row[2] for row in bodies(world) if row[1] in own}
        world.synced("--full")
        assert not kept(world, NAME)
        assert gone not in {row[3] for row in bodies(world) if row[1] in own}
