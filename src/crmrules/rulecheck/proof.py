"""Run the tests inside rule files, and test those tests by breaking the rule.

Every test runs on every engine and on the definition. Then one clause at a time is deleted, and
each number shifted by the smallest step: a change that no test notices is a clause or a number that
nobody proved. Breaking uses the definition alone; engines are held to it elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from crmrules.engine import Judgement, build
from crmrules.engine.fitting import DECIMALS
from crmrules.engine.oracle import judge_rule
from crmrules.model import Phase
from crmrules.rule import Clause, Group, Rule, RuleTest, Setting
from crmrules.rulecheck._common import Checking
from crmrules.rulefile import located

EXPECTED = ("fires", "quiet", "unknown", "clears")


def every_outcome_has_a_test(c: Checking) -> None:
    """At least one test per fires, quiet, unknown and clears."""
    missing = [word for word in EXPECTED if word not in {test.expect for test in c.rule.tests}]
    if missing:
        c.note(("tests",), f"no test expects: {', '.join(missing)}", "Add an example of each.")


def tests_pass(checkings: Sequence[Checking], engines: Sequence[str]) -> None:
    """Note every test that any engine, or the definition, judges otherwise than expected."""
    cases = [(c, number, test) for c in checkings for number, test in enumerate(c.rule.tests)]
    if not cases:
        return
    rules: dict[str, Rule] = {}  # each rule once per choice of settings
    names: list[str] = []
    for c, _, test in cases:
        name = f"{c.rule.id}#{sorted(test.settings.items())}"
        rules.setdefault(name, variant(c.rule, test).model_copy(update={"id": name}))
        names.append(name)
    facts = [dict(test.given) for _, _, test in cases]
    kinds = cases[0][0].kinds
    said = {"oracle": [judge_rule(rules[n], f, kinds) for n, f in zip(names, facts, strict=True)]}
    for engine in engines:
        answers = build(rules.values(), engine, kinds).judge(facts)
        said[engine] = [answer[name] for answer, name in zip(answers, names, strict=True)]
    for place, (c, number, test) in enumerate(cases):
        for engine, judgements in said.items():
            if told(judgements[place]) != test.expect:
                says = f"the {engine} engine says {told(judgements[place])}"
                what = f"test '{test.name}' expects {test.expect}; {says}"
                c.note(("tests", number), what, "Correct the test or the rule.")
                break


def every_clause_is_covered(c: Checking) -> None:
    """Note every clause that can be deleted without any test noticing."""
    for key in ("when", "clears"):
        group: Group = getattr(c.rule, key)
        for number, (clause, where) in enumerate(located(group, (key,))):
            left = _without(group, number)
            broken = c.rule.model_copy(update={key: left or _nothing(c.rule, key)})
            if not _noticed(c, broken):
                what = f"no test covers '{key}: {_words(clause)}'"
                c.note(where, what, "Add a test whose outcome depends on this clause alone.")


def phases_are_covered(c: Checking) -> None:
    """Demand a test in a phase where the rule must keep quiet."""
    if set(c.rule.phases) != set(Phase):
        broken = c.rule.model_copy(update={"phases": tuple(Phase)})
        if not _noticed(c, broken):
            what = "no test covers 'phases'"
            c.note(("phases",), what, "Add a test in another phase that expects quiet.")


def every_number_is_covered(c: Checking) -> None:
    """Demand a test exactly at the limit of each setting, so that a shift is noticed."""
    for name, setting in c.rule.settings.items():
        shifted = list(_shifted(c, name, setting))
        if shifted and not any(_noticed(c, rule) for rule in shifted):
            what = f"no test stands at the limit of the setting '{name}' ({setting.value})"
            c.note(("settings", name), what, "Add a test with exactly this value.")


def variant(rule: Rule, test: RuleTest) -> Rule:
    """Return the rule with the settings of a test."""
    if not test.settings:
        return rule
    settings = {
        name: setting.model_copy(update={"value": test.settings.get(name, setting.value)})
        for name, setting in rule.settings.items()
    }
    return rule.model_copy(update={"settings": settings})


def told(judgement: Judgement) -> str:
    """Return the judgement in the words tests use."""
    return "clears" if judgement.clears else str(judgement.verdict)


def _noticed(c: Checking, broken: Rule) -> bool:
    """Return whether some test would say something else of the broken rule."""
    return any(
        judge_rule(variant(c.rule, test), test.given, c.kinds)
        != judge_rule(variant(broken, test), test.given, c.kinds)
        for test in c.rule.tests
    )


def _without(group: Group, number: int) -> Group | None:
    """Return the group without its n-th clause (depth first); None where nothing is left."""
    members: list[Group | Clause] = []
    for member in group.members:
        size = 1 if isinstance(member, Clause) else len(list(member.clauses()))
        if 0 <= number < size:
            left = None if isinstance(member, Clause) else _without(member, number)
            members += [] if left is None else [left]
        else:
            members.append(member)
        number -= size
    return Group(join=group.join, members=tuple(members)) if members else None


def _nothing(rule: Rule, key: str) -> Group:
    """Return a group that is always true inside the phases (when), or never (clears)."""
    gate = Clause(signal="phase", operator="one_of", value=rule.phases)
    never = Clause(signal="phase", operator="is", value="")
    return Group(join="all", members=(gate if key == "when" else never,))


def _shifted(c: Checking, name: str, setting: Setting) -> Iterator[Rule]:
    clauses = (*c.rule.when.clauses(), *c.rule.clears.clauses())
    kinds = {c.kinds.get(one.signal) for one in clauses if one.value == f"${name}"}
    value = setting.value
    if not kinds or isinstance(value, str):
        return
    if isinstance(value, bool):
        values: tuple[bool | int | float, ...] = (not value,)
    else:
        step = 1 if kinds == {int} and isinstance(value, int) else 10**-DECIMALS
        values = (value + step, value - step)
    for changed in values:
        other = setting.model_copy(update={"value": changed})
        yield c.rule.model_copy(update={"settings": {**c.rule.settings, name: other}})


def _words(clause: Clause) -> str:
    value = clause.value
    shown = ", ".join(map(str, value)) if isinstance(value, tuple) else value
    return f"{clause.signal} {clause.operator.replace('_', ' ')} {shown}"


CHECKS = (
    every_outcome_has_a_test,
    every_clause_is_covered,
    phases_are_covered,
    every_number_is_covered,
)
