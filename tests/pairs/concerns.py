"""Pairs of concerns: the traces that a worry leaves."""

from __future__ import annotations

from dataclasses import replace

from pairs.kit import COMPARING, IDA, RUTH, TOM, WEIGHING, Pair, Told, pair


def weighing() -> Told:
    """They have weighed the risk for three weeks, and we talk with who decides."""
    return (
        Told(100)
        .knows(IDA, TOM, RUTH)
        .meeting(85, "Site visit", IDA)
        .heard(80, IDA, "Re: site visit")
        .stage(70, COMPARING)
        .meeting(50, "Working session", TOM)
        .stage(22, WEIGHING)
    )


@pair("conc-gone-dark")
def silence_after_the_quote() -> Pair:
    """No word for six weeks after a quote, though we tried; in the near miss they answered."""
    told = (
        Told(100)
        .knows(IDA, TOM)
        .meeting(80, "Site visit", IDA)
        .stage(60, COMPARING)
        .quote(48)
        .call(45, IDA)
        .wrote(20, IDA, "Our offer")
        .tried(8, IDA)
    )
    return Pair(fires=told, misses=told.heard(5, IDA, "Re: Our offer"))


@pair("conc-meeting-avoidance")
def meetings_that_fall_through() -> Pair:
    """Two meetings fell through in a month; in the near miss one of them was held."""
    told = weighing().meeting(19, "Review of terms", RUTH, fate="cancelled")
    return Pair(
        fires=told.meeting(7, "Review of terms", RUTH, fate="missed"),
        misses=told.meeting(7, "Review of terms", RUTH),
    )


@pair("conc-none-surfaced")
def no_worry_at_all() -> Pair:
    """Three weeks of weighing and no worry voiced; in the near miss one is on record."""
    told = weighing().meeting(9, "Working session", TOM)
    return Pair(fires=told, misses=told.noted(8, "#concern: who owns the interface @T. Okafor"))


@pair("conc-open-at-commit")
def promised_with_a_worry_open() -> Pair:
    """Forecast as sure with a worry open; in the near miss nobody promised it."""
    told = weighing().noted(12, "#concern: who owns the interface @T. Okafor")
    return Pair(fires=told.promised("commit"), misses=told.promised("best case"))


@pair("conc-postponed")
def moved_twice_without_a_reason() -> Pair:
    """The date moved twice and nobody said why; in the near miss one move has its reason."""
    told = (
        Told(100, closes=20)
        .knows(IDA, TOM)
        .meeting(80, "Site visit", IDA)
        .stage(60, COMPARING)
        .push(45, -10)
        .push(14, -40)
    )
    return Pair(
        fires=told,
        misses=told.noted(13, "#reason: their ERP update comes first (customer)"),
    )


@pair("conc-price-when-competitive")
def too_dear_and_rated_cheaper() -> Pair:
    """They call a price high that they rate above the rival's; in the near miss below it."""
    told = weighing().noted(6, "#concern: price | open")
    return Pair(
        fires=told.noted(18, "#criterion: price | crucial | us=4 dockmaster=3 | source=customer"),
        misses=told.noted(18, "#criterion: price | crucial | us=2 dockmaster=4 | source=customer"),
    )


@pair("conc-resurfaced-issue")
def settled_and_back() -> Pair:
    """A settled topic is open again after weeks; in the near miss another one came up."""
    told = weighing().noted(48, "#concern: who owns the interface | resolved")
    return Pair(
        fires=told.noted(6, "#concern: who owns the interface"),
        misses=told.noted(6, "#concern: night shift cover"),
    )


@pair("conc-withholding")
def what_they_do_not_send() -> Pair:
    """Two things they owe are long due; in the near miss one of them is due only since Friday."""
    told = weighing().waits(18, "Data sample from the customer")
    return Pair(
        fires=told.waits(13, "Security questionnaire from the customer"),
        misses=told.waits(4, "Security questionnaire from the customer"),
    )


@pair("conc-none-surfaced", "a talk between two")
def nobody_was_asked_alone() -> Pair:
    """Three weeks of weighing and no worry voiced; in the near miss we met who decides alone."""
    told = weighing().meeting(9, "Working session", TOM)
    return Pair(fires=told, misses=told.meeting(5, "Review of terms", RUTH))


@pair("conc-open-at-commit", "the close date is near")
def signed_next_week_with_a_worry() -> Pair:
    """To be signed next week with a worry open; in the near miss the date has moved."""
    told = replace(weighing(), closes=-9).promised("best case")
    told = told.noted(12, "#concern: who owns the interface @T. Okafor")
    return Pair(fires=told, misses=told.push(1, -60))


@pair("conc-postponed", "a long delay late in the decision")
def moved_once_and_far() -> Pair:
    """The date moved by six weeks while they weigh the risk; in the near miss with a reason."""
    told = replace(weighing(), closes=-5).push(15, -47)
    return Pair(
        fires=told,
        misses=told.noted(14, "#reason: their ERP update comes first (customer)"),
    )


@pair("conc-price-when-competitive", "the price was accepted before")
def accepted_and_too_dear_again() -> Pair:
    """They accepted this price once; in the near miss nobody can tell how it compares."""
    told = weighing().noted(6, "#concern: price | open")
    return Pair(
        fires=told.noted(40, "#concern: price | resolved"),
        misses=told,
        near="unknown",
    )


@pair("conc-withholding", "asked twice for the same thing")
def asked_and_asked_again() -> Pair:
    """We asked twice for the data; in the near miss once."""
    told, said = weighing(), "#owed: data sample @T. Okafor"
    told = told.noted(18, said)
    return Pair(fires=told.noted(9, said), misses=told)
