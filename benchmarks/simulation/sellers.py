"""The selling side of a life: talks, offers, what we gave, and how the buyer's fear shows.

Know before changing: what happens follows from the buyer and from the rep's ways, not from any
rule. A fear that is not said shows as its mask; the same traces also come without any fear (a real
budget, a holiday, a real reason for delay), which is what makes it hard to tell.
"""

from __future__ import annotations

from random import Random

from simulation.buyers import day
from simulation.lives import PHASES, Give, Life, Need, Offer, Push, Rep, Talk, Worry

KINDS = (
    "meetings",
    "calls",
    "mail",
    "people",
    "roles",
    "titles",
    "tags",
    "steps",
    "quotes",
    "dates",
)
"""What a rep may be careful about or not."""


def team(chance: Random, size: int = 24) -> list[Rep]:
    """Return the sellers: each careful about some things and careless about others."""
    return [
        Rep(
            name=f"Seller {number}",
            lax={kind: chance.choice((0.4, 0.7, 1.0, 1.4, 2.0)) for kind in KINDS},
            hasty=chance.choice((0.0, 0.1, 0.3, 0.6)),
            rosy=chance.choice((0.0, 0.1, 0.3)),
            pushy=chance.choice((0.05, 0.2, 0.4)),
        )
        for number in range(size)
    ]


def sell(life: Life, chance: Random) -> None:
    """Add our part to a life that has its buyer."""
    end = life.closed if life.closed is not None else 0.0
    _quiet(life, chance, end)
    _offers(life, chance, end)
    _talks(life, chance, end)
    _delays(life, chance, end)
    _masks(life, chance, end)
    life.talks.sort(key=lambda one: one.at)
    _terms(life, chance, end)
    _stages(life, chance, end)
    life.commit = life.open and life.phase == "concerns" and chance.random() < 0.35
    life.planned_close = max(1.0, chance.uniform(2, 90))
    if life.since("concerns") is not None and chance.random() < 0.45:
        life.plans.append((day(chance, life.since("concerns") or end, end), chance.random() < 0.5))
    if life.won:
        _after_sale(life, chance, end)
        life.talks.sort(key=lambda one: one.at)


def _quiet(life: Life, chance: Random, end: float) -> None:
    """Let some buyers stop talking: for a fear that is not said, or because they are busy."""
    hiding = [one for one in life.worries if one.mask == "silence" and one.open_at(end)]
    if not life.open or life.phase not in ("evaluation", "concerns"):
        return
    if hiding:
        life.quiet_from = min(hiding[0].arose, -3.0)
    elif chance.random() < 0.10:
        life.quiet_from = -chance.uniform(8, 35)


def _offers(life: Life, chance: Random, end: float) -> None:
    """Make offers: most of them late, some too early; raise the discount in rounds."""
    evaluation = life.since("evaluation")
    early = chance.random() < life.rep.pushy * 0.6
    if evaluation is None and not early:
        if chance.random() < 0.1:
            life.offers.append(Offer(day(chance, life.created, end), None, life.amount, 0.0))
        return
    start = life.created if early else (evaluation if evaluation is not None else life.created)
    concerns = life.since("concerns")
    limit = concerns if concerns is not None else end
    if not early and concerns is None and chance.random() < 0.35:
        return
    made = day(chance, start + 1, max(start + 1, limit))
    discount = round(chance.uniform(4, 15), 1) if chance.random() < life.rep.pushy else 0.0
    sent = made if chance.random() < 0.9 else None
    life.offers.append(Offer(made, sent, life.amount, discount))
    if discount:
        life.gives.append(Give(made, discount, *_purpose(chance, made)))
    if concerns is None or sent is None:
        return
    step, narrowing = chance.uniform(1.5, 6), chance.random() < 0.6
    for _ in range(chance.choices((0, 1, 2, 3), (40, 25, 22, 13))[0]):
        made = day(chance, max(made + 1, concerns), end)
        if made <= life.offers[-1].made:
            break
        discount = round(discount + step, 1)
        total = round(life.amount * (1 - discount / 100), 2)
        life.offers.append(Offer(made, made, total, discount))
        life.gives.append(Give(made, round(step, 1), *_purpose(chance, made)))
        step *= chance.uniform(0.3, 0.8) if narrowing else chance.uniform(1.0, 1.6)


