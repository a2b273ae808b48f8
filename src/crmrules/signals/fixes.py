"""What an admin or a rep can do where a signal is unknown: the cheapest fix for each reason.

Know before changing: a signal says why it is unknown in one of a closed set of reasons. Each is
either here with its fix (a field, a tag, a setting) or in ``NOTHING_TO_MEND``: a state of the
opportunity, which is no fault of anybody's records. A test holds that no reason is in neither.

It reads no opportunity and decides nothing.
"""

from __future__ import annotations

from typing import NamedTuple

HUBSPOT = "hubspot"


class Fix(NamedTuple):
    """The same remedy in the words of each CRM."""

    salesforce: str
    hubspot: str


_NAMED = 'A rep can also write "#power: J. Ortiz" or "#sponsor: J. Ortiz" in a note.'
ROLES = Fix(
    "Fill Role or CrmRules_Focus__c on contact roles, or Title on contacts. " + _NAMED,
    "Set a label or hs_buying_role on the deal's contacts, or their jobtitle. " + _NAMED,
)
WHO = Fix(
    "Relate events and calls to their contacts (WhoId), and fill Role, CrmRules_Focus__c or Title. "
    + _NAMED,
    "Associate contacts with meetings and calls, and set their label or jobtitle. " + _NAMED,
)
PEOPLE = Fix(
    "Add contact roles to the opportunity. " + _NAMED,
    "Associate contacts with the deal. " + _NAMED,
)
ATTENDEES = Fix(
    "Relate events and calls to their contacts (WhoId), by hand or through the calendar sync.",
    "Associate contacts with meetings and calls, by hand or through the calendar sync.",
)
HELD = Fix(
    "Relate events and calls to their contacts (WhoId) and say how calls ended (Call Result); "
    'a field that says whether a meeting was held can be mapped: "Event.Held__c" = "held".',
    "Set the outcome of meetings and calls, and associate contacts with them.",
)
ACTIVITIES = Fix(
    "Let the integration user read tasks and events (activity access), and emails if you use them.",
    "Grant the key the scopes for meetings, calls, emails, notes and tasks.",
)
LOGGED = Fix(
    "Log calls and meetings on the opportunity, or turn on the sync of mail and calendar.",
    "Log calls and meetings on the deal, or connect the inbox and the calendar.",
)
MAIL = Fix(
    "Store mail in Salesforce (Enhanced Email, or the mail sync of your choice).",
    "Connect the inboxes of the team, so that replies are logged.",
)
TEXTS = Fix(
    "Name it under [text] signals, and let the integration user read EmailMessage.TextBody.",
    "Name it under [text] signals, and let the key read the contents of mails.",
)
_SAID = "Keep transcripts in the description of calls and meetings, each line with its speaker."
TRANSCRIPTS = Fix(_SAID, _SAID)
SUBJECTS = Fix(
    'Give events and mails a subject that says what they are for: "Demo", "Discovery", "Summary".',
    'Give meetings and mails a title that says what they are for: "Demo", "Discovery", "Summary".',
)
STAGES = Fix(
    "Let the integration user read the stage history (OpportunityHistory), and map every stage "
    "under [phases] in crmrules.toml.",
    "Map every stage under [phases] in crmrules.toml.",
)
NEXT_STEP = Fix(
    "Track the history of Next Step (Setup, Opportunity, Set History Tracking).",
    "Fill Next step on deals: HubSpot keeps its history.",
)
DATES = Fix(
    "Let the integration user read OpportunityHistory: it holds close dates and amounts.",
    "Let the key read deals with history: it holds close dates and amounts.",
)
QUOTES = Fix(
    "Turn on Quotes, let the integration user read them, and keep Status true or map a date of "
    'sending: "Quote.handed_over_on" = "sent_at".',
    "Grant the key the scope for quotes, and publish them, so that their status is true.",
)
DISCOUNTS = Fix(
    "Put discounts on quotes or product lines with list prices, or write "
    '"#concession: 5% | for=go-live" in a note.',
    'Put discounts on line items, or write "#concession: 5% | for=go-live" in a note.',
)
_RATE = 'Write "#criterion: go-live | crucial | us=4 acme=3 | source=customer" in a note.'
CRITERIA = Fix(_RATE, _RATE)
_NEED = 'Write "#need: orders leave late @J. Ortiz | impact=40k/quarter" in a note, or map a field.'
NEEDS = Fix(_NEED, _NEED)
_RIVALS = 'Write "#comp: Acme" in a note, or map a field to competitor.'
RIVALS = Fix(_RIVALS, _RIVALS)
_PLAN = 'Write "#plan: rollout by May | owner=customer" in a note.'
PLAN = Fix(_PLAN, _PLAN)
KIND = Fix("Fill Type and LeadSource.", "Fill Deal type and the source of the deal.")
AMOUNT = Fix("Fill Amount.", "Fill Amount.")
CLOSE_DATE = Fix("Fill Close Date.", "Fill Close date.")
FORECAST = Fix("Use forecast categories.", "Fill Forecast category.")
ACCOUNT = Fix(
    "Put the opportunity on an account, and let the integration user read its other opportunities.",
    "Associate the deal with a company, and let the key read all its deals.",
)
BOUNCES = Fix(
    "Turn on bounce handling (Deliverability), or map a field of Contact to left or employed.",
    "Let the key read contacts, or map a property of contacts to left or employed.",
)
WAITING = Fix(
    "Name the task statuses that wait for the customer in [mapping] waiting_statuses.",
    "Keep the status of tasks; WAITING means that it is the customer's turn.",
)
_END = (
    'Map the field that holds it: [mapping.fields] "Opportunity.Contract_End__c" = "contract_end".'
)
CONTRACT_END = Fix(_END, _END.replace("Opportunity.Contract_End__c", "Opportunity.contract_end"))

