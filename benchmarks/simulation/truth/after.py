"""What is so after the sale."""

# ruff: noqa: D401 - a docstring here says what is so, not what to do
from __future__ import annotations

from simulation.lives import MIDDLE, Life
from simulation.truth._registry import TRUTHS, Truth, truth


def _sold(life: Life) -> float:
    return -(life.closed or 0.0)


@truth("post-quiet-first-30", "implementation", won=True)
def _(life: Life) -> bool:
    """In the first month the talks stopped: one at most in ten days, or none since the sale."""
    talks = len(life.held(after=max(life.closed or 0.0, -10.0)))
    none = not life.held(after=life.closed or 0.0)
    return _sold(life) <= 30 and ((_sold(life) >= 10 and talks < 2) or (_sold(life) >= 7 and none))


@truth("post-motivation-dip", "implementation", won=True)
def _(life: Life) -> bool:
    """After the first three weeks they talk with us half as much, or not at all for three weeks."""
    if not 21 <= _sold(life) <= 90:
        return False
    start = life.closed or 0.0
    before, lately = life.held(after=start, until=start + 21), life.held(after=-21.0)
    return not lately or len(lately) <= len(before) / 2


@truth("post-success-undocumented", "development", won=True)
def _(life: Life) -> bool:
    """They have had it for three months, and we know of no result."""
    return _sold(life) >= 90 and not life.results


@truth("post-no-reference-ask", "implementation", "development", won=True)
def _(life: Life) -> bool:
    """We have known a result for two months, and asked nobody for a lead or a reference."""
    return any(at <= -60 for at in life.results) and not life.asked_reference


@truth("post-account-decay", "development", large=False, won=True)
def _(life: Life) -> bool:
    """A good customer: nobody met, nobody new for 90 days, nothing begun for half a year."""
    met = life.held("meeting", after=-90.0)
    new = any(one.joined > -90 for one in life.people)
    begun = any(at > -180 or closed is None for at, closed in life.siblings)
    return life.amount >= MIDDLE and not met and not new and not begun and life.created <= -180


@truth("post-needs-review-due", "development", won=True)
def _(life: Life) -> bool:
    """For half a year (four months where a contract ends) nobody asked what they need now."""
    soon = life.contract_end is not None and life.contract_end <= 270
    limit = -120 if soon else -180
    heard = [one.said for one in life.needs] + [one.told for one in life.criteria if one.told]
    return not any(at > limit for at in heard) and life.created <= limit


def _renewal(life: Life) -> bool:
    if not life.large or life.kind != "Renewal" or not life.open or life.planned_close > 90:
        return False
    key = {one.key for one in life.people if one.decides or one.supports is not None}
    met = any(set(one.who) & key for one in life.held("meeting", after=-90.0))
    fresh = bool(life.needs or life.results)
    heard = {who for one in life.held(after=-60.0) for who in one.who}
    return not met or not fresh or len(heard) < 2


def _plan(life: Life) -> bool:
    near = life.open and life.phase == "concerns" and life.planned_close <= 21
    fresh = bool(life.won) and _sold(life) <= 14
    return life.large and (near or fresh) and not any(theirs for _, theirs in life.plans)


TRUTHS["post-renewal-complacent"] = Truth(
    "post-renewal-complacent",
    "It is due in 90 days; no decider was met, nothing new is known, or one person alone talks.",
    _renewal,
)
TRUTHS["post-plan-not-customer-led"] = Truth(
    "post-plan-not-customer-led",
    "Close to the sale or just after it, the customer has no plan of their own for using it.",
    _plan,
)
