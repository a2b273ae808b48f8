"""Signals of a renewal: what is to be renewed, when, and what there is to build on.

Know before changing: a renewal is an open opportunity whose kind, pipeline or name says so; where
none is open, it is the last sale to the account, up to the end of its contract. So one of them
speaks for the account, and its own conversations are seen.

An open one of a customer is unknown where its kind is empty, or says no more than "existing", which
HubSpot's does of renewals and of extra orders alike.
"""

from __future__ import annotations

from datetime import datetime

from crmrules.baseline import COVERAGE_GATE
from crmrules.signals._registry import Known, Reading, Unknown, View, signal
from crmrules.signals._time import days_ago, engaged, records
from crmrules.signals._words import EXISTING, RENEWAL, says
from crmrules.signals.account import is_latest_win, open_siblings
from crmrules.signals.development import days_to_contract_end
from crmrules.signals.forecast import days_to_close_date
from crmrules.signals.needs import readable

_KIND = "Opportunity.Type, record type, Name; other opportunities of the account; contract_end"
_HS_KIND = "dealtype, pipeline, dealname; other deals of the company; contract_end"
_NO_OTHERS = Unknown("other opportunities of the account cannot be read")


@signal(
    unit="yes or no",
    unknown="nobody says what kind of sale it is, or other opportunities cannot be read",
    salesforce=_KIND,
    hubspot=_HS_KIND,
)
def up_for_renewal(view: View) -> Reading[bool]:
    """Whether it is an open renewal, or the last sale to an account with nothing open."""
    opportunity, mine = view.opportunity, (view.opportunity.record,)
    if opportunity.won is False:
        return Known(value=False, records=mine)
    if opportunity.won:
        return _last_sale_runs(view)
    words = (opportunity.kind, opportunity.pipeline, opportunity.name)
    if any(says(word, RENEWAL) for word in words):
        return Known(value=True, records=mine)
    if (opportunity.kind or "").casefold().strip() in EXISTING:
        return Unknown("its kind does not say if it is a renewal or a sale of more")
    others = opportunity.siblings
    never_bought = others is not None and not any(one.won_at for one in others)
    if opportunity.kind is not None or never_bought:
        return Known(value=False, records=mine)
    return Unknown("nobody says what kind of sale it is")


def _last_sale_runs(view: View) -> Reading[bool]:
    end = view.opportunity.contract_end
    if end is not None and end < view.now.date():
        return Known(value=False, records=(view.opportunity.record,))
    latest, running = is_latest_win(view), open_siblings(view)
    if isinstance(latest, Unknown):
        return latest
    if isinstance(running, Unknown):
        return running
    found = (*latest.records, *running.records)
    return Known(value=latest.value and running.value == 0, records=found)


@signal(
    unit="days",
    unknown="nothing is to be renewed here, or there is neither a close date nor a contract's end",
    salesforce=f"CloseDate; {_KIND}",
    hubspot=f"closedate; {_HS_KIND}",
)
def days_to_renewal(view: View) -> Reading[int]:
    """Days until the close date of an open renewal, or until the last sale's contract ends."""
    due = up_for_renewal(view)
    if isinstance(due, Unknown):
        return due
    if not due.value:
        return Unknown("nothing is to be renewed here")
    return days_to_close_date(view) if view.opportunity.is_open else days_to_contract_end(view)


def _last_sale(view: View) -> datetime | Unknown | None:
    """Return when the account last bought; None if never, as far as we know."""
    if view.opportunity.won:
        return view.opportunity.closed_at
    if view.opportunity.siblings is None:
        return _NO_OTHERS
    sales = (one.won_at for one in view.opportunity.siblings)
    return max((at for at in sales if at is not None and at <= view.now), default=None)


@signal(
    unit="needs and results",
    unknown="notes or other opportunities cannot be read, or too few here record such things",
    salesforce="#need, #success tags or mapped fields; CloseDate of the last sale",
    hubspot="#need, #success tags or mapped properties; closedate of the last sale",
)
def gains_since_last_sale(view: View) -> Reading[int]:
    """Needs and results recorded since the account last bought."""
    since = _last_sale(view)
    if isinstance(since, Unknown):
        return since
    noted = (*view.opportunity.needs, *view.opportunity.successes)
    fresh = [one for one in noted if since is None or one.known_at > since]
    if not readable(view, fresh):
        return Unknown("notes cannot be read")
    covered = max(view.baseline.coverage.get(name, 0.0) for name in ("needs", "successes"))
    if not fresh and covered < COVERAGE_GATE:
        return Unknown("needs and results are recorded on too few won opportunities")
    return Known(len(fresh), records(fresh))


@signal(
    unit="people",
    unknown="nothing was logged, or a conversation in that time names nobody",
    salesforce="Event and Task WhoId, of the account and the opportunity",
    hubspot="contacts associated with engagements of the company and the deal",
)
def engaged_people_in_90_days(view: View) -> Reading[int]:
    """Different people of the account who took part in a conversation in the last 90 days."""
    found = engaged(view, days_ago(view, 90), account=True)
    if isinstance(found, Unknown):
        return found
    if found.others:
        return Unknown("a conversation does not say who took part")
    return Known(len(found.sure), found.records)
