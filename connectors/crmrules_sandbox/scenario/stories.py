"""The stories that open opportunities follow, and how often each comes.

Know before changing: a story named like a rule is built so that this rule fires and the others do
not; the other names are lives in which none of them should fire or in which data is missing. The
name is never rendered: ``Opportunity.story`` is the only place that tells it.

Does not do: draw moments and names (``resolve``) or tell what follows a sale (``aftermath``).
"""

from __future__ import annotations

import random
from collections.abc import Callable

from crmrules_sandbox.scenario import phrases
from crmrules_sandbox.scenario.outline import (
    BY_MAIL,
    EVALUATION,
    NEGOTIATION,
    PROPOSAL,
    STAGES,
    Plan,
    Talk,
    contacts,
    log_uniform,
    ordinary,
)

Teller = Callable[[random.Random, str], Plan]
STEPS = phrases.NEXT_STEPS


def _evaluating(rng: random.Random, story: str, **more: object) -> Plan:
    """Return an ordinary, large opportunity in evaluation or, at times, in negotiation."""
    stage = rng.choice((*EVALUATION, NEGOTIATION))
    given: dict[str, object] = {"stage": stage, "age": rng.uniform(85, 150)}
    given |= {"in_stage": rng.uniform(17, 26), "value": log_uniform(rng, 175_000, 600_000)}
    return ordinary(rng, STEPS, story=story, **(given | more))  # type: ignore[arg-type]


def healthy(rng: random.Random, story: str) -> Plan:
    """Tell: any stage, any size, nothing wrong; the notes are those of a careful rep."""
    stage = rng.choice((*STAGES, *STAGES[1:3], PROPOSAL, NEGOTIATION))
    early = STAGES.index(stage) < 3
    age = rng.uniform(12, 60) if early else rng.uniform(75, 170)
    in_stage = rng.uniform(2, age * 0.6) if early else rng.uniform(6, 24)
    levels = rng.choice((("power", "senior", "middle"), ("senior", "power", "middle", "junior")))
    value = log_uniform(rng, 14_000, 350_000)
    plan = ordinary(
        rng, STEPS, story=story, stage=stage, age=age, in_stage=in_stage, value=value, levels=levels
    )
    meetings = [talk for talk in plan.talks if talk.kind == "meeting" and talk.ago > 0]
    for texts, share in ((phrases.NEEDS, 0.5), (phrases.PROBLEMS, 0.3), (phrases.OTHER_TAGS, 0.4)):
        if meetings and rng.random() < share:
            rng.choice(meetings).note = rng.choice(texts)
    if rng.random() < 0.25:
        plan.pushes = [(rng.uniform(3, min(age * 0.5, 30)), plan.close - rng.uniform(8, 25))]
    return plan


def postponed(rng: random.Random, story: str) -> Plan:
    """Tell: the close date moves out two or three times in the quarter and nobody says why."""
    plan = _evaluating(rng, story)
    times = [rng.uniform(60, 74), rng.uniform(32, 45), rng.uniform(5, 16)]
    if rng.random() < 0.5:
        times.pop(0)
    plan.close = -rng.uniform(2, 12) + (times[0] - 20)
    to = plan.close
    for ago in times:
        to = min(to - rng.uniform(24, 45), ago - 20)
        plan.pushes.append((ago, to))
    last = min(to, -rng.uniform(15, 40))
    plan.pushes[-1] = (times[-1], last)
    return plan


def explained(rng: random.Random, story: str) -> Plan:
    """Tell: as postponed, but each move has the customer's reason on record the same day."""
    plan = postponed(rng, story)
    for ago, _ in plan.pushes:
        plan.talks.append(Talk(ago - 0.2, "note", (0,), note=rng.choice(phrases.REASONS)))
    return plan


def regressed(rng: random.Random, story: str) -> Plan:
    """Tell: was in negotiation for two weeks, went back to evaluation some days ago."""
    plan = _evaluating(rng, story, stage=NEGOTIATION, in_stage=rng.uniform(19, 26))
    plan.offers = plan.offers[:1]
    plan.stages.append((rng.uniform(3.5, 9.5), rng.choice((PROPOSAL, "Perception Analysis"))))
    return plan


