"""Where a changed rule set has to be planned again: everywhere that anything could differ."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from crmrules import rulebook
from crmrules.engine import Judgement
from crmrules.preview.bench import Verdicts
from crmrules.preview.touched import touched
from crmrules.rule import Mode, Verdict
from crmrules.signals import Known, Unknown

FIRES, QUIET, UNKNOWN = Verdict
BOOK = rulebook.load([rulebook.shipped()])
RULE, OTHER = (
    BOOK.rule(name).model_copy(update={"mode": Mode.LIVE})
    for name in ("conc-gone-dark", "entry-single-threaded")
)
SHADOW = RULE.model_copy(update={"mode": Mode.SHADOW})
TUNED = RULE.model_copy(update={"settings": {}})
NOBODY = SimpleNamespace(rule="another")


def case(*, episode=None, record=None, task=None):
    past = SimpleNamespace(episodes=[episode or NOBODY], tasks=[record or NOBODY])
    return SimpleNamespace(past=past, opportunity=SimpleNamespace(our_tasks=(task or NOBODY,)))


def verdicts(rules, *answers, signs=()):
    """Return what rules say; ``answers``: of each case, one verdict per rule."""
    told = {r.id: [Judgement(each[n]) for each in answers] for n, r in enumerate(rules)}
    return Verdicts(told, signs or [Known(0)] * len(answers))


def again(cases, before, told, after, tells):
    named = ({rule.id: rule for rule in rules} for rules in (before, after))
    was, then = named
    return touched(cases, was, told, then, tells)


def test_the_same_rules_move_nothing():
    same = [RULE, OTHER]
    told = verdicts(same, (FIRES, FIRES), (UNKNOWN, QUIET))
    assert again([case(), case()], same, told, same, told) == set()


@pytest.mark.parametrize("what", ["episode", "record", "task"])
def test_where_a_changed_rule_has_left_anything_it_is_planned_again_though_it_is_quiet(what):
    cases = [case(), case(**{what: SimpleNamespace(rule=RULE.id)})]
    told = verdicts([RULE, OTHER], (QUIET, QUIET), (QUIET, QUIET))
    assert again(cases, [RULE, OTHER], told, [TUNED, OTHER], told) == {1}


def test_where_a_changed_rule_fires_before_or_after_it_is_planned_again():
    cases = [case(), case(), case()]
    told = verdicts([RULE, OTHER], (FIRES, QUIET), (QUIET, QUIET), (QUIET, FIRES))
    tells = verdicts([TUNED, OTHER], (QUIET, QUIET), (FIRES, QUIET), (QUIET, FIRES))
    assert again(cases, [RULE, OTHER], told, [TUNED, OTHER], tells) == {0, 1}


def test_a_rule_that_comes_or_goes_counts_where_it_fires():
    cases = [case(), case()]
    both = verdicts([RULE, OTHER], (FIRES, QUIET), (QUIET, QUIET))
    one = verdicts([OTHER], (QUIET,), (QUIET,))
    assert again(cases, [RULE, OTHER], both, [OTHER], one) == {0}
    assert again(cases, [OTHER], one, [RULE, OTHER], both) == {0}


def test_where_the_only_live_rule_that_knows_is_another_the_status_moves():
    cases = [case(), case()]
    told = verdicts([RULE, OTHER], (QUIET, UNKNOWN), (QUIET, QUIET))
    assert again(cases, [RULE, OTHER], told, [SHADOW, OTHER], told) == {0}
    tells = verdicts([TUNED, OTHER], (UNKNOWN, UNKNOWN), (UNKNOWN, QUIET))
    assert again(cases, [RULE, OTHER], told, [TUNED, OTHER], tells) == {0}


def test_where_the_signs_of_concern_differ_other_rules_may_read_them():
    before, after = [Known(0), Known(1)], [Unknown("some cannot tell"), Known(1)]
    told = verdicts([RULE, OTHER], (QUIET, QUIET), (QUIET, QUIET), signs=before)
    tells = verdicts([TUNED, OTHER], (QUIET, QUIET), (QUIET, QUIET), signs=after)
    assert again([case(), case()], [RULE, OTHER], told, [TUNED, OTHER], tells) == {0}


def test_with_the_last_live_rule_all_fields_are_emptied_everywhere():
    told = verdicts([RULE], (QUIET,), (QUIET,))
    assert again([case(), case()], [RULE], told, [SHADOW], told) == {0, 1}
    assert again([case(), case()], [SHADOW], told, [RULE], told) == {0, 1}
