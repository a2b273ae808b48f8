"""Pairs of entry: who listens, who has the problem, who decides, who speaks for us."""

from __future__ import annotations

from dataclasses import replace

from pairs.kit import COMPARING, IDA, RUTH, SAM, TOM, WEIGHING, Pair, Told, Who, pair

MEI = Who("Mei Garnier", "Project Coordinator", "Evaluator")


@pair("entry-no-path-to-power")
def nobody_who_decides() -> Pair:
    """They compare for a month and nobody here decides; in the near miss one has that role."""
    told = Told(70).stage(30, COMPARING).knows(IDA)
    buyer = Who("Nora Heller", "Purchasing Manager", "Influencer")
    return Pair(
        fires=told.knows(buyer),
        misses=told.knows(replace(buyer, role="Economic Buyer")),
    )


@pair("entry-no-sponsor")
def nobody_speaks_for_us() -> Pair:
    """Two people and no sponsor among them; in the near miss a note names one."""
    told = Told(60).knows(IDA, TOM).stage(25, COMPARING).meeting(10, "Working session", IDA)
    return Pair(fires=told, misses=told.noted(9, "#sponsor: I. Brandt"))


@pair("entry-power-access-wasted")
def met_once_and_left_alone() -> Pair:
    """We met who decides a month ago and nothing followed; in the near miss she wrote last week."""
    told = (
        Told(80)
        .knows(IDA, RUTH)
        .stage(50, COMPARING)
        .meeting(33, "Steering meeting", RUTH)
        .meeting(12, "Working session", IDA)
    )
    return Pair(fires=told, misses=told.heard(7, RUTH, "Two questions"))


@pair("entry-power-without-preparation")
def empty_hands_for_the_boss() -> Pair:
    """In two days we meet who decides, with no need on record; the near miss has noted one."""
    told = Told(50).knows(IDA, RUTH).meeting(-2, "Meeting at the head office", RUTH)
    return Pair(
        fires=told.meeting(20, "Site visit", IDA),
        misses=told.meeting(20, "Site visit", IDA, note="#need: pallets go missing @I. Brandt"),
    )


@pair("entry-single-threaded")
def all_through_one() -> Pair:
    """Two months with one person alone; in the near miss a second one took a call."""
    told = (
        Told(60)
        .knows(IDA, TOM)
        .stage(30, COMPARING)
        .meeting(40, "Site visit", IDA)
        .call(15, IDA)
        .heard(6, IDA, "Re: data sample")
    )
    return Pair(fires=told, misses=told.call(9, TOM))


@pair("entry-sponsor-lost")
def mail_comes_back() -> Pair:
    """Mail to the one who speaks for us bounced; in the near miss it did not."""
    told = Told(60).knows(IDA).stage(25, COMPARING)

    def with_(sponsor: Who) -> Told:
        return told.knows(sponsor).meeting(12, "Working session", sponsor)

    return Pair(fires=with_(replace(SAM, bounced=4)), misses=with_(SAM))


@pair("entry-sponsor-not-equipped")
def sent_in_alone() -> Pair:
    """A sponsor carries our case without us; in the near miss we went through it with him."""
    told = (
        Told(70)
        .knows(SAM, TOM)
        .stage(35, COMPARING)
        .meeting(44, "Site visit", SAM)
        .meeting(11, "Working session", TOM)
    )
    return Pair(fires=told, misses=told.call(6, SAM))


@pair("entry-stuck-at-receptivity")
def friendly_listeners() -> Pair:
    """Seven weeks with a friendly face and no problem; the near miss knows whose problem it is."""
    told = (
        Told(52)
        .knows(MEI)
        .meeting(45, "First meeting", MEI)
        .call(38, MEI)
        .meeting(30, "Working session", MEI)
        .heard(20, MEI, "Re: next session")
        .call(12, MEI)
    )
    return Pair(
        fires=told.meeting(6, "Working session", MEI),
        misses=told.meeting(
            6, "Working session", MEI, note="#need: loses half a day searching @I. Brandt"
        ),
    )


@pair("entry-single-threaded", "two are few when the risk is weighed")
def two_where_many_weigh() -> Pair:
    """Two people talk with us while many weigh the risk; in the near miss a third one does."""
    told = (
        Told(90)
        .knows(IDA, TOM, RUTH)
        .stage(60, COMPARING)
        .stage(20, WEIGHING)
        .call(40, IDA)
        .meeting(12, "Working session", TOM)
    )
    return Pair(fires=told, misses=told.meeting(6, "Review of terms", RUTH))


@pair("entry-sponsor-lost", "three weeks and two tries without a word")
def no_word_from_our_voice() -> Pair:
    """The one who speaks for us has gone quiet; in the near miss he wrote last week."""
    told = (
        Told(80)
        .knows(SAM, TOM)
        .stage(45, COMPARING)
        .call(34, SAM)
        .wrote(20, SAM, "The data sample")
        .tried(11, SAM)
    )
    return Pair(fires=told, misses=told.heard(6, SAM, "Re: The data sample"))


@pair("entry-single-threaded", "somebody came along")
def somebody_came_along() -> Pair:
    """Two months with one person alone; in the near miss a colleague came to the last meeting."""
    told = Told(60).knows(IDA, TOM).stage(30, COMPARING).meeting(40, "Site visit", IDA)
    return Pair(
        fires=told.meeting(12, "Working session", IDA),
        misses=told.meeting(12, "Working session", IDA, TOM),
        unseen={"salesforce": "an event names one contact, whoever else was there"},
    )
