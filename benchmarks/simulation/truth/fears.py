"""What is so about concerns and about giving way."""

# ruff: noqa: D401 - a docstring here says what is so, not what to do
from __future__ import annotations

from simulation.lives import Life
from simulation.truth._registry import truth

LATE = ("evaluation", "concerns")


def _masked(life: Life, mask: str) -> bool:
    return any(one.mask == mask and one.open_at() for one in life.worries)


@truth("conc-gone-dark", *LATE)
def _(life: Life) -> bool:
    """They have our offer and stopped talking two weeks ago or earlier, because they fear it."""
    quiet = life.quiet_from is not None and life.quiet_from <= -14
    return quiet and life.worried() and life.first_offer() is not None


@truth("conc-postponed", *LATE)
def _(life: Life) -> bool:
    """They put the date off (twice, or by a month) because of a fear they did not voice."""
    moved = [one for one in life.pushes if one.at > -90]
    much = len(moved) >= 2 or sum(one.days for one in moved) >= 30
    return much and _masked(life, "delay")


@truth("conc-price-when-competitive", *LATE)
def _(life: Life) -> bool:
    """They say it is too expensive, and what holds them back is something else."""
    return _masked(life, "price") and any(not meant for _, meant in life.objections)


@truth("conc-meeting-avoidance", *LATE)
def _(life: Life) -> bool:
    """They let two meetings fall through in a month, because of a fear they did not voice."""
    off = [one for one in life.talks if one.cancelled == "customer" and one.at > -30]
    return len(off) >= 2 and life.worried()


@truth("conc-withholding", *LATE)
def _(life: Life) -> bool:
    """Two things they owe us are a week late, because of a fear they did not voice."""
    late = [due for _, due, received in life.owed if not received and due <= -7]
    return len(late) >= 2 and _masked(life, "withholding")


@truth("conc-resurfaced-issue", *LATE)
def _(life: Life) -> bool:
    """A fear that was settled is back."""
    return any(one.back is not None and one.back <= 0 for one in life.worries)


@truth("conc-none-surfaced", "concerns")
def _(life: Life) -> bool:
    """They have weighed the risk for ten days, fear something, and told us nothing of it."""
    since = life.phases[-1][1]
    return since <= -10 and life.worried() and all(one.voiced is None for one in life.worries)


@truth("conc-open-at-commit", *LATE)
def _(life: Life) -> bool:
    """We promise it, or it is due in two weeks, and a fear is open."""
    return (life.commit or life.planned_close <= 14) and life.worried()


@truth("nego-concession-during-concern", *LATE)
def _(life: Life) -> bool:
    """In the last week we gave something we had not planned to give, while they feared."""
    return any(one.at > -7 and one.planned is None and life.worried(one.at) for one in life.gives)


@truth("nego-early-concession", "recognition", "evaluation")
def _(life: Life) -> bool:
    """Our offer gives five points or more, for nothing they decide by, before they decided."""
    made = life.offers[-1].discount if life.offers else 0.0
    return made >= 5 and not any(one.buys for one in life.gives)


@truth("nego-growing-concessions", "concerns")
def _(life: Life) -> bool:
    """The last two steps we gave did not get smaller, and the last was within two weeks."""
    steps = [one for one in life.gives if one.points > 0]
    recent = bool(steps) and steps[-1].at > -14
    return len(steps) >= 2 and steps[-1].points >= steps[-2].points and recent


@truth("nego-no-range", "concerns")
def _(life: Life) -> bool:
    """For a week terms have been talked about, and we never said how far we would go."""
    return (life.since("concerns") or 0.0) <= -8 and not life.limits


@truth("nego-no-summary", "concerns")
def _(life: Life) -> bool:
    """Terms were talked about twice in three weeks, and nobody has since written how they stand."""
    start = max(life.since("concerns") or 0.0, -21.0)
    talks = [one.at for one in life.held("meeting", after=start)]
    talks += [one.sent for one in life.offers[1:] if one.sent is not None and one.sent > start]
    sums = [one.at for one in life.talks if one.purpose == "summary" and one.at <= 0]
    left = sorted(at for at in talks if not any(later >= at for later in sums))
    return len(talks) >= 2 and bool(left) and left[0] <= -4


@truth("nego-price-only", "concerns")
def _(life: Life) -> bool:
    """We gave twice, and all of it was price that serves nothing they decide by."""
    prices = [one for one in life.gives if one.points > 0]
    others = any(not one.points for one in life.gives) or any(one.buys for one in prices)
    return len(prices) >= 2 and not others


@truth("nego-showstopper-open", *LATE)
def _(life: Life) -> bool:
    """For more than a week we have known what blocks it, and nobody has it in hand."""
    return any(
        one.blocks and one.open_at() and one.in_hand is None and (one.voiced or 0.0) <= -8
        for one in life.worries
    )