FIXES: dict[str, Fix] = {
    "a booked meeting does not say who will be there": WHO,
    "a contact has neither role nor title": ROLES,
    "a conversation does not say whether somebody who can decide took part": WHO,
    "a conversation does not say who took part": ATTENDEES,
    "a criterion has no importance or no rating": CRITERIA,
    "a criterion that comes from a need has no rating of ours": CRITERIA,
    "a criterion that may be crucial has no importance or no rating": CRITERIA,
    "a criterion that may be crucial is not rated against a rival": CRITERIA,
    "a demo does not say who was there": ATTENDEES,
    "a mail of ours does not say what it was about": SUBJECTS,
    "a meeting does not say what it was about, with whom, or if it was held": SUBJECTS,
    "a meeting does not say who took part": ATTENDEES,
    "a meeting has no subject, so nobody can tell what it was for": SUBJECTS,
    "a meeting was with somebody whose part in the decision is not known": ROLES,
    "a plan does not say whose it is": PLAN,
    "a quote does not say whether it was sent": QUOTES,
    "a quote does not tell its discount": DISCOUNTS,
    "a quote has no total": QUOTES,
    "a recent meeting does not say who took part": ATTENDEES,
    "a rival stands in a text that was edited, so nobody knows since when": RIVALS,
    "a task does not say whether it waits for the customer": WAITING,
    "a word or a try does not say whose it was": ATTENDEES,
    "activities cannot be read": ACTIVITIES,
    "contacts cannot be read": PEOPLE,
    "it had no amount when price was settled": AMOUNT,
    "it has no account": ACCOUNT,
    "it has no amount": AMOUNT,
    "it has no close date": CLOSE_DATE,
    "it has no forecast category": FORECAST,
    "it is not won, or nobody knows since when": STAGES,
    "it is won, but nobody knows since when": STAGES,
    "its kind does not say if it is a renewal or a sale of more": KIND,
    "its kind is not filled": KIND,
    "its kind is not filled, and the account has bought before": KIND,
    "its stage is not in the stage map": STAGES,
    "mail from customers is seen on too few open opportunities": MAIL,
    "needs and results are recorded on too few won opportunities": NEEDS,
    "needs are recorded on too few of the won opportunities": NEEDS,
    "neither lead source nor kind is filled": KIND,
    "neither quotes nor product lines can be read": QUOTES,
    "no contact has a role": ROLES,
    "no contact is on the opportunity": PEOPLE,
    "no conversation was ever logged here": LOGGED,
    "no criterion is recorded": CRITERIA,
    "no criterion was noted before, so nobody can tell what is new": CRITERIA,
    "no meeting with the customer was ever logged": LOGGED,
    "no quote or product line tells a discount": DISCOUNTS,
    "no sponsor is marked": ROLES,
    "nobody can tell of some signs, such as who took part in meetings": ATTENDEES,
    "nobody is marked as sponsor or as somebody who can decide": ROLES,
    "nobody recorded how our price is rated": CRITERIA,
    "nobody recorded when the contract ends": CONTRACT_END,
    "nobody said how strong we are on a criterion, or whether it is hard or soft": CRITERIA,
    "nobody says what kind of sale it is": KIND,
    "none of our own mails is seen here": MAIL,
    "notes cannot be read": ACTIVITIES,
    "other opportunities of the account cannot be read": ACCOUNT,
    "quotes cannot be read": QUOTES,
    "quotes cannot be read, or do not tell whether a discount rose": DISCOUNTS,
    "quotes or the history of the stage cannot be read": QUOTES,
    "some activities do not say whether the customer took part": HELD,
    "some mails do not say whether they are ours": MAIL,
    "text signals are off": TEXTS,
    "the CRM has no list of rivals, and few here record them in notes": RIVALS,
    "the history of the amount is not complete": DATES,
    "the history of the close date is not complete": DATES,
    "the history of the next step is not kept": NEXT_STEP,
    "the history of the stage is not complete": STAGES,
    "the texts of our mails cannot be read": TEXTS,
    "there are no contacts, or they cannot be read": PEOPLE,
    "what the account bought is not known": ACCOUNT,
    "whether mail bounced cannot be read": BOUNCES,
}
"""Reason -> fix."""

