"""What reps write: subjects, mails, call notes, next steps and tagged notes.

Know before changing: the texts feed text signals and the tagged-note grammar, so a tag stands on a
line of its own and nothing here mentions price, discounts or a delay's reason except the texts made
for it. Some reps write in their own language; tags stay the same in every language.

Does not do: choose when something is said or by whom.
"""

from __future__ import annotations

MEETING = {
    "en": (
        "Walked through the inbound process, took notes on the hand-over between shifts",
        "Workshop on order intake with the operations team",
        "Review of open questions, agreed who prepares the data sample",
        "Site visit, saw the packing line and the rework area",
        "Went over their month-end closing and where it stalls",
    ),
    "de": (
        "Wareneingang gemeinsam durchgesehen, Schichtübergabe ist der Engpass",
        "Workshop zur Auftragserfassung mit der Betriebsleitung",
        "Offene Punkte geklärt, Datenauszug kommt vom Kunden",
    ),
    "es": (
        "Repaso del proceso de pedidos con el equipo de almacén",
        "Visita a la planta, vimos la línea de embalaje",
    ),
    "fr": (
        "Atelier sur la saisie des commandes avec l'équipe logistique",
        "Point sur les questions ouvertes, ils préparent un extrait de données",
    ),
}
"""Language -> descriptions of meetings that were held."""

CALL = (
    "Short check-in, will come back with two names from the warehouse.",
    "Talked through last week's workshop, wants to see the exception handling.",
    "Called about the data sample, IT will export it.",
    "Explained how onboarding is split into three steps.",
)
MAIL_OUT = (
    (
        "Notes from our meeting",
        "Hello {first}, here are the notes and the two points we left open.",
    ),
    (
        "Material you asked for",
        "Hello {first}, attached the overview of the interface as promised.",
    ),
    (
        "Next session",
        "Hello {first}, would the week after next suit your team for the next session?",
    ),
    ("Question about your export", "Hello {first}, which format does your planning tool export?"),
)
MAIL_IN = (
    ("Re: Notes from our meeting", "Thanks, that matches what we discussed. I added one comment."),
    ("Re: Next session", "Thursday works for us. I will bring a colleague from planning."),
    ("Re: Material you asked for", "Received, thank you. We go through it on Monday."),
    ("Re: Question about your export", "It is a plain text file, I can send a sample."),
)
CHASE = (
    ("Following up", "Hello {first}, just checking whether you had time to look at our offer."),
    ("Our offer", "Hello {first}, do you need anything else from us?"),
    ("Still there?", "Hello {first}, I tried to reach you by phone. When could we talk?"),
)
THANKS = (
    ("Thank you", "Hello {first}, thank you for the signed order. Delivery will be in touch."),
)
MEETING_SUBJECTS = ("Workshop", "Review", "Site visit", "Working session", "Discovery")
FUTURE_SUBJECTS = ("Working session", "Steering meeting", "Demo of the agreed cases", "Review")

NEXT_STEPS = (
    "Customer sends data sample; review together",
    "Introduce us to the head of planning",
    "IT checks interface list and comes back",
    "Agree agenda for workshop with operations",
    "Walk through onboarding plan with project lead",
    "Reference call with a similar site",
    "Board paper drafted by customer, we comment",
)
IDLE_STEP = "Keep in touch"
CHASE_STEP = "Chase for feedback on offer"

NEEDS = (
    "#need! wants order entry without re-keying before the autumn peak {who} impact=40k/quarter",
    "#need! must see stock of both sites in one list {who}",
    "#need! wants carrier labels printed from the order {who} impact=12k/quarter",
)
"""Explicit needs; ``{who}`` becomes ``@J. Ortiz`` in the note."""
PROBLEMS = (
    "#need: loses half a day a week searching for missing pallets {who}",
    "#need: month-end takes three days longer than planned {who}",
)
OTHER_TAGS = (
    "#criterion: go-live under 8 weeks | crucial | us=4 parcelwise=2 | source=customer | hard",
    '#payoff: "we could take the second shift without hiring" {who}',
    "#concern: IT worried about owning the interface | resolved",
    "#sponsor: {name}",
    "#comp: status quo",
    "#power: {name}",
)
PRICE_OPEN = (
    "#concern: price | open",
    "#criterion: price | crucial | us=4 parcelwise=3 | source=customer",
)
PRICE_RESOLVED = ("#concern: price | resolved",)
REASONS = (
    "#reason: budget year moved to April (customer)",
    "#reason: their ERP update comes first, new date agreed with the project lead (customer)",
    "#reason: plant closed for two weeks in summer (customer)",
)
SUCCESSES = (
    "#success: re-keying 4h/wk -> 0 {who}",
    "#success: picking errors 2.1% -> 0.6% {who}",
)
CARE = (
    "Hand-over meeting with the delivery team",
    "Check of first live orders",
    "Weekly call during roll-out",
    "Training feedback",
)
DEVELOP = (
    "Business review: what changed this year",
    "Visit at the second site",
    "Planning session for next year",
)


def mention(first: str, last: str) -> str:
    """Return how a note names a person: ``@J. Ortiz``."""
    return f"@{first[0]}. {last}"
