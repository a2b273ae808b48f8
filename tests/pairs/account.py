"""Pairs after the sale: the first month, the hard middle, and the account that develops."""

from __future__ import annotations

from pairs.kit import COMPARING, IDA, RUTH, SOLD, TOM, WEIGHING, Pair, Told, pair


def sold(ago: float) -> Told:
    """It was won so many days ago, after an ordinary sale with three people."""
    return (
        Told(ago + 90, closes=ago)
        .knows(IDA, TOM, RUTH)
        .meeting(ago + 80, "Site visit", IDA)
        .stage(ago + 60, COMPARING)
        .meeting(ago + 40, "Working session", TOM)
        .stage(ago + 20, WEIGHING)
        .meeting(ago + 10, "Review of terms", RUTH)
        .stage(ago, SOLD)
    )


@pair("post-account-decay")
def nobody_comes_any_more() -> Pair:
    """No meeting for four months at a good customer; in the near miss there was one last month."""
    told = sold(250).meeting(125, "Business review", IDA, account=True)
    return Pair(fires=told, misses=told.meeting(30, "Business review", IDA, account=True))


@pair("post-motivation-dip")
def left_alone_in_the_middle() -> Pair:
    """Nobody spoke with them for a month of the roll-out; in the near miss we called last week."""
    told = sold(45).meeting(40, "Hand-over to delivery", IDA).call(33, IDA)
    return Pair(fires=told, misses=told.call(7, IDA))


@pair("post-needs-review-due")
def nobody_asked_again() -> Pair:
    """Needs were last looked at seven months ago; in the near miss a meeting asked for them."""
    told = sold(215).meeting(60, "Business review", IDA, account=True)
    return Pair(
        fires=told, misses=told.meeting(25, "Discovery at the second site", TOM, account=True)
    )


@pair("post-no-reference-ask")
def a_result_and_no_question() -> Pair:
    """A result three months old, and nobody asked for a lead; in the near miss somebody did."""
    told = sold(200).meeting(
        90, "Business review", IDA, note="#success: re-keying 4h/wk -> 0 @I. Brandt", account=True
    )
    return Pair(fires=told, misses=told.noted(20, "#reference: asked R. Vance for two names"))


@pair("post-plan-not-customer-led")
def no_plan_of_their_own() -> Pair:
    """Two weeks before the contract there is no plan; in the near miss the customer's own."""
    told = (
        Told(90, closes=-14)
        .knows(IDA, RUTH)
        .stage(50, COMPARING)
        .stage(20, WEIGHING)
        .meeting(9, "Review of terms", RUTH)
    )
    return Pair(
        fires=told,
        misses=told.noted(8, "#plan: first depot live in four weeks @I. Brandt | owner=customer"),
    )


@pair("post-quiet-first-30")
def quiet_after_the_signature() -> Pair:
    """Two weeks after the sale and one talk in ten days; in the near miss there were two."""
    told = sold(14).meeting(8, "Hand-over to delivery", IDA)
    return Pair(fires=told, misses=told.call(5, TOM))


@pair("post-renewal-complacent")
def a_renewal_as_paperwork() -> Pair:
    """The contract ends in two months and nobody met who decides; in the near miss we did."""
    told = (
        sold(300)
        .ends(-60)
        .call(40, IDA, account=True)
        .call(30, TOM, account=True)
        .noted(50, "#success: picking errors 2.1% -> 0.6% @I. Brandt")
    )
    return Pair(fires=told, misses=told.meeting(15, "Planning of next year", RUTH, account=True))


@pair("post-success-undocumented")
def no_result_on_record() -> Pair:
    """Four months after the sale no result is on record; in the near miss there is one."""
    told = sold(120).meeting(30, "Business review", IDA, account=True)
    return Pair(fires=told, misses=told.noted(20, "#success: re-keying 4h/wk -> 0 @I. Brandt"))


@pair("post-motivation-dip", "less and less contact")
def the_calls_thin_out() -> Pair:
    """Four talks at first and one in the last weeks; in the near miss three."""
    told = (
        sold(50)
        .meeting(47, "Hand-over to delivery", IDA)
        .call(43, IDA)
        .call(39, TOM)
        .meeting(34, "Check of first live orders", IDA)
        .call(18, IDA)
        .call(13, TOM)
    )
    return Pair(
        fires=told,
        misses=told.call(6, IDA),
    )


@pair("post-needs-review-due", "the contract ends this year")
def nobody_asked_before_the_end() -> Pair:
    """Five months without a look at needs and the contract ends soon; in the near miss later."""
    told = sold(150).meeting(60, "Business review", IDA, account=True)
    return Pair(fires=told.ends(-200), misses=told.ends(-300))


@pair("post-plan-not-customer-led", "a plan of ours")
def a_plan_we_wrote() -> Pair:
    """Two weeks before the contract the plan is ours; in the near miss the customer's."""
    told = (
        Told(90, closes=-14)
        .knows(IDA, RUTH)
        .stage(50, COMPARING)
        .stage(20, WEIGHING)
        .meeting(12, "Kick-off of the roll-out plan", RUTH)
    )
    said = "#plan: first depot live in four weeks | owner="
    return Pair(fires=told.noted(8, f"{said}us"), misses=told.noted(8, f"{said}customer"))


@pair("post-quiet-first-30", "a week without a word")
def not_a_word_since() -> Pair:
    """Eight days after the sale there was no contact at all; in the near miss a mail of ours."""
    told = sold(8)
    return Pair(fires=told, misses=told.wrote(5, IDA, "Welcome"))


@pair("post-renewal-complacent", "an open renewal")
def a_renewal_through_one_person() -> Pair:
    """A renewal six weeks ahead, all through one person; in the near miss it is half a year off."""
    told = Told(60, name="Renewal 2027", closes=-42, again=True)
    told = told.knows(IDA).stage(30, COMPARING).call(12, IDA)
    return Pair(fires=told, misses=told.push(2, -180))
