"""HubSpot's own words, where the organization does not say otherwise."""

from __future__ import annotations

import pytest

from crmrules.mapping import Mapping, Role
from crmrules.model import Focus, Phase
from crmrules_hubspot.words import with_defaults


@pytest.mark.parametrize(
    ("stage", "phase"),
    [
        ("appointmentscheduled", Phase.RECOGNITION),
        ("qualifiedtobuy", Phase.RECOGNITION),
        ("presentationscheduled", Phase.EVALUATION),
        ("decisionmakerboughtin", Phase.CONCERNS),
        ("contractsent", Phase.CONCERNS),
        ("closedwon", Phase.IMPLEMENTATION),
        ("closedlost", None),
    ],
)
def test_the_stages_of_a_new_account_have_a_phase(stage, phase):
    mapping = with_defaults(Mapping())
    assert mapping.phase("default", stage) is phase
    assert mapping.knows_stage("default", stage)


def test_what_the_organization_says_about_a_stage_counts():
    own = {
        "default": {"ContractSent": "evaluation", "4242": "concerns"},
        "77": {"1": "recognition"},
    }
    mapping = with_defaults(Mapping(phases=own))
    assert mapping.phase("default", "contractsent") is Phase.EVALUATION
    assert mapping.phase("default", "4242") is Phase.CONCERNS
    assert mapping.phase("77", "1") is Phase.RECOGNITION
    assert mapping.phase("default", "qualifiedtobuy") is Phase.RECOGNITION


def test_a_stage_that_nobody_explained_stays_without_a_phase():
    mapping = with_defaults(Mapping())
    assert not mapping.knows_stage("default", "4242")
    assert mapping.phase("default", "4242") is None


def test_it_counts_in_whatever_case_it_is_written():
    mapping = with_defaults(Mapping(phases={"default": {"contractsent": "evaluation"}}))
    assert mapping.phase("default", "contractsent") is Phase.EVALUATION


def test_roles_of_the_organization_may_be_written_with_or_without_underscores():
    mapping = with_defaults(Mapping(roles={"LEGAL_AND_COMPLIANCE": Role(focus=Focus.POWER)}))
    assert mapping.role("legal and compliance").focus is Focus.POWER
    assert mapping.role("champion").sponsor is True
    silent = with_defaults(Mapping(roles={"Champion": Role()}))
    assert silent.role("CHAMPION") == Role()


def test_task_statuses_mean_what_hubspot_means_by_them():
    mapping = with_defaults(Mapping())
    assert mapping.closed("COMPLETED") is True
    assert [mapping.closed(word) for word in ("NOT_STARTED", "IN_PROGRESS")] == [False, False]
    assert [mapping.snoozed(word) for word in ("WAITING", "DEFERRED", "NOT_STARTED")] == [
        True,
        True,
        False,
    ]
    assert mapping.closed("ELSE") is None


def test_a_status_that_the_organization_reads_otherwise_is_not_read_twice():
    mapping = with_defaults(Mapping(cancelled_statuses={"Deferred"}, snoozed_statuses={"Later"}))
    assert mapping.closed("DEFERRED") is True
    assert not mapping.snoozed("DEFERRED")
    assert mapping.snoozed("waiting")


def test_everything_else_stays_as_the_organization_said_and_twice_is_once():
    own = Mapping(fields={"Contact.gone": "left"}, standard_allowance=5.0, users={"7"})
    mapping = with_defaults(own)
    assert (mapping.fields, mapping.standard_allowance) == ({"Contact.gone": "left"}, 5.0)
    assert with_defaults(mapping) == mapping
    assert "closedwon" not in own.won_stages


def test_hubspots_waiting_is_the_customers_turn_unless_the_organization_says_otherwise():
    mapping = with_defaults(Mapping())
    assert [mapping.waits(w) for w in ("waiting", "DEFERRED", "COMPLETED")] == [True, False, False]
    assert mapping.waits("ELSE") is None
    said = with_defaults(Mapping(snoozed_statuses={"WAITING"}))
    assert said.waits("WAITING") is True
    done = with_defaults(Mapping(completed_statuses={"WAITING"}))
    assert done.waits("WAITING") is False
