"""Pairs of needs: what is wrong, what they want, what it is worth, how large it is."""

from __future__ import annotations

from pairs.kit import COMPARING, IDA, TOM, Pair, Told, pair

WANT = "#need! wants carrier labels printed from the order @I. Brandt"


@pair("needs-implied-only")
def a_problem_and_no_want() -> Pair:
    """They told us what is wrong and not that they want it gone; in the near miss they did."""
    told = Told(50).knows(IDA, TOM).stage(20, COMPARING)
    return Pair(
        fires=told.meeting(30, "Site visit", IDA, note="#need: pallets go missing @I. Brandt"),
        misses=told.meeting(30, "Site visit", IDA, note="#need! pallets go missing @I. Brandt"),
    )


@pair("needs-no-payoff-voiced")
def worth_nobody_has_named() -> Pair:
    """A want, and nobody said what it is worth; in the near miss she said it."""
    told = Told(60).knows(IDA, TOM).stage(25, COMPARING).meeting(40, "Site visit", IDA, note=WANT)
    return Pair(
        fires=told,
        misses=told.noted(10, '#payoff: "we could open on Saturdays" @I. Brandt'),
    )


@pair("needs-none-recorded")
def two_meetings_and_no_problem() -> Pair:
    """Two meetings and no problem on record; in the near miss the second one found one."""
    told = Told(40).knows(IDA).meeting(30, "First meeting", IDA)
    return Pair(
        fires=told.meeting(12, "Site visit", IDA),
        misses=told.meeting(12, "Site visit", IDA, note="#need: pallets go missing @I. Brandt"),
    )


@pair("needs-not-channelled")
def a_want_nobody_judges_by() -> Pair:
    """A want and a criterion that has nothing to do with it; in the near miss it comes from it."""
    told = Told(60).knows(IDA, TOM).stage(25, COMPARING).meeting(40, "Site visit", IDA, note=WANT)
    said = "#criterion: labels in one step | important | us=4 | source=customer"
    return Pair(
        fires=told.meeting(8, "Working session", IDA, note=said),
        misses=told.meeting(8, "Working session", IDA, note=f"{said} | need=carrier labels"),
    )


@pair("needs-not-sized")
def a_quote_for_a_problem_of_no_size() -> Pair:
    """A quote is being written and the want has no size; in the near miss there is no quote."""
    told = Told(40).knows(IDA).meeting(30, "Site visit", IDA, note=WANT)
    return Pair(fires=told.quote(3, draft=True), misses=told)


@pair("needs-implied-only", "a problem of last month")
def a_problem_left_to_itself() -> Pair:
    """Before they compare, a problem is six weeks old; in the near miss two."""
    told = Told(70).knows(IDA, TOM)
    said = "#need: pallets go missing @I. Brandt"
    return Pair(fires=told.noted(43, said), misses=told.noted(14, said))


@pair("needs-not-sized", "two weeks of comparing")
def compared_without_a_size() -> Pair:
    """They compare for a month and the want has no size; in the near miss it has one."""
    told = Told(60).knows(IDA, TOM).stage(30, COMPARING)
    return Pair(
        fires=told.meeting(40, "Site visit", IDA, note=WANT),
        misses=told.meeting(40, "Site visit", IDA, note=f"{WANT} impact=12k/quarter"),
    )
