"""Which rules a run may only count, from what earlier runs noted and what the CRM shows."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from crmrules import rulebook
from crmrules.guards import Newcomers, newcomers

RULES = rulebook.load([rulebook.shipped()]).rules
ONE, OTHER, THIRD = RULES[:3]


class Notes(dict):
    """The notes of a state store."""

    set = dict.__setitem__


def judge(notes, rules, found=(), hash_="h1") -> Newcomers:
    return newcomers(SimpleNamespace(history=notes), rules, hash_, found)


def shows(*, tasks=(), flags=()):
    return SimpleNamespace(
        our_tasks=tuple(SimpleNamespace(rule=rule) for rule in tasks),
        our_fields=SimpleNamespace(flags=tuple(flags)),
    )


def test_every_rule_is_new_once():
    notes = Notes()
    assert judge(notes, [ONE, OTHER]).unseen == {ONE.id, OTHER.id}
    assert judge(notes, [ONE, OTHER]).unseen == frozenset()
    assert judge(notes, [OTHER, THIRD]).unseen == {THIRD.id}
    assert judge(notes, [ONE, OTHER, THIRD]).unseen == frozenset()


def test_a_rule_that_changed_under_its_name_is_not_new_but_the_change_is_told():
    notes = Notes()
    assert judge(notes, [ONE]) == Newcomers(frozenset({ONE.id}), changed=False)
    other = ONE.model_copy(update={"title": "x"})
    assert judge(notes, [other], hash_="h2") == Newcomers(frozenset(), changed=True)
    assert judge(notes, [ONE], hash_="h2") == Newcomers(frozenset(), changed=False)


def test_without_a_note_a_task_or_a_flag_of_ours_tells_that_a_rule_was_there():
    found = [shows(tasks=[ONE.id, None]), shows(flags=[OTHER.then.flag, "somebody_elses"])]
    assert OTHER.then.flag != THIRD.then.flag
    assert judge(Notes(), [ONE, OTHER, THIRD], found).unseen == {THIRD.id}


def test_with_a_note_the_opportunities_are_not_even_looked_at():
    notes = Notes()
    judge(notes, [ONE])

    def none():
        pytest.fail("read again")
        yield

    assert judge(notes, [ONE], none()).unseen == frozenset()
