"""What an organization's own words mean."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmrules.errors import UsageError
from crmrules.mapping import DEFAULT_PHASES, Mapping, build
from crmrules.model import Focus, Phase


def test_the_stages_of_a_new_salesforce_have_a_phase_without_any_setting():
    mapping = Mapping()
    assert mapping.phase("default", "Needs Analysis") is Phase.RECOGNITION
    assert mapping.phase("anything", " proposal/price  QUOTE ") is Phase.EVALUATION
    assert mapping.phase("default", "Negotiation/Review") is Phase.CONCERNS
    assert mapping.phase("default", "Closed Won") is Phase.IMPLEMENTATION
    assert mapping.stage_problems(("default", stage) for stage in DEFAULT_PHASES) == ()


def test_a_pipelines_own_stage_wins_over_the_shared_one_and_both_over_the_built_in():
    mapping = build(
        {
            "default": {"Qualification": "evaluation", "Legal": "concerns"},
            "Renewal": {"Legal": "development", "Parked": "none"},
        },
        {},
    )
    assert mapping.phase("default", "Qualification") is Phase.EVALUATION
    assert mapping.phase("Renewal", "Qualification") is Phase.EVALUATION
    assert mapping.phase("Renewal", "Legal") is Phase.DEVELOPMENT
    assert mapping.phase("default", "Legal") is Phase.CONCERNS
    assert mapping.phase("default", "Prospecting") is Phase.RECOGNITION


def test_an_unknown_stage_has_no_phase_and_is_one_problem_with_its_remedy():
    mapping = build({"default": {"Parked": "none"}}, {})
    seen = [("default", "Qualificaton"), ("default", "Qualificaton"), ("default", "Parked")]
    assert mapping.phase("default", "Qualificaton") is None
    assert mapping.phase("default", None) is None
    (problem,) = mapping.stage_problems([*seen, ("default", "Closed Lost")])
    assert "Qualificaton" in problem.what
    assert "did you mean 'Qualification'" in problem.remedy
    assert problem.signals == ("phase",)


def test_every_wrong_key_and_word_is_in_one_error():
    with pytest.raises(UsageError) as error:
        build(
            {"default": {"Legal": "conserns"}},
            {"felds": {}, "fields": {"Event.Held": "hold"}, "standard_allowance": 101},
        )
    said = str(error.value)
    for part in ("'Legal' = 'conserns'", "did you mean 'fields'", "did you mean 'held'", "100"):
        assert part in said, part


@pytest.mark.parametrize(
    "path", ["Pain__c", "Opportunity.Pain c", "Opportunity.Id FROM User--", "Case.Pain__c", "A.b.c"]
)
def test_a_field_that_is_no_plain_api_name_is_refused(path):
    with pytest.raises(UsageError, match=r"Opportunity|API name"):
        build({}, {"fields": {path: "need"}})


def test_fields_of_account_and_contact_are_reached_through_what_is_read():
    mapping = build(
        {},
        {
            "fields": {
                "Account.Key__c": "strategic",
                "Contact.Left__c": "left",
                "Event.H__c": "held",
            }
        },
    )
    assert set(mapping.paths()) == {
        "Opportunity.Account.Key__c",
        "OpportunityContactRole.Contact.Left__c",
        "Event.H__c",
    }
    assert mapping.sources("Event", "held") == ("H__c",)
    assert mapping.sources("Account", "held") == ()


def test_a_role_says_power_or_sponsor_or_nothing():
    mapping = Mapping()
    assert mapping.role("economic buyer").focus is Focus.POWER
    assert mapping.role("Executive Sponsor").sponsor is True
    for role in ("Influencer", "Evaluator", None, ""):
        assert mapping.role(role) == mapping.role("Other")
        assert mapping.role(role).focus is None
        assert mapping.role(role).sponsor is None


@pytest.mark.parametrize(
    ("title", "senior"),
    [
        ("Director of Vendor Relations", True),
        ("SVP, Procurement", True),
        ("CFO", True),
        ("C.E.O.", True),
        ("Chief Data Officer", True),
        ("Head of IT", True),
        ("Geschäftsführer", True),
        ("Managing Director", True),
        ("VP, Facilities", True),
        ("Executive Assistant to the CFO", False),
        ("Product Owner", False),
        ("Buyer", False),
        ("Headmistress", False),
        ("Directory Clerk", False),
        ("", None),
        ("   ", None),
        (None, None),
    ],
)
def test_a_title_is_senior_from_director_up(title, senior):
    assert Mapping().senior(title) is senior


def test_an_organization_can_name_titles_of_its_own():
    mapping = Mapping(senior_titles={"Prokurist"}, junior_titles={"Vice President"})
    assert mapping.senior("prokurist") is True
    assert mapping.senior("Vice President") is False
    assert mapping.senior("Senior Vice President") is True


def test_task_statuses_are_words_and_an_unknown_one_is_unknown():
    mapping = Mapping()
    assert mapping.snoozed("deferred")
    assert mapping.snoozed("Waiting on someone else")
    assert not mapping.snoozed("Completed")
    assert mapping.waits("waiting ON someone else") is True
    assert [mapping.waits(word) for word in ("Deferred", "Completed", "Not Started")] == [False] * 3
    assert mapping.waits(None) is None
    assert mapping.waits("Parked") is None
    own = Mapping(waiting_statuses={"Warten"})
    assert own.snoozed("warten")
    assert own.closed("Warten") is False
    assert [mapping.closed(s) for s in ("Completed", "Canceled", "Deferred", "Odd", None)] == [
        True,
        True,
        False,
        None,
        None,
    ]


@given(st.text(max_size=60))
def test_no_word_makes_it_raise(word):
    mapping = Mapping()
    mapping.phase(word, word)
    mapping.senior(word)
    mapping.role(word)
    mapping.closed(word)
    mapping.stage_problems([(word, word)])


def test_words_for_tags_are_kept_in_lower_case_and_mean_a_tag():
    mapping = build({}, {"tag_aliases": {"Bedarf": "need", "Wunsch": "Need"}})
    assert mapping.tag_aliases == {"bedarf": "need", "wunsch": "need"}


@pytest.mark.parametrize(
    ("aliases", "said"),
    [
        ({"bedarf": "ned"}, "did you mean 'need'?"),
        ({"bedarf": "widget"}, "there are"),
        ({"mein bedarf": "need"}, "one word"),
        ({"#bedarf": "need"}, "without the #"),
        ({"4bedarf": "need"}, "one word"),
        ({"Power": "need"}, "meaning of its own"),
        ({"not-true": "need"}, "meaning of its own"),
    ],
)
def test_a_word_for_a_tag_that_cannot_be_one_is_refused_with_the_remedy(aliases, said):
    with pytest.raises(UsageError, match=re.escape(said)):
        build({}, {"tag_aliases": aliases})
