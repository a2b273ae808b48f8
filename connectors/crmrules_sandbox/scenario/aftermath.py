"""How opportunities end, and what happens at the customer afterwards.

Know before changing: won lives are ordinary ones, because every organisation-wide threshold is
learnt from them. After a sale every customer is looked after (in the first month every few days,
later at least once a quarter), except in the two stories that are named like a rule.

Does not do: open opportunities (``stories``) or moments and names (``resolve``).
"""

from __future__ import annotations

import random
from dataclasses import replace

from crmrules_sandbox.scenario import phrases
from crmrules_sandbox.scenario.outline import (
    LOST,
    NEGOTIATION,
    STAGES,
    WON,
    Member,
    Plan,
    Talk,
    earlier,
    log_uniform,
    ordinary,
)

WON_SHARES = {
    "post-quiet-first-30": 0.067,
    "well-started": 0.067,
    "implementing": 0.10,
    "post-account-decay": 0.10,
    "developing": 0.20,
    "won-unlogged": 0.10,
}
"""Story -> share of the won opportunities; ``customer`` (nothing special) is the rest."""


def won_stories(rng: random.Random, count: int) -> list[str]:
    """Return a story for each of ``count`` won opportunities, in mixed order."""
    chosen = [
        name
        for name, share in WON_SHARES.items()
        for _ in range(max(1, round(share * count)) if count >= 12 else 0)
    ]
    chosen += ["customer"] * (count - len(chosen))
    rng.shuffle(chosen)
    return chosen


def _sold(rng: random.Random, story: str, ended: float, value: float) -> Plan:
    """Return an ordinary life that ended with a signature so many days ago."""
    levels = rng.choice((("power", "senior", "middle"), ("senior", "power", "middle", "junior")))
    plan = ordinary(
        rng,
        phrases.NEXT_STEPS,
        story=story,
        stage=NEGOTIATION,
        age=rng.uniform(80, 150),
        in_stage=rng.uniform(8, 20),
        value=value,
        levels=levels,
    )
    plan.talks = [talk for talk in plan.talks if talk.ago > 0]
    plan.close = -rng.uniform(-1, 14)
    if rng.random() < 0.3:
        plan.pushes = [(rng.uniform(20, 40), plan.close - rng.uniform(4, 20))]
    meetings = [talk for talk in plan.talks if talk.kind == "meeting"]
    if meetings and rng.random() < 0.6:
        rng.choice(meetings).note = rng.choice(phrases.NEEDS)
    plan = earlier(plan, ended)
    plan.ended, plan.won = ended, True
    plan.stages.append((ended, WON))
    return plan


def _visits(rng: random.Random, start: float, stop: float, low: float, high: float) -> list[Talk]:
    """Return held meetings, calls and mails at the account from one moment to another."""
    talks, ago, turn = [], start, rng.randrange(3)
    while ago >= stop:
        kind = ("meeting", "call", "mail_in")[turn % 3]
        talks.append(Talk(ago, kind, (turn % 3,), on_account=turn % 2 == 0 or kind == "meeting"))
        ago -= rng.uniform(low, high)
        turn += 1
    return talks


def _reviews(rng: random.Random, start: float, stop: float) -> list[Talk]:
    """Return quarterly development meetings at the account."""
    talks, ago = [], start
    while ago >= stop:
        note = rng.choice(phrases.SUCCESSES) if rng.random() < 0.3 else None
        talks.append(Talk(ago, "review", (rng.randrange(2),), note=note, on_account=True))
        ago -= rng.uniform(50, 70)
    return talks


def won(rng: random.Random, story: str, value: float) -> Plan:
    """Return a won life with what followed; ``value`` is the list total of what was sold."""
    if story in ("post-quiet-first-30", "well-started"):
        plan = _sold(rng, story, rng.uniform(15, 25), value)
        ended = plan.ended or 0.0
        if story == "well-started":
            plan.talks += _visits(rng, ended - 1.5, 1.5, 2.2, 3.2)
        else:
            plan.talks.append(Talk(ended - 2.0, "mail_thanks", (0,)))
    elif story == "implementing":
        plan = _sold(rng, story, rng.uniform(34, 84), value)
        plan.talks += _visits(rng, (plan.ended or 0) - 1.5, 1.5, 3.0, 6.0)
    elif story == "post-account-decay":
        plan = _sold(rng, story, rng.uniform(215, 340), value)
        ended = plan.ended or 0.0
        plan.talks += _visits(rng, ended - 1.5, ended - 45, 4.0, 8.0)
        plan.talks += _reviews(rng, ended - 60, 118)
    else:
        plan = _sold(rng, story, rng.uniform(95, 715), value)
        ended = plan.ended or 0.0
        plan.talks += _visits(rng, ended - 1.5, ended - 60, 4.0, 8.0)
        last = rng.uniform(8, 30)
        plan.talks += _reviews(rng, ended - 70, last + 40)
        plan.talks.append(Talk(last, "review", (0,), on_account=True))
    if story == "developing":
        plan.members.append(Member("senior", rng.uniform(9, 50), role=False))
        place = len(plan.members) - 1
        met = Talk(plan.members[place].joined - 4.0, "review", (place,), on_account=True)
        plan.talks.append(met)
    if story == "won-unlogged":
        plan.talks, plan.offers = [], []
        plan.members = [replace(member, role=False) for member in plan.members[:1]]
    return plan


def lost(rng: random.Random, story: str) -> Plan:
    """Return a life that ended without a sale in the last two years."""
    stage = rng.choice(STAGES[1:])
    age = rng.uniform(80, 170)
    levels = rng.choice((("power", "middle"), ("middle", "junior"), ("senior", "middle", "junior")))
    plan = ordinary(
        rng,
        phrases.NEXT_STEPS,
        story=story,
        stage=stage,
        age=age,
        in_stage=rng.uniform(10, 24),
        value=log_uniform(rng, 14_000, 300_000),
        levels=levels,
    )
    silent = rng.choice((0.0, 12.0, 25.0))
    plan.talks = [talk for talk in plan.talks if talk.ago > silent]
    plan.close = -rng.uniform(5, 40)
    ended = rng.uniform(6, 700)
    plan = earlier(plan, ended)
    plan.ended = ended
    plan.stages.append((ended, LOST))
    return plan