def _purpose(chance: Random, at: float) -> tuple[float | None, str | None]:
    planned = at - chance.uniform(2, 20) if chance.random() < 0.3 else None
    return planned, ("go-live date" if chance.random() < 0.2 else None)


def _talks(life: Life, chance: Random, end: float) -> None:
    """Let both sides talk, every few days while things go well, and us alone when they do not."""
    pace = chance.uniform(3, 12)
    at = life.created + 0.5
    while at < end:
        moment = day(chance, at, at)
        if life.created < moment < 0:
            quiet = life.quiet_from is not None and moment >= life.quiet_from
            life.talks.append(
                _attempt(life, chance, moment) if quiet else _talk(life, chance, moment)
            )
        at += chance.expovariate(1 / pace) + 0.4
    if life.open and life.quiet_from is None and chance.random() < 0.5:
        ahead = day(chance, 1, 12)
        life.talks.append(
            Talk(ahead, "meeting", _who(life, chance, 0.0), _purpose_of(life, chance, 0))
        )
    life.advances = [one.at for one in life.held("meeting", "call") if chance.random() < 0.2]


def _attempt(life: Life, chance: Random, at: float) -> Talk:
    return Talk(at, chance.choice(("mail_out", "no_answer")), _who(life, chance, at)[:1])


def _talk(life: Life, chance: Random, at: float) -> Talk:
    kind = chance.choices(
        ("meeting", "call", "mail_in", "mail_out", "no_answer"),
        (2 if life.list_before_us else 28, 17, 25, 22, 8),  # a tender is run by mail
    )[0]
    who = _who(life, chance, at)
    purpose = "talk"
    if kind == "meeting":
        purpose = _purpose_of(life, chance, at)
    elif kind == "mail_out":
        purpose = chance.choices(("talk", "papers", "summary"), (60, 25, 15))[0]
    cancelled = (
        chance.choice(("customer", "us")) if kind == "meeting" and chance.random() < 0.08 else None
    )
    return Talk(at, kind, who if kind == "meeting" else who[:1], purpose, cancelled)


def _who(life: Life, chance: Random, at: float) -> tuple[str, ...]:
    """Choose who of those who are there takes part; deciders are harder to get."""
    there = [
        one for one in life.people if one.joined <= at + 1 and (one.left is None or one.left > at)
    ]
    there = [one for one in there if not one.decides or chance.random() < 0.35] or there[:1]
    if not there:
        there = life.people[:1]
    chance.shuffle(there)
    return tuple(one.key for one in there[: chance.choices((1, 2, 3), (60, 30, 10))[0]])


def _purpose_of(life: Life, chance: Random, at: float) -> str:
    """Return what a meeting is for, by where the buyer is and how the rep works."""
    phase = _phase_at(life, at)
    if phase == "recognition":
        show = 0.1 + life.rep.pushy
        return chance.choices(("demo", "discovery", "talk"), (show, 0.5, 0.3))[0]
    if phase == "evaluation":
        return chance.choices(("demo", "discovery", "talk"), (30, 20, 50))[0]
    if phase == "concerns":
        return chance.choices(("terms", "demo", "plan", "talk"), (40, 25, 15, 20))[0]
    return chance.choices(("plan", "discovery", "talk"), (20, 15, 65))[0]


def _phase_at(life: Life, at: float) -> str:
    before = [name for name, since in life.phases if since <= at]
    return before[-1] if before else PHASES[0]


