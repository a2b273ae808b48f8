"""A smaller run of the simulated organization: the page is what the code gives, and bounds hold.

The false alarms of a rule at two levels are compared on the same opportunities. Where less data is
recorded, "no more than chance" means: of those that changed, the number that came is not above what
a fair coin gives in all but one of a thousand cases.
"""

import sys
from pathlib import Path

import pytest

from crmrules.rule import Verdict

ROOT = Path(__file__).resolve().parents[2]
ROLE_RULES = {
    "entry-no-path-to-power",
    "entry-no-sponsor",
    "entry-power-access-wasted",
    "entry-power-without-preparation",
    "entry-sponsor-lost",
    "entry-sponsor-not-equipped",
    "entry-stuck-at-receptivity",
}
"""Rules whose whole claim is about who decides, who suffers or who speaks for us."""
PARTLY = {"conc-none-surfaced", "post-renewal-complacent"}
"""Rules that can be right without any role, say where there was no meeting at all."""

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def precision():
    sys.path.insert(0, str(ROOT / "benchmarks"))
    try:
        import precision

        yield precision
    finally:
        sys.path.remove(str(ROOT / "benchmarks"))


@pytest.fixture(scope="module")
def rules(precision):
    return precision.measured(precision.shipped())


@pytest.fixture(scope="module")
def found(precision, rules):
    return precision.counts(rules, precision.SMALL, precision.SMALL_LEVELS)


def test_the_small_table_of_the_page_is_what_this_code_gives(precision, rules, found):
    page = precision.PAGE.read_text(encoding="utf-8")
    assert page.endswith(precision.small(rules, found) + "\n"), (
        "a rule, a signal or the simulation changed: python benchmarks/precision.py --write"
    )


def test_every_rule_has_a_truth_or_is_said_to_read_texts(precision):
    page = precision.PAGE.read_text(encoding="utf-8")
    unstated = {rule.id for rule in precision.shipped()} - set(precision.TRUTHS)
    told = next((x for x in page.splitlines() if x.startswith("Not measured here")), "")
    assert {name for name in unstated if f"`{name}`" not in told} == set()


def test_every_rule_that_does_badly_has_a_cause_on_the_page(precision):
    page = precision.PAGE.read_text(encoding="utf-8")
    assert "nobody has looked into it yet" not in page


def test_with_less_recorded_only_gated_rules_raise_more_false_alarms_than_chance(
    precision, rules, found
):
    grown = precision.grew(found, rules, 0.5)
    assert {rule.id for rule, _, _ in grown if not rule.coverage} == set()


def test_with_less_recorded_more_is_unknown(found):
    full, half = (sum(len(c.unknown) for c in found[level].values()) for level in (1.0, 0.5))
    assert half > 1.2 * full


def test_what_is_recorded_at_a_lower_level_is_recorded_at_the_higher_one(precision):
    from simulation.recording import record

    for life in precision.lives(40):
        full, half = record(life, 1.0), record(life, 0.5)
        for name in ("people", "activities", "quotes", "needs", "criteria", "concerns"):
            kept = {piece.record for piece in getattr(half, name)}
            assert kept <= {piece.record for piece in getattr(full, name)}, name


def test_the_truth_reads_no_record(precision):
    """Where nothing at all is recorded, what is so stays the same."""
    folder = ROOT / "benchmarks" / "simulation"
    files = [
        *folder.glob("truth/*.py"),
        *(folder / f"{n}.py" for n in ("lives", "buyers", "sellers")),
    ]
    assert [file.name for file in files if "crmrules" in _imports(file)] == []


def _imports(file):
    lines = file.read_text(encoding="utf-8").splitlines()
    return "\n".join(line for line in lines if line.startswith(("import ", "from ")))


def test_where_roles_titles_and_focus_are_empty_no_rule_about_roles_fires(precision, rules, found):
    from simulation.lives import NOW
    from simulation.recording import record

    from crmrules import evaluate
    from crmrules.engine import build

    def nameless(life):
        full = record(life, 1.0)
        bare = {"role": None, "title": None, "senior": None, "focus": None, "sponsor": None}
        people = tuple(one.model_copy(update=bare) for one in full.people or ())
        return full.model_copy(update={"people": people})

    assert {rule.id for rule in rules} >= ROLE_RULES | PARTLY
    seen = [nameless(life).as_of(NOW) for life in precision.lives(precision.SMALL)]
    judge = evaluate.Evaluator(build(rules, "python"), rules, evaluate.measure(seen, NOW), NOW)
    fired = {rule.id: set() for rule in rules}
    for judged in judge.judge(seen):
        for rule, judgement in judged.judgements.items():
            if judgement.verdict is Verdict.FIRES:
                fired[rule].add(judged.opportunity.id)
    assert {rule: fired[rule] for rule in ROLE_RULES if fired[rule]} == {}
    more = {rule: fired[rule] - found[1.0][rule].fires for rule in PARTLY}
    assert {rule: keys for rule, keys in more.items() if keys} == {}
