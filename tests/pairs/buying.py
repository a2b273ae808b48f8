"""Pairs of the buying process: what we do, against where the buyer is."""

from __future__ import annotations

from pairs.kit import COMPARING, IDA, RUTH, TOM, WEIGHING, Pair, Told, pair


@pair("buy-demo-before-discovery")
def shown_before_asked() -> Pair:
    """The first meeting was a demo; in the near miss it was about how they work."""
    told = Told(30).knows(IDA)
    return Pair(
        fires=told.meeting(20, "Product demo", IDA),
        misses=told.meeting(20, "Discovery of the inbound process", IDA),
    )


@pair("buy-no-advance")
def pleasant_and_nowhere() -> Pair:
    """Three meetings and the same next step for three weeks; the near miss has one booked."""
    told = (
        Told(70)
        .knows(IDA, TOM)
        .stage(40, COMPARING)
        .step(60, "Show them the interface list")
        .step(21, "Keep in touch")
        .meeting(27, "Review of open questions", IDA)
        .meeting(18, "Working session", TOM)
        .meeting(8, "Working session", IDA)
    )
    return Pair(fires=told, misses=told.meeting(-6, "Working session", IDA))


@pair("buy-phase-regressed")
def back_to_comparing() -> Pair:
    """It went back from weighing risks to comparing a week ago; in the near miss it did not."""
    told = Told(80).knows(IDA, RUTH).stage(50, COMPARING).stage(25, WEIGHING)
    told = told.meeting(20, "Review of terms", RUTH)
    return Pair(fires=told.stage(7, COMPARING), misses=told)


@pair("buy-presenting-in-concerns")
def one_more_feature() -> Pair:
    """A demo and papers by mail while they weigh the risk; the near miss has a worry on record."""
    told = (
        Told(90)
        .knows(IDA, RUTH)
        .stage(60, COMPARING)
        .stage(26, WEIGHING)
        .meeting(13, "Demo of the night shift view", RUTH)
        .wrote(6, RUTH, "Feature overview of the next release")
    )
    return Pair(
        fires=told,
        misses=told.noted(5, "#concern: who looks after it at night @R. Vance"),
    )


@pair("buy-proposal-before-needs")
def a_price_after_one_talk() -> Pair:
    """A quote after one meeting and no want on record; in the near miss two meetings came first."""
    told = Told(60).knows(IDA, TOM).meeting(50, "First meeting", IDA).stage(32, COMPARING).quote(25)
    return Pair(fires=told, misses=told.meeting(40, "Working session", TOM))


@pair("buy-stage-ahead-of-buyer")
def our_stage_not_theirs() -> Pair:
    """They want it, but one person met us once; in the near miss a second one met us too."""
    told = (
        Told(40)
        .knows(IDA, TOM)
        .meeting(
            30, "Site visit", IDA, note="#need! wants order entry without re-keying @I. Brandt"
        )
        .stage(20, COMPARING)
    )
    return Pair(fires=told, misses=told.meeting(12, "Working session", TOM))


@pair("buy-demo-before-discovery", "more demos than talks")
def shown_more_than_asked() -> Pair:
    """A demo and no talk about how they work; in the near miss the first meeting was one."""
    told = Told(40).knows(IDA, TOM).meeting(15, "Product demo", TOM)
    return Pair(
        fires=told.meeting(30, "First meeting", IDA),
        misses=told.meeting(30, "Discovery of the inbound process", IDA),
    )


@pair("buy-no-advance", "no next step was ever written")
def nowhere_and_no_step() -> Pair:
    """As above, but nobody ever wrote a next step; Salesforce then has no history of it."""
    told = (
        Told(70)
        .knows(IDA, TOM)
        .stage(40, COMPARING)
        .meeting(27, "Review of open questions", IDA)
        .meeting(18, "Working session", TOM)
        .meeting(8, "Working session", IDA)
    )
    return Pair(
        fires=told,
        misses=told.meeting(-6, "Working session", IDA),
        blind={"salesforce": "the history of the next step is not kept"},
    )


@pair("buy-stage-ahead-of-buyer", "two phases at once, and nobody logs who took part")
def from_first_to_last() -> Pair:
    """From first needs to weighing risks at one stroke; in the near miss they compared between."""
    told = (
        Told(60)
        .knows(IDA, RUTH)
        .noted(50, "#need! wants orders without re-keying @I. Brandt")
        .meeting(48, "Site visit")
        .meeting(30, "Working session")
        .stage(5, WEIGHING)
    )
    return Pair(fires=told, misses=told.stage(28, COMPARING), near="unknown")