def _delays(life: Life, chance: Random, end: float) -> None:
    """Let the date slip: to put off a fear, or for a reason that is real."""
    for worry in life.worries:
        if worry.mask == "delay":
            for _ in range(chance.randint(1, 3)):
                at = day(chance, worry.arose, end)
                life.pushes.append(Push(at, chance.randint(7, 45), real=False))
    if chance.random() < 0.3:
        at = day(chance, max(life.created, end - 100), end)
        why = at + chance.uniform(0, 2) if chance.random() < 0.5 else None
        life.pushes.append(Push(at, chance.randint(7, 45), real=True, why=why))
    life.pushes.sort(key=lambda one: one.at)


def _masks(life: Life, chance: Random, end: float) -> None:
    """Let fear speak as price, as meetings that fall through, as papers that do not come."""
    for worry in life.worries:
        if worry.mask == "price":
            life.objections.append((day(chance, worry.arose, end), False))
        elif worry.mask == "avoidance":
            _avoid(life, chance, worry, end)
        elif worry.mask == "withholding":
            for _ in range(chance.randint(2, 3)):
                asked = day(chance, worry.arose, end)
                life.owed.append((asked, asked + 5, False))
    if life.since("evaluation") is not None:
        if chance.random() < 0.15:  # they mean the price
            life.objections.append((day(chance, life.since("evaluation") or end, end), True))
        if chance.random() < 0.3:
            asked = day(chance, life.since("evaluation") or end, end)
            life.owed.append((asked, asked + 7, chance.random() < 0.8))
    life.objections.sort()


def _avoid(life: Life, chance: Random, worry: Worry, end: float) -> None:
    for _ in range(chance.randint(2, 3)):
        at = day(chance, max(worry.arose, end - 28), end)
        life.talks.append(Talk(at, "meeting", _who(life, chance, at), "talk", "customer"))


def _terms(life: Life, chance: Random, end: float) -> None:
    """Add terms other than price, our limits, and the reasons they would choose us for."""
    concerns, evaluation = life.since("concerns"), life.since("evaluation")
    if evaluation is not None and chance.random() < 0.45:
        life.reasons_for_us.append((day(chance, evaluation, end), chance.choice(life.people).key))
    if concerns is None:
        return
    if chance.random() < 0.4:
        life.limits.append(day(chance, concerns, min(end, concerns + 15)))
    if chance.random() < 0.3:
        life.gives.append(Give(day(chance, concerns, end), 0.0, None, "training"))


def _stages(life: Life, chance: Random, end: float) -> None:
    """Set the stage as this rep does: a little late, or ahead of the buyer."""
    for name, at in life.phases:
        if PHASES.index(name) > 2:
            break
        late = at if at == life.created else min(at + chance.uniform(0, 4), end)
        life.stages.append((name, late))
    place = PHASES.index(life.stages[-1][0])
    if life.open and place < 2 and chance.random() < life.rep.hasty:
        start = life.stages[-1][1]
        life.stages.append((PHASES[place + 1], start + (end - start) * chance.uniform(0.2, 0.9)))


def _after_sale(life: Life, chance: Random, end: float) -> None:
    """Live on with them: talks thin out in some, results are asked for in some."""
    pace, thins = chance.uniform(4, 16), chance.random() < 0.4
    at = end + 1.0
    while at < 0:
        moment = day(chance, at, at)
        if end < moment < 0:
            life.talks.append(_talk(life, chance, moment))
        if thins and at > end + 20:
            pace *= 1.25
        at += chance.expovariate(1 / pace) + 0.4
    if end < -60 and chance.random() < 0.55:
        life.results.append(day(chance, end + 60, 0))
        if chance.random() < 0.4:
            life.asked_reference.append(day(chance, life.results[0], 0))
    if end < -60 and chance.random() < 0.4:
        speaker = chance.choice(life.people)
        life.needs.append(Need("a new line starts", speaker.key, day(chance, end + 60, 0)))
    if chance.random() < 0.4:
        life.contract_end = chance.uniform(20, 500)
    if end < -120 and chance.random() < 0.5:
        begun = day(chance, end + 60, 0)
        life.siblings.append((begun, day(chance, begun, 0) if chance.random() < 0.5 else None))
