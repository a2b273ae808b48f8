"""Pairs of negotiation: what we give, for what, and whether anybody wrote down where it stands."""

from __future__ import annotations

from pairs.kit import COMPARING, IDA, RUTH, TOM, WEIGHING, Pair, Told, pair


def on_terms() -> Told:
    """They have weighed the risk for two weeks, and we talk with who decides."""
    return (
        Told(90)
        .knows(IDA, TOM, RUTH)
        .meeting(75, "Site visit", IDA)
        .heard(70, IDA, "Re: site visit")
        .stage(60, COMPARING)
        .meeting(40, "Working session", TOM)
        .stage(15, WEIGHING)
    )


@pair("nego-concession-during-concern")
def a_discount_for_a_fear() -> Pair:
    """More discount while a settled worry is back; in the near miss the quote gives nothing."""
    told = (
        on_terms()
        .noted(50, "#concern: who owns the interface | resolved")
        .noted(9, "#concern: who owns the interface | reopened")
        .quote(30)
    )
    return Pair(fires=told.quote(3, 4.0), misses=told.quote(3))


@pair("nego-early-concession")
def a_discount_before_it_buys_anything() -> Pair:
    """Eight percent while they compare; in the near miss two."""
    told = Told(60).knows(IDA, TOM).meeting(50, "Site visit", IDA).stage(25, COMPARING)
    return Pair(fires=told.quote(10, 8.0), misses=told.quote(10, 2.0))


@pair("nego-growing-concessions")
def steps_that_grow() -> Pair:
    """Three points, then five more; in the near miss the second step is one."""
    told = on_terms().quote(30).quote(12, 3.0)
    return Pair(fires=told.quote(4, 8.0), misses=told.quote(4, 4.0))


@pair("nego-no-range")
def without_limits_of_our_own() -> Pair:
    """Two weeks on terms and no limits set; in the near miss they are on record."""
    told = on_terms()
    return Pair(
        fires=told,
        misses=told.noted(8, "#range: 3-7% | ask=what sits behind the demand"),
    )


@pair("nego-no-summary")
def nobody_wrote_it_down() -> Pair:
    """Two talks about terms and no summary; in the near miss we mailed one."""
    told = (
        on_terms()
        .wrote(20, RUTH, "Your questions on the contract")
        .meeting(12, "Review of terms", RUTH)
        .meeting(7, "Review of terms", RUTH)
    )
    return Pair(fires=told, misses=told.wrote(6, RUTH, "Summary of where we stand"))


@pair("nego-price-only")
def nothing_but_price() -> Pair:
    """Two rounds of discount and nothing else; in the near miss training is on the table."""
    told = on_terms().quote(30).quote(12, 4.0).quote(6, 6.0)
    return Pair(fires=told, misses=told.noted(5, "#concession: training for two shift leads"))


@pair("nego-showstopper-open")
def nobody_has_it_in_hand() -> Pair:
    """What blocks it waits for two weeks; in the near miss one of us has it, with a day."""
    told, said = on_terms(), "#showstopper: data stays in the country"
    return Pair(
        fires=told.noted(13, said),
        misses=told.noted(13, f"{said} | owner=A. Kim by=2026-12-04"),
    )


@pair("nego-showstopper-open", "what counts most cannot be met")
def what_we_cannot_meet() -> Pair:
    """We are rated lowest on what counts most; in the near miss a point above."""
    told, said = on_terms(), "#criterion: data stays in the country | crucial | source=customer"
    return Pair(
        fires=told.noted(13, f"{said} | us=1"),
        misses=told.noted(13, f"{said} | us=2"),
    )