def early_concession(rng: random.Random, story: str) -> Plan:
    """Tell: a clear discount while the customer still compares."""
    plan = _evaluating(rng, story, stage=PROPOSAL, in_stage=rng.uniform(18, 26))
    plan.offers = [
        (plan.stages[-1][0] - 1.5, 0.0),
        (rng.uniform(3.5, 10), float(rng.choice((12, 15, 18)))),
    ]
    return plan


def growing_concessions(rng: random.Random, story: str) -> Plan:
    """Tell: three quotes within two weeks, each giving away more than the one before."""
    plan = _evaluating(rng, story, stage=NEGOTIATION, in_stage=rng.uniform(19, 26))
    first = float(rng.choice((3, 4)))
    second, third = first * 2 + 1.0, first * 3 + 4.0
    plan.offers = [
        (plan.stages[-1][0] + 7.0, 0.0),
        (11.5, first),
        (7.2, second),
        (2.6, third),
    ]
    return plan


def gone_dark(rng: random.Random, story: str) -> Plan:
    """Tell: the proposal went out a month ago; since then only we write."""
    silent = rng.uniform(25, 32)
    stage = rng.choice((PROPOSAL, NEGOTIATION))
    plan = _evaluating(rng, story, stage=stage, in_stage=silent + 4, age=rng.uniform(105, 150))
    plan.talks = [talk for talk in plan.talks if talk.ago > silent]
    plan.talks.append(Talk(silent, "mail_in", (1,)))
    plan.offers = [(silent + (2.5 if stage == PROPOSAL else 7), 0.0)]
    plan.talks += [
        Talk(silent - place * rng.uniform(5, 6.5), kind, (place % 2,))
        for place, kind in enumerate(("mail_chase", "voicemail", "mail_chase"), start=1)
    ]
    plan.steps.append((rng.uniform(1.5, 2), phrases.CHASE_STEP))
    return plan


def single_threaded(rng: random.Random, story: str) -> Plan:
    """Tell: everything runs through one person, who can decide but speaks for nobody else."""
    levels = rng.choice((("power",), ("power", "middle")))
    return _evaluating(rng, story, stage=rng.choice(STAGES[2:7]), levels=levels, engaged=(0,))


def too_early(rng: random.Random, story: str) -> Plan:
    """Tell: a quote after one meeting; everything since is mail."""
    age = rng.uniform(42, 60)
    stage = rng.choice(("Value Proposition", PROPOSAL, "Needs Analysis"))
    given = {"stage": stage, "age": age, "in_stage": age * 0.5, "rhythm": BY_MAIL}
    plan = _evaluating(rng, story, **given)
    for talk in plan.talks:
        if talk.ago > age - 6:
            talk.kind = "mail_in"
    plan.talks.insert(0, Talk(age - 4.5, "meeting", (0,)))
    plan.offers = [(age * 0.5 - 2 if stage == PROPOSAL else age - 10.0, 0.0)]
    return plan


def no_advance(rng: random.Random, story: str) -> Plan:
    """Tell: pleasant meetings every other week, and nothing else changes."""
    plan = _evaluating(
        rng, story, stage=rng.choice(STAGES[2:6]), age=rng.uniform(110, 150), in_stage=80.0
    )
    for member in plan.members:
        member.joined = plan.age
    plan.talks = [talk for talk in plan.talks if talk.ago > 0]
    plan.steps = [(plan.age - 0.5, STEPS[0]), (rng.uniform(62, 70), phrases.IDLE_STEP)]
    return plan


def stuck(rng: random.Random, story: str) -> Plan:
    """Tell: many friendly talks with people who neither suffer nor decide."""
    age = rng.uniform(80, 120)
    given = {"stage": "Needs Analysis", "age": age, "in_stage": age * 0.4}
    plan = _evaluating(rng, story, levels=("junior", "junior", "middle"), **given)
    for member in plan.members:
        member.joined = max(member.joined, age * 0.7)
    plan.employees = max(plan.employees or 0, 120)
    return plan


def no_power(rng: random.Random, story: str) -> Plan:
    """Tell: evaluating for weeks with people who can only recommend."""
    return _evaluating(rng, story, levels=("middle", "junior", "middle"), age=rng.uniform(95, 140))


