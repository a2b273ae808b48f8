"""The buyer's side of a life: how far they are, who they are, what they want, weigh and fear.

Know before changing: one seeded source of chance per opportunity, so a smaller run is the beginning
of a larger one. The shares are our guesses about major sales, set once; no rule was looked at to
choose them, and none may be tuned to them.
"""

from __future__ import annotations

import math
from random import Random

from simulation.lives import PHASES, Criterion, Life, Need, Rep, Someone, Worry

FIRST = ("Ana", "Ben", "Chris", "Dora", "Emil", "Freya", "Goran", "Hana", "Ivo", "Jana", "Karim")
LAST = ("Ortiz", "Weber", "Novak", "Lind", "Okoye", "Rossi", "Meier", "Tan", "Silva", "Kaya")
SENIOR = ("Chief Operating Officer", "VP Operations", "Director of Logistics", "Managing Director")
JUNIOR = ("Process Engineer", "Purchasing Manager", "Team Lead Picking", "Analyst", "Planner")
NAMES = ("price", "service quality", "go-live date", "integration", "throughput", "ease of use")
SOFT = ("service quality", "ease of use")
TOPICS = ("migration", "acceptance by staff", "dependence", "loss of face", "cash flow", "safety")
MASKS = ("price", "delay", "silence", "avoidance", "withholding")
PROBLEMS = ("orders leave late", "stock is counted twice", "returns pile up", "pickers walk far")


def day(chance: Random, low: float, high: float) -> float:
    """Return a moment between two, in working hours of a Monday to Friday (``NOW`` is a Monday)."""
    at = chance.uniform(low, high) if high > low else low
    whole = math.floor(at)
    if whole % 7 >= 5:  # 0 is Monday
        whole -= whole % 7 - 4
    snapped = whole + chance.uniform(0.0, 0.3)
    return snapped if snapped < 0 or at > 0 else -0.05


def begin(key: str, rep: Rep, chance: Random) -> Life:
    """Return a life with the buyer's own part."""
    phases, closed, won = _path(chance)
    life = Life(
        key=key,
        rep=rep,
        created=phases[0][1],
        amount=round(
            40_000 * (1.6 if won is None else 1) * math.exp(chance.gauss(0, 0.8)), -2
        ),  # large ones stay open longer
        phases=phases,
        closed=closed,
        won=won,
        kind=chance.choices(("New Business", "Existing Business", "Renewal"), (75, 15, 10))[0],
        source=chance.choices(("Partner", "Web", "Tender", "Demo request"), (50, 32, 10, 8))[0],
    )
    _people(life, chance)
    _needs(life, chance)
    if life.since("evaluation") is not None:
        _criteria(life, chance)
        _rivals(life, chance)
        _worries(life, chance)
    life.list_before_us = life.source == "Tender" or chance.random() < 0.06
    return life


def _path(chance: Random) -> tuple[list[tuple[str, float]], float | None, bool | None]:
    """Return the buyer's way through the phases, and how it ended."""
    won = chance.choices((None, True, False), (70, 22, 8))[0]
    reached = 2 if won else chance.choices((0, 1, 2), (33, 40, 27))[0]
    end = 0.0 if won is None else -chance.uniform(1, 100 if chance.random() < 0.5 else 400)
    stay = [chance.uniform(*span) for span in ((8, 80), (4, 90), (3, 60))]
    starts = [end - sum(stay[place : reached + 1]) for place in range(reached + 1)]
    phases = [(PHASES[place], start) for place, start in enumerate(starts)]
    if won is None and reached and chance.random() < 0.14:  # something was reopened
        back = -min(chance.uniform(1, 40), (end - starts[-1]) * 0.8)
        phases.append((PHASES[reached - 1], back))
    if won:
        phases.append(("implementation", end))
        if end < -90:
            phases.append(("development", end + 90))
    return phases, (None if won is None else end), won


def _people(life: Life, chance: Random) -> None:
    """Choose who they are; not everybody senior decides, and not every decider is senior."""
    end = life.closed if life.closed is not None else 0.0
    count = chance.choices((1, 2, 3, 4, 5, 6), (12, 22, 26, 20, 12, 8))[0]
    for place in range(count):
        senior = chance.random() < 0.3
        first, last = chance.choice(FIRST), chance.choice(LAST)
        someone = Someone(
            key=f"{life.key}-p{place}",
            name=f"{first} {last} {chr(65 + place)}",
            title=chance.choice(SENIOR if senior else JUNIOR),
            senior=senior,
            decides=chance.random() < (0.75 if senior else 0.12),
            suffers=chance.random() < 0.4,
            joined=life.created if place == 0 else day(chance, life.created, end),
        )
        if chance.random() < 0.3:
            someone.supports = day(chance, someone.joined, end)
        if chance.random() < 0.08:
            someone.left = day(chance, max(someone.joined + 1, end - 90), end)
        life.people.append(someone)


