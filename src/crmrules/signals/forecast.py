"""Signals of the forecast: whether it is promised, and how far off its day is.

Know before changing: a category is a word of the CRM, or of an admin who renamed it; which of them
promise is said in ``_words``. An empty category says nothing.

It does not judge the forecast.
"""

from __future__ import annotations

from crmrules.signals._registry import Known, Reading, Unknown, View, signal
from crmrules.signals._words import SURE, says


@signal(
    unit="yes or no",
    unknown="there is no forecast category, or its history is not kept",
    salesforce="Opportunity.ForecastCategoryName: Commit, Closed",
    hubspot="hs_manual_forecast_category: COMMIT, CLOSED",
)
def forecast_as_sure(view: View) -> Reading[bool]:
    """Whether it is forecast as one that will surely come."""
    category = view.opportunity.forecast
    if category is None:
        return Unknown("it has no forecast category")
    return Known(value=says(category, SURE), records=(view.opportunity.record,))


@signal(
    unit="days",
    unknown="it is closed, or has no close date",
    salesforce="Opportunity.CloseDate",
    hubspot="closedate",
)
def days_to_close_date(view: View) -> Reading[int]:
    """Days until its close date; below 0 once that has passed."""
    opportunity = view.opportunity
    if not opportunity.is_open:
        return Unknown("it is closed")
    if opportunity.close_date is None:
        return Unknown("it has no close date")
    return Known((opportunity.close_date - view.now.date()).days, (opportunity.record,))
