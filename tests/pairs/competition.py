"""Pairs of competition: with what they compare us, and what sets us apart here."""

from __future__ import annotations

from pairs.kit import COMPARING, IDA, RUTH, TOM, WEIGHING, Pair, Told, pair


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


@pair("comp-late-entrant")
def somebody_came_in_late() -> Pair:
    """After the quote they looked at a rival; in the near miss at leaving things as they are."""
    told = comparing().quote(24)
    return Pair(
        fires=told.noted(8, "#comp: Dockmaster"),
        misses=told.noted(8, "#comp: status quo"),
    )


@pair("comp-no-micro-differentiator")
def no_reason_of_theirs() -> Pair:
    """They weigh the risk and nobody said why us; in the near miss she did."""
    told = (
        Told(80)
        .knows(IDA, RUTH)
        .stage(50, COMPARING)
        .stage(12, WEIGHING)
        .meeting(9, "Review of terms", RUTH)
    )
    return Pair(fires=told, misses=told.noted(8, "#diff: runs when the line is down @R. Vance"))


@pair("comp-soft-not-hardened")
def an_edge_nobody_can_count() -> Pair:
    """Our edge is good service; in the near miss they said how they would count it."""
    told, said = comparing(), "#criterion: good service | important | us=5 | source=customer"
    return Pair(
        fires=told.noted(19, said),
        misses=told.noted(19, f"{said} | metric=answer within two hours"),
    )


@pair("comp-unknown-in-evaluation")
def compared_with_nobody_knows_what() -> Pair:
    """They compare for a month and nobody knows with what; in the near miss with doing nothing."""
    told = comparing()
    return Pair(fires=told, misses=told.noted(16, "#comp: status quo"))


@pair("comp-vulnerable-no-plan")
def behind_on_what_decides() -> Pair:
    """A rival is ahead on what counts most; in the near miss there is a plan for it."""
    told = comparing()
    said = "#criterion: go-live under 8 weeks | crucial | us=3 dockmaster=5 | source=customer"
    return Pair(
        fires=told.noted(11, said),
        misses=told.noted(11, f"{said} | strategy=redefine"),
    )


@pair("comp-late-entrant", "after they began to weigh the risk")
def somebody_came_in_very_late() -> Pair:
    """A rival came in two weeks after they began to weigh the risk; in the near miss before."""
    told = comparing().knows(RUTH).stage(21, WEIGHING)
    said = "#comp: Dockmaster"
    return Pair(fires=told.noted(7, said), misses=told.noted(26, said))


@pair("comp-no-micro-differentiator", "three weeks of comparing")
def compared_and_no_reason() -> Pair:
    """They compare for a month and nobody said why us; in the near miss he did."""
    told = comparing()
    return Pair(fires=told, misses=told.noted(8, "#diff: scans without a network @T. Okafor"))


@pair("comp-unknown-in-evaluation", "the CRM's own list of rivals")
def a_rival_on_the_list() -> Pair:
    """They compare for a month and nobody knows with what; in the near miss a rival is listed."""
    told = comparing()
    return Pair(
        fires=told,
        misses=told.against("Dockmaster"),
        unseen={"hubspot": "HubSpot keeps no list of rivals: they stand in notes alone"},
    )