def _needs(life: Life, chance: Random) -> None:
    """Let them tell us problems, and grow some into wants with a size and a worth."""
    end = life.closed if life.closed is not None else 0.0
    for _ in range(chance.choices((0, 1, 2, 3), (25, 35, 25, 15))[0]):
        speaker = chance.choice(life.people)
        said = day(chance, speaker.joined, end)
        need = Need(chance.choice(PROBLEMS), speaker.key, said)
        if chance.random() < 0.5:
            need.wanted = day(chance, said, end)
            if chance.random() < 0.5:
                need.worth = day(chance, need.wanted, end)
        if chance.random() < 0.45:
            need.sized = day(chance, said, end)
        life.needs.append(need)


def _criteria(life: Life, chance: Random) -> None:
    """Give the buyer a list, and say what of it was told to us."""
    start, end = life.since("evaluation") or 0.0, life.closed if life.closed is not None else 0.0
    asks = chance.random() < 0.6  # we ask how they will choose
    guesses = not asks and chance.random() < 0.5
    ranks = chance.random() < 0.55
    for name in chance.sample(NAMES, chance.randint(2, 5)):
        late = chance.random() < 0.12
        adopted = day(chance, (start + end) / 2, end) if late else start
        one = Criterion(
            name=name,
            adopted=adopted,
            weight=chance.choices(("crucial", "important", "incidental"), (35, 40, 25))[0],
            ours=chance.randint(1, 5),
            theirs=chance.randint(1, 5),
            soft=name in SOFT,
            from_need=bool(life.needs) and chance.random() < 0.35,
        )
        if asks and chance.random() < 0.8:
            one.told = day(chance, adopted, end)
            _known(one, chance, end, ranks=ranks)
        elif guesses:
            one.guessed = day(chance, adopted, end)
        life.criteria.append(one)


def _known(one: Criterion, chance: Random, end: float, *, ranks: bool) -> None:
    told = one.told if one.told is not None else end
    if ranks:
        one.ranked = day(chance, told, end)
    if chance.random() < 0.6:
        one.rated = day(chance, told, end)
    if one.rated is not None and chance.random() < 0.4:
        one.plan = day(chance, one.rated, end)
    if chance.random() < 0.4:
        one.shown = day(chance, told, end)
    if chance.random() < 0.4:
        one.countable = day(chance, told, end)
    if one.ranked is not None and one.weight == "crucial" and chance.random() < 0.15:
        one.raised = day(chance, one.ranked, end)
    if chance.random() < 0.4:
        late = one.raised if one.raised is not None else told
        one.why = day(chance, late, end)


def _rivals(life: Life, chance: Random) -> None:
    start, end = life.since("evaluation") or 0.0, life.closed if life.closed is not None else 0.0
    for name in chance.sample(
        ("Acme", "Borealis", "Cobalt"), chance.choices((0, 1, 2), (15, 55, 30))[0]
    ):
        came = day(chance, (start + end) / 2, end) if chance.random() < 0.2 else start
        learnt = day(chance, came, min(end, came + 40)) if chance.random() < 0.65 else None
        life.rivals.append((name, came, learnt))


def _worries(life: Life, chance: Random) -> None:
    """Let fear grow towards the decision; more of it is masked than said."""
    start, end = life.since("evaluation") or 0.0, life.closed if life.closed is not None else 0.0
    late = life.since("concerns")
    for topic in chance.sample(TOPICS, chance.choices((0, 1, 2), (40, 38, 22))[0]):
        low = late if late is not None and chance.random() < 0.7 else (start + end) / 2
        worry = Worry(topic, day(chance, min(low, end), end))
        if chance.random() < 0.45:
            worry.voiced = day(chance, worry.arose, end)
            worry.blocks = chance.random() < 0.35
            if chance.random() < 0.4:
                worry.in_hand = day(chance, worry.voiced, end)
            if chance.random() < 0.45:
                worry.settled = day(chance, worry.voiced, end)
                if chance.random() < 0.3:
                    worry.back = day(chance, worry.settled, end)
        else:
            worry.mask = chance.choice(MASKS)
            if life.won or chance.random() < 0.15:
                worry.settled = day(chance, worry.arose, end)
        life.worries.append(worry)