def price(rng: random.Random, story: str) -> Plan:
    """Tell: they call us too expensive although they rate our price above the rival's."""
    plan = _evaluating(rng, story, stage=NEGOTIATION, in_stage=rng.uniform(18, 25))
    plan.offers = [(plan.stages[-1][0] + 7.0, 0.0), (plan.stages[-1][0] - 3.0, 6.0)]
    note = "\n".join(phrases.PRICE_OPEN)
    plan.talks.append(Talk(rng.uniform(5, 9), "call", (1,), note=note))
    plan.rivals = ("Parcelwise",)
    return plan


def price_resolved(rng: random.Random, story: str) -> Plan:
    """Tell: price was a worry, and has been settled."""
    plan = price(rng, story)
    plan.talks[-1].note = phrases.PRICE_RESOLVED[0]
    return plan


def nobody_named(rng: random.Random, story: str) -> Plan:
    """Tell: activity is logged, but on no person, and there are no contact roles."""
    plan = _evaluating(rng, story)
    for member in plan.members:
        member.role = member.titled = False
    for talk in plan.talks:
        talk.who = ()
    plan.talks = [talk for talk in plan.talks if talk.kind in ("meeting", "call", "voicemail")]
    plan.offers = []  # after meetings nobody can vouch for, any quote would look premature
    return plan


def nothing_logged(rng: random.Random, story: str) -> Plan:
    """Tell: contact roles are kept, activity is not."""
    plan = _evaluating(rng, story)
    plan.talks, plan.offers = [], []
    return plan


def bare(rng: random.Random, story: str) -> Plan:
    """Tell: somebody made it and never came back: no people, activity, amount or next step."""
    plan = _evaluating(rng, story, stage=rng.choice(STAGES[:4]))
    plan.talks, plan.offers, plan.steps, plan.members = [], [], [], []
    plan.value, plan.employees = None, None
    return plan


def by_hand(rng: random.Random, story: str) -> Plan:
    """Tell: mail is logged as bare tasks, so nobody can tell who wrote to whom."""
    plan = _evaluating(rng, story)
    present = [(place, plan.age) for place in range(len(plan.members))]
    plan.talks = contacts(rng, present, plan.age, 4.0, ("meeting", "mail_out", "mail_in", "call"))
    for talk in plan.talks:
        talk.by_hand = talk.kind.startswith("mail")
    return plan


TELLERS: dict[str, tuple[Teller, float]] = {
    "healthy": (healthy, 0.0),
    "conc-postponed": (postponed, 0.033),
    "buy-phase-regressed": (regressed, 0.025),
    "nego-early-concession": (early_concession, 0.025),
    "nego-growing-concessions": (growing_concessions, 0.025),
    "conc-gone-dark": (gone_dark, 0.033),
    "entry-single-threaded": (single_threaded, 0.033),
    "buy-proposal-before-needs": (too_early, 0.025),
    "buy-no-advance": (no_advance, 0.025),
    "entry-stuck-at-receptivity": (stuck, 0.025),
    "entry-no-path-to-power": (no_power, 0.033),
    "conc-price-when-competitive": (price, 0.017),
    "postponed-explained": (explained, 0.017),
    "price-resolved": (price_resolved, 0.017),
    "nobody-named": (nobody_named, 0.033),
    "nothing-logged": (nothing_logged, 0.025),
    "bare": (bare, 0.033),
    "mail-by-hand": (by_hand, 0.017),
}
"""Story -> how it is told, and its share of the open opportunities; healthy ones are the rest."""


def open_stories(rng: random.Random, count: int) -> list[str]:
    """Return a story for each of ``count`` open opportunities, in mixed order.

    From 34 on every story comes at least once; below, a random part of them does.
    """
    names = [name for name in TELLERS if name != "healthy"]
    if count < 2 * len(names):
        chosen = rng.sample(names, count // 2)
    else:
        chosen = [name for name in names for _ in range(max(1, round(TELLERS[name][1] * count)))]
    chosen += ["healthy"] * (count - len(chosen))
    rng.shuffle(chosen)
    return chosen
