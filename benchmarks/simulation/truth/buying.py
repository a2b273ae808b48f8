"""What is so about the buying process and about entry."""

# ruff: noqa: D401 - a docstring here says what is so, not what to do
from __future__ import annotations

from simulation.lives import PHASES, Life
from simulation.truth._registry import truth


@truth("buy-demo-before-discovery", "recognition")
def _(life: Life) -> bool:
    """Nobody has voiced a want, and we showed first, unasked, or showed more than we asked."""
    met = life.held("meeting")
    shown = [one for one in met if one.purpose == "demo"]
    asked = [one for one in met if one.purpose == "discovery"]
    if any(need.wanted is not None for need in life.needs) or not shown:
        return False
    invited = life.source == "Demo request"
    first = met[0] is shown[0] and not invited
    return first or len(shown) - invited > len(asked)


@truth("buy-no-advance", "recognition", "evaluation", "concerns")
def _(life: Life) -> bool:
    """Three meetings since the buyer last did or agreed to anything, and none is booked."""
    moved = [life.phases[-1][1], *life.advances, *(one.joined for one in life.people)]
    last = max(at for at in moved if at <= 0)
    booked = any(one.at > 0 for one in life.talks)
    return len(life.held("meeting", after=last)) >= 3 and not booked


@truth("buy-phase-regressed", "recognition", "evaluation", "concerns")
def _(life: Life) -> bool:
    """In the last two weeks the buyer went back to an earlier phase."""
    if len(life.phases) < 2:
        return False
    (before, _), (now, at) = life.phases[-2:]
    return PHASES.index(now) < PHASES.index(before) and at > -14


@truth("buy-presenting-in-concerns", "concerns")
def _(life: Life) -> bool:
    """The buyer has a fear nobody told us, and we showed the product twice in three weeks."""
    hidden = any(one.open_at() and one.voiced is None for one in life.worries)
    shows = [one for one in life.talks if -21 < one.at <= 0 and one.cancelled is None]
    return hidden and sum(one.purpose in ("demo", "papers") for one in shows) >= 2


@truth("buy-proposal-before-needs", "recognition", "evaluation")
def _(life: Life) -> bool:
    """They had our offer after at most one meeting, unasked, and still have voiced no want."""
    had = life.first_offer()
    if had is None or life.source == "Tender":
        return False
    wanted = any(one.wanted is not None for one in life.needs)
    return len(life.held("meeting", until=had)) < 2 and not wanted


@truth("buy-stage-ahead-of-buyer", "recognition", "evaluation", "concerns")
def _(life: Life) -> bool:
    """The stage we set is later than where the buyer is."""
    return PHASES.index(life.stages[-1][0]) > PHASES.index(life.phase)


def _evaluating(life: Life, days: float) -> bool:
    since = life.since("evaluation")
    return since is not None and -since >= days


def _heard(life: Life, after: float = -9999.0) -> set[str]:
    return {key for one in life.held(after=after) for key in one.who}


@truth("entry-no-path-to-power", "evaluation", "concerns")
def _(life: Life) -> bool:
    """They have compared for two weeks, and nobody who can decide has taken part in a talk."""
    return _evaluating(life, 14) and not _heard(life) & life.deciders()


@truth("entry-no-sponsor", "recognition", "evaluation")
def _(life: Life) -> bool:
    """Nobody who is still there speaks for us in rooms we are not in."""
    old = life.phase == "evaluation" or life.created <= -30
    speaks = any(one.supports is not None and one.left is None for one in life.people)
    return old and not speaks


@truth("entry-power-access-wasted", "recognition", "evaluation", "concerns")
def _(life: Life) -> bool:
    """Somebody who can decide met us; no such talk and no move of the buyer in three weeks."""
    theirs = [one for one in life.held() if set(one.who) & life.deciders()]
    if not any(one.kind == "meeting" for one in theirs):
        return False
    last = theirs[-1].at if theirs else 0.0
    return last <= -21 and life.phases[-1][1] <= last


@truth("entry-power-without-preparation", "recognition", "evaluation")
def _(life: Life) -> bool:
    """A meeting with a decider is a week off: no fresh problem, or no talk with their people."""
    ahead = [one for one in life.talks if 0 < one.at <= 7 and set(one.who) & life.deciders()]
    fresh = any(one.said > -90 for one in life.needs)
    talks = life.held("meeting", "call", after=-45)
    below = any(set(one.who) - life.deciders() for one in talks)
    return bool(ahead) and not (fresh and below)


@truth("entry-single-threaded", "recognition", "evaluation", "concerns")
def _(life: Life) -> bool:
    """In two months one person alone has talked with us (two, while they weigh the risk)."""
    few = 2 if life.phase == "concerns" else 1
    return life.created <= -30 and len(_heard(life, -60)) <= few


@truth("entry-sponsor-lost", "recognition", "evaluation", "concerns", "implementation", won=None)
def _(life: Life) -> bool:
    """Somebody who spoke for us or can decide is gone, or talked with us and withdrew."""
    heard = _heard(life)
    key = [one for one in life.people if one.supports is not None or one.decides]
    gone = any(one.left is not None for one in key)
    withdrew = life.quiet_from is not None and life.quiet_from <= -14 and life.worried()
    return gone or (withdrew and any(one.key in heard for one in key))


@truth("entry-sponsor-not-equipped", "evaluation", "concerns")
def _(life: Life) -> bool:
    """One speaks for us, nobody who decides has heard us in two months, and we did not rehearse."""
    ours = {one.key for one in life.people if one.supports is not None and one.left is None}
    alone = [one for one in life.held("meeting", "call", after=-21) if set(one.who) <= ours]
    return bool(ours) and not _heard(life, -60) & life.deciders() and not alone


@truth("entry-stuck-at-receptivity", "recognition")
def _(life: Life) -> bool:
    """Six weeks and five talks with people who neither suffer nor decide, and nobody new."""
    if life.created > -45 or len(life.held()) < 5:
        return False
    useful = [one for one in life.people if one.suffers or one.decides]
    new = any(one.joined > -30 for one in life.people)
    return not new and not any(one.key in _heard(life) for one in useful)
