"""Pairs of the private rules: how we ask and how we write, read from texts for the rep alone."""

from __future__ import annotations

from pairs.kit import COMPARING, IDA, RUTH, TOM, WEIGHING, Pair, Told, pair


def spoken(*questions: str) -> str:
    """Return a talk written down word by word: each of our questions, and an answer."""
    return "\n".join(f"Us: {asked}\nCustomer: Let me think. I would say so." for asked in questions)


FACTS = spoken(
    "How many people work in the warehouse?",
    "Which system do you use for orders?",
    "How many orders do you ship in a day?",
    "Where do you keep the returns?",
    "Who looks after the scanners?",
)
MORE_FACTS = spoken(
    "How many carriers do you use?",
    "Which shifts do you run?",
    "How big is the second site?",
    "Who prints the labels?",
    "When do you count the stock?",
)
CONSEQUENCES = spoken(
    "What happens when a pallet is missing?",
    "How does that affect your drivers?",
    "What does a late truck lead to at the store?",
    "Who has to step in on such a day?",
    "What does that mean for the night shift?",
)


@pair("needs-situation-heavy")
def asked_for_facts_alone() -> Pair:
    """Two talks full of questions for facts; in the near miss the second asks what it leads to."""
    told = Told(40).knows(IDA).call(20, IDA, note=FACTS)
    return Pair(
        fires=told.call(8, IDA, note=MORE_FACTS),
        misses=told.call(8, IDA, note=CONSEQUENCES),
    )


@pair("comp-attack-language")
def ill_of_a_rival() -> Pair:
    """A mail of ours runs a rival down twice; in the near miss it does not."""
    told = Told(60).knows(IDA, TOM).stage(25, COMPARING).meeting(20, "Working session", IDA)
    return Pair(
        fires=told.wrote(
            6, IDA, "Your question", "Dockmaster crashes every week. Dockmaster is outdated."
        ),
        misses=told.wrote(
            6, IDA, "Your question", "You asked about Dockmaster. We can show you both ways."
        ),
    )


def worried() -> Told:
    """They weigh the risk, and one of them worries who will own the interface."""
    return (
        Told(90)
        .knows(IDA, TOM, RUTH)
        .stage(60, COMPARING)
        .stage(20, WEIGHING)
        .meeting(12, "Review of terms", RUTH, note="#concern: who owns the interface @T. Okafor")
    )


@pair("conc-minimizing")
def a_worry_played_down() -> Pair:
    """A mail of ours plays an open worry down; in the near miss it asks about it."""
    told = worried()
    return Pair(
        fires=told.wrote(5, TOM, "The interface", "Don't worry, this never happens."),
        misses=told.wrote(5, TOM, "The interface", "What would you want to be sure of there?"),
    )


@pair("conc-prescribing")
def advice_instead_of_an_ear() -> Pair:
    """A mail of ours tells them twice what to do; in the near miss it asks."""
    told = worried()
    return Pair(
        fires=told.wrote(
            5,
            TOM,
            "The interface",
            "You should just tell your team to take it. All you need to do is convince the board.",
        ),
        misses=told.wrote(5, TOM, "The interface", "Who would have to agree on your side?"),
    )


@pair("conc-pressuring")
def a_deadline_of_ours() -> Pair:
    """A mail of ours presses with a date; in the near miss it does not."""
    told = worried()
    return Pair(
        fires=told.wrote(4, RUTH, "Our offer", "The discount is only valid until Friday."),
        misses=told.wrote(4, RUTH, "Our offer", "The contract you asked for is attached."),
    )


@pair("conc-pressuring", "chased before the quote ends")
def chased_to_the_last_day() -> Pair:
    """Three tries in a week while the quote runs out; in the near miss two."""
    told = worried().quote(30, ends=-6)
    told = told.wrote(6, RUTH, "Our offer").wrote(4, RUTH, "Following up")
    return Pair(fires=told.tried(1, RUTH), misses=told)