STARTS: dict[str, Fix] = {
    "the text signal '": TEXTS,
    "there is no transcript": TRANSCRIPTS,
    "there is fewer than": TRANSCRIPTS,
}
"""Reasons that name something, by how they start."""

NOTHING_TO_MEND = frozenset(
    {
        "fewer than two criteria are recorded",
        "it is closed",
        "no crucial criterion is weak and without a plan",
        "no meeting is booked with somebody who can decide",
        "no problem is recorded",
        "no quote was sent yet",
        "no rival is ahead on a crucial criterion without a plan",
        "no showstopper waits for one of us",
        "no soft strength waits to be counted",
        "no text speaks of it",
        "nobody who can decide has talked with us",
        "nothing is to be renewed here",
        "some rules about concerns cannot tell",
        "the discount never rose",
        "the discount rose less than twice",
        "the rules about concerns are judged first",
        "there is no result after which nobody asked",
        "there was no conversation in the first three weeks",
        "they are not talking about terms yet",
        "too few won opportunities to compare with",
        "we are not rated above a rival on any criterion",
        "we are strong on no crucial criterion",
        "we asked nothing in these transcripts",
    }
)
"""Reasons that say how things stand."""


def fix_for(reason: str, connector: str) -> str:
    """Return the cheapest fix in this CRM's words; "" where there is nothing to mend."""
    found = FIXES.get(reason)
    if found is None:
        found = next((fix for start, fix in STARTS.items() if reason.startswith(start)), None)
    if found is None:
        return ""
    return found.hubspot if connector == HUBSPOT else found.salesforce
