"""Pairs of criteria: whether we know by what they decide, and how we stand there."""

from __future__ import annotations

from pairs.kit import COMPARING, IDA, RUTH, TOM, Pair, Told, pair


def comparing() -> Told:
    """They have compared for a month, and we talk with two of them."""
    return (
        Told(70)
        .knows(IDA, TOM)
        .meeting(60, "Site visit", IDA)
        .heard(55, IDA, "Re: site visit")
        .stage(30, COMPARING)
        .meeting(20, "Working session", TOM)
    )


@pair("crit-assumed")
def our_list_not_theirs() -> Pair:
    """We noted a criterion; in the near miss it is the customer's, noted after a talk."""
    told, said = comparing(), "#criterion: go-live under 8 weeks | crucial | us=4"
    return Pair(
        fires=told.noted(16, said),
        misses=told.noted(16, f"{said} | source=customer"),
    )


@pair("crit-changed-late")
def a_new_point_after_the_quote() -> Pair:
    """A criterion came up after the quote; in the near miss it has a source and a plan."""
    told = (
        comparing()
        .noted(40, "#criterion: go-live under 8 weeks | crucial | us=4 | source=customer")
        .quote(24)
    )
    said = "#criterion: data stays in the country | important | us=3"
    return Pair(
        fires=told.noted(8, said),
        misses=told.noted(8, f"{said} | source=customer | strategy=redefine"),
    )


@pair("crit-incidental-upside")
def a_strength_that_weighs_nothing() -> Pair:
    """Our best point counts least, and there is no plan; in the near miss there is one."""
    told, said = comparing(), "#criterion: offline scanning | incidental | us=5 dockmaster=2"
    return Pair(
        fires=told.noted(12, said),
        misses=told.noted(12, f"{said} | strategy=raise it with the shift leads"),
    )


@pair("crit-inherited-rfp")
def a_list_somebody_else_wrote() -> Pair:
    """A quote within a week and nobody met us before; in the near miss we met first."""
    told = Told(40).knows(IDA, RUTH).stage(36, COMPARING).quote(34)
    return Pair(
        fires=told,
        misses=told.meeting(37, "First meeting", IDA),
    )


@pair("crit-strength-unproven")
def a_strength_nobody_has_seen() -> Pair:
    """What we are strong on was never shown; in the near miss a call with another customer did."""
    told = comparing().noted(
        45, "#criterion: go-live under 8 weeks | crucial | us=5 | source=customer"
    )
    return Pair(
        fires=told,
        misses=told.noted(10, "#proof: reference call with the depot in Graz | criterion=go-live"),
    )


@pair("crit-unknown")
def nobody_knows_by_what() -> Pair:
    """They compare for a month and no criterion is on record; the near miss has noted one."""
    told = comparing()
    return Pair(
        fires=told,
        misses=told.noted(16, "#criterion: go-live under 8 weeks | crucial | source=customer"),
    )


@pair("crit-unweighted")
def all_of_it_counts_alike() -> Pair:
    """Two criteria, both important; in the near miss one of them is crucial."""
    told = comparing().noted(19, "#criterion: price per order | important | source=customer")
    return Pair(
        fires=told.noted(17, "#criterion: go-live under 8 weeks | important | source=customer"),
        misses=told.noted(17, "#criterion: go-live under 8 weeks | crucial | source=customer"),
    )


@pair("crit-weak-crucial-no-plan")
def weak_where_it_counts() -> Pair:
    """We are weak on what counts most, without a plan; in the near miss there is one."""
    told, said = comparing(), "#criterion: go-live under 8 weeks | crucial | us=2 | source=customer"
    return Pair(
        fires=told.noted(11, said),
        misses=told.noted(11, f"{said} | strategy=redefine"),
    )


@pair("crit-inherited-rfp", "they asked for bids")
def a_public_tender() -> Pair:
    """It came as a tender and nobody met us; in the near miss it came from the web site."""
    told = Told(50).knows(IDA, TOM).stage(30, COMPARING).heard(20, IDA, "Questions and answers")
    return Pair(fires=told.from_("Public tender"), misses=told.from_("Web"))
