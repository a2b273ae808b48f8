"""Why a rule does badly with everything recorded, in a sentence or two, after looking at cases.

Know before changing: these are readings of the simulated cases, written by a person. A rule that no
longer does badly needs none; the page takes only those it asks for.
"""

from __future__ import annotations

CAUSES = {
    "buy-no-advance": (
        "It counts meetings since the phase or the circle of people changed; a buyer who "
        "agreed to something smaller in between, noted as a next step two weeks ago, "
        "still looks stuck."
    ),
    "buy-phase-regressed": (
        "Most of these buyers went back to the recognition of needs, where the rule is "
        "not judged, or the seller had moved the stage on again before the buyer "
        "followed."
    ),
    "buy-presenting-in-concerns": (
        "Few cases. That nobody noted a worry is also so where there is none, and the "
        "rule cannot tell the two apart."
    ),
    "buy-stage-ahead-of-buyer": (
        "It reads signs that we heard of (a want, two people, criteria, a decider). In "
        "this world a buyer may come far without telling us, and a seller who hears much "
        "may still set the stage too early."
    ),
    "comp-late-entrant": (
        "A rival is often learnt of after the offer without having come after it, and one "
        "that nobody hears of is missed."
    ),
    "comp-soft-not-hardened": (
        "It needs our rating, and two of five criteria are known without one: then it "
        "says unknown, on more than half of what it is asked about."
    ),
    "comp-vulnerable-no-plan": (
        "It needs importance, our rating and the rival's for all that may be crucial. "
        "Where one is missing it says unknown, so it is seldom wrong and seldom speaks; "
        "half of the true cases stand on criteria that nobody told us."
    ),
    "conc-gone-dark": (
        "That they are silent is so in nearly all cases it fires on; that fear is the "
        "cause, as the rule says, is so in a third. The rest are busy, or we stopped "
        "writing first. Ask, do not assume."
    ),
    "conc-none-surfaced": (
        "Nobody voiced a worry, which is right; but in most of these cases there is none "
        "to voice. The task asks a question that costs little."
    ),
    "conc-postponed": (
        "A delay with a real reason that nobody noted looks the same as one that hides a fear."
    ),
    "conc-price-when-competitive": (
        "Few cases. Open opportunities here are larger than won ones, so the price is "
        'seldom "in line" by its amount, and a rating of the price is rarely recorded; '
        "where it fires, it is often simply the price."
    ),
    "crit-changed-late": (
        "A criterion we learn of late has mostly been there all along, and one that "
        "really came late is often told to nobody."
    ),
    "crit-incidental-upside": (
        "It needs importance and both ratings; where they are missing it says unknown. "
        "What it says is right."
    ),
    "crit-strength-unproven": (
        "It never fired: it needs a crucial strength that was rated and ranked a month "
        "ago, and it says unknown as long as any criterion that may be crucial has no "
        "importance or no rating."
    ),
    "crit-unknown": (
        "Nearly all false alarms are stages that ran ahead of the buyer: there is no list "
        "yet to ask for."
    ),
    "crit-unweighted": (
        "Nearly all false alarms are lists that we guessed, and `crit-assumed` hides "
        "those: of what is shown, nine of ten are right."
    ),
    "entry-no-path-to-power": (
        "What must be so was stated more strictly than the rule asks: it is quiet as soon "
        "as somebody who can decide is on record, met or not. Its task is rarely wrong; "
        "do not read its silence as access."
    ),
    "entry-stuck-at-receptivity": (
        "It is quiet as soon as somebody who suffers or decides is on record, whether or "
        "not they have ever taken part in a talk."
    ),
}
