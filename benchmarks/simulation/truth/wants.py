"""What is so about needs, criteria and rivals."""

# ruff: noqa: D401 - a docstring here says what is so, not what to do
from __future__ import annotations

from simulation.lives import Criterion, Life
from simulation.truth._registry import truth


def _evaluating(life: Life) -> float:
    since = life.since("evaluation")
    return -since if since is not None else -1.0


def _known(life: Life) -> list[Criterion]:
    return [one for one in life.criteria if one.told is not None]


def _wanted(life: Life) -> bool:
    return any(one.wanted is not None for one in life.needs)


@truth("needs-none-recorded", "recognition")
def _(life: Life) -> bool:
    """We have met twice, and nobody told us a problem."""
    return len(life.held("meeting")) >= 2 and not life.needs


@truth("needs-implied-only", "recognition", "evaluation")
def _(life: Life) -> bool:
    """Problems were told, for a month or into the comparison, and nobody wants them solved."""
    old = any(one.said <= -30 for one in life.needs)
    return bool(life.needs) and not _wanted(life) and (old or life.phase == "evaluation")


@truth("needs-not-sized", "recognition", "evaluation")
def _(life: Life) -> bool:
    """An offer is near or they have compared for two weeks, and no problem has a size."""
    draft = any(one.sent is None for one in life.offers)
    sized = any(one.sized is not None for one in life.needs)
    return not sized and (draft or _evaluating(life) >= 14)


@truth("needs-no-payoff-voiced", "evaluation")
def _(life: Life) -> bool:
    """They want it solved, have compared for two weeks, and nobody said what it is worth."""
    worth = any(one.worth is not None for one in life.needs)
    return _wanted(life) and not worth and _evaluating(life) >= 14


@truth("needs-not-channelled", "recognition", "evaluation")
def _(life: Life) -> bool:
    """They want it solved, and no known criterion on which we are strong comes from a need."""
    won = any(one.from_need and (one.ours >= 4 or one.plan is not None) for one in _known(life))
    return _wanted(life) and not won and _evaluating(life) >= 14


@truth("crit-unknown", "evaluation")
def _(life: Life) -> bool:
    """They have compared for ten days, and we have no idea by what: neither told nor guessed."""
    idea = any(one.guessed is not None for one in life.criteria)
    return _evaluating(life) >= 10 and not _known(life) and not idea


@truth("crit-assumed", "evaluation")
def _(life: Life) -> bool:
    """We work by a list of our own, and the customer told us none of it."""
    return not _known(life) and any(one.guessed is not None for one in life.criteria)


@truth("crit-unweighted", "evaluation")
def _(life: Life) -> bool:
    """For ten days we have known several of their criteria, and not which counts most."""
    known = sorted(one.told or 0.0 for one in _known(life))
    ranks = {one.weight for one in _known(life) if one.ranked is not None}
    unranked = not ranks or ranks == {"crucial"}
    return len(known) >= 2 and known[1] <= -10 and unranked


@truth("crit-weak-crucial-no-plan", "evaluation", "concerns")
def _(life: Life) -> bool:
    """For a week we could see that we are weak on what decides, and nobody has a plan."""
    return any(
        one.weight == "crucial" and one.ours <= 2 and one.plan is None
        for one in _known(life)
        if one.ranked is not None and one.rated is not None and max(one.ranked, one.rated) <= -7
    )


@truth("crit-strength-unproven", "evaluation")
def _(life: Life) -> bool:
    """We are strong on what decides, and have shown them no proof of it for a month."""
    return any(
        one.weight == "crucial" and one.ours >= 4 and (one.shown is None or one.shown <= -30)
        for one in _known(life)
        if (one.told or 0.0) <= -30
    )


@truth("crit-incidental-upside", "evaluation")
def _(life: Life) -> bool:
    """We beat the rival on something they count for little, and do nothing about it."""
    return any(
        one.weight == "incidental" and one.ours >= 4 and one.theirs <= 3 and one.plan is None
        for one in _known(life)
    )


@truth("crit-changed-late", "evaluation", "concerns")
def _(life: Life) -> bool:
    """After our offer they added or raised a criterion, and we do not know where it came from."""
    had = life.first_offer()
    if had is None:
        return False
    late = [one for one in life.criteria if max(one.adopted, one.raised or -9999.0) > had]
    return any(one.why is None or one.why < max(one.adopted, one.raised or -9999.0) for one in late)


@truth("crit-inherited-rfp", "evaluation")
def _(life: Life) -> bool:
    """Their list was written before we came, and we have not met them about it."""
    return life.list_before_us and not life.held("meeting")


@truth("comp-unknown-in-evaluation", "evaluation")
def _(life: Life) -> bool:
    """They have compared for two weeks, and we know of nobody they compare us with."""
    known = any(learnt is not None for _, _, learnt in life.rivals)
    return _evaluating(life) >= 14 and not known and life.kind != "Renewal"


@truth("comp-vulnerable-no-plan", "evaluation", "concerns")
def _(life: Life) -> bool:
    """A rival is ahead on what decides, and for a week nobody has had a plan for it."""
    return bool(life.rivals) and any(
        one.weight == "crucial" and one.theirs > one.ours and one.plan is None and one.adopted <= -7
        for one in life.criteria
    )


@truth("comp-soft-not-hardened", "evaluation")
def _(life: Life) -> bool:
    """For two weeks a strength of ours that they know of has been a matter of opinion."""
    return any(
        one.soft and one.ours >= 4 and one.countable is None and (one.told or 0.0) <= -14
        for one in _known(life)
    )


@truth("comp-no-micro-differentiator", "evaluation", "concerns")
def _(life: Life) -> bool:
    """Three weeks into comparing, or later, nobody there has said why they would choose us."""
    late = _evaluating(life) >= 21 or life.phase == "concerns"
    return late and not life.reasons_for_us


@truth("comp-late-entrant", "evaluation", "concerns")
def _(life: Life) -> bool:
    """In the last month, after our offer, they began to look at somebody else."""
    had = life.first_offer()
    return had is not None and any(came > max(had, -30) for _, came, _ in life.rivals)
