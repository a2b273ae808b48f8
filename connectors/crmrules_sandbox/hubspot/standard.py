"""The standard properties of deals, contacts, companies, quotes and line items.

Know before changing: one property a line: name, type/fieldType, flags, label, options. Flags: ``r``
read-only, ``c`` calculated (and read-only), ``u`` unique. Options are values, or ``value:Label``.
Which properties exist, and which of them are read-only, are facts of HubSpot; the labels are ours.

Does not do: the properties of activities (``activities``), read the table (``schema``).
"""

# ruff: noqa: E501 - a line is a property with all its options

from __future__ import annotations

COMMON = """
hs_object_id|number/number|c|Record ID
hs_createdate|datetime/date|r|Object create date/time
hs_lastmodifieddate|datetime/date|c|Object last modified date/time
hs_merged_object_ids|enumeration/checkbox|r|Merged record IDs
hs_created_by_user_id|number/number|r|Created by user ID
hs_updated_by_user_id|number/number|r|Updated by user ID
hs_object_source|string/text|r|Record source
hs_object_source_id|string/text|r|Record source ID
hs_object_source_label|string/text|r|Record source label
hubspot_owner_id|enumeration/select||Owner
hubspot_team_id|enumeration/select|r|Team
hubspot_owner_assigneddate|datetime/date|c|Owner assigned date
"""

DEALS = """
dealname|string/text||Deal name
dealstage|enumeration/radio||Deal stage
pipeline|enumeration/select||Pipeline
amount|number/number||Amount
amount_in_home_currency|number/number|c|Amount in company currency
closedate|datetime/date||Close date
createdate|datetime/date||Create date
dealtype|enumeration/radio||Deal type|newbusiness:New Business,existingbusiness:Existing Business
description|string/textarea||Deal description
deal_currency_code|enumeration/select||Currency|USD,EUR,GBP,CHF,JPY,CAD,AUD
hs_next_step|string/textarea||Next step
hs_next_step_updated_at|datetime/date|c|Next step updated at
hs_manual_forecast_category|enumeration/select||Forecast category|OMIT:Not forecasted,PIPELINE:Pipeline,BEST_CASE:Best case,COMMIT:Commit,CLOSED:Closed won
hs_forecast_probability|number/number||Forecast probability
hs_analytics_source|enumeration/select|r|Original traffic source|ORGANIC_SEARCH,PAID_SEARCH,EMAIL_MARKETING,SOCIAL_MEDIA,REFERRALS,OTHER_CAMPAIGNS,DIRECT_TRAFFIC,OFFLINE,PAID_SOCIAL,AI_REFERRALS
hs_priority|enumeration/select||Priority|low:Low,medium:Medium,high:High
hs_is_closed|bool/booleancheckbox|c|Is deal closed?|true:True,false:False
hs_is_closed_won|bool/booleancheckbox|c|Is closed won|true:True,false:False
hs_is_closed_lost|bool/booleancheckbox|c|Is closed lost|true:True,false:False
hs_deal_stage_probability|number/number|c|Deal probability
hs_deal_score|number/number|c|Deal score
hs_v2_date_entered_current_stage|datetime/date|c|Date entered current stage
hs_v2_time_in_current_stage|datetime/date|c|Time in current stage
closed_lost_reason|string/textarea||Closed lost reason
closed_won_reason|string/textarea||Closed won reason
num_associated_contacts|number/number|c|Number of associated contacts
notes_last_contacted|datetime/date|c|Last contacted
notes_last_updated|datetime/date|c|Last activity date
notes_next_activity_date|datetime/date|c|Next activity date
hs_next_meeting_start_time|datetime/date|c|Next meeting start time
hs_sales_email_last_replied|datetime/date|c|Recent sales email replied date
hs_closed_amount|number/number|c|Closed deal amount
hs_projected_amount|number/number|c|Weighted amount
days_to_close|number/number|c|Days to close
hs_acv|number/number||Annual contract value
hs_tcv|number/number||Total contract value
hs_mrr|number/number||Monthly recurring revenue
"""

CONTACTS = """
firstname|string/text||First name
lastname|string/text||Last name
email|string/text|u|Email
jobtitle|string/text||Job title
company|string/text||Company name
phone|string/phonenumber||Phone number
mobilephone|string/phonenumber||Mobile phone number
website|string/text||Website URL
createdate|datetime/date||Create date
lastmodifieddate|datetime/date|c|Last modified date
lifecyclestage|enumeration/radio||Lifecycle stage|subscriber,lead,marketingqualifiedlead,salesqualifiedlead,opportunity,customer,evangelist,other
hs_lead_status|enumeration/radio||Lead status|NEW,OPEN,IN_PROGRESS,OPEN_DEAL,UNQUALIFIED,ATTEMPTED_TO_CONTACT,CONNECTED,BAD_TIMING
hs_buying_role|enumeration/checkbox||Buying role|BLOCKER,BUDGET_HOLDER,CHAMPION,DECISION_MAKER,END_USER,EXECUTIVE_SPONSOR,INFLUENCER,LEGAL_AND_COMPLIANCE,OTHER
hs_seniority|enumeration/select||Seniority|entry,senior,manager,director,vp,executive,owner,partner
hs_role|string/text||Employment role
hs_email_hard_bounce_reason_enum|enumeration/select|r|Email hard bounce reason|BLOCKED,CONTENT,DMARC,FILTERED,MAILBOX_FULL,MAILBOX_MISCONFIGURATION,OTHER,POLICY,SPAM,TEMPORARY,UNKNOWN_USER
hs_email_optout|bool/booleancheckbox|r|Unsubscribed from all email|true:Yes,false:No
hs_sales_email_last_replied|datetime/date|c|Recent sales email replied date
notes_last_contacted|datetime/date|c|Last contacted
notes_last_updated|datetime/date|c|Last activity date
notes_next_activity_date|datetime/date|c|Next activity date
associatedcompanyid|number/number|r|Primary associated company ID
num_associated_deals|number/number|c|Number of associated deals
"""

COMPANIES = """
name|string/text||Company name
domain|string/text||Company domain name
hs_parent_company_id|number/number|r|Parent company
website|string/text||Website URL
industry|string/text||Industry
phone|string/phonenumber||Phone number
city|string/text||City
country|string/text||Country/Region
description|string/textarea||Description
annualrevenue|number/number||Annual revenue
numberofemployees|number/number||Number of employees
type|enumeration/select||Type|PROSPECT,PARTNER,RESELLER,VENDOR,OTHER
createdate|datetime/date||Create date
lifecyclestage|enumeration/radio||Lifecycle stage|subscriber,lead,marketingqualifiedlead,salesqualifiedlead,opportunity,customer,evangelist,other
notes_last_contacted|datetime/date|c|Last contacted
notes_last_updated|datetime/date|c|Last activity date
notes_next_activity_date|datetime/date|c|Next activity date
num_associated_contacts|number/number|c|Number of associated contacts
num_associated_deals|number/number|c|Number of associated deals
"""

QUOTES = """
hs_title|string/text||Quote title
hs_status|enumeration/select||Quote status|DRAFT,MINIMAL_DRAFT,PENDING_APPROVAL,PENDING_SIGNATURE,APPROVAL_NOT_NEEDED,APPROVED,REJECTED
hs_expiration_date|datetime/date||Expiration date
hs_public_url_key|string/text|r|Public URL key
hs_quote_number|string/text|r|Quote reference number
hs_quote_amount|number/number|c|Quote amount
hs_quote_total_preference|string/text||Total preference
hs_currency|enumeration/select||Currency|USD,EUR,GBP,CHF,JPY,CAD,AUD
hs_language|string/text||Language
hs_template_type|string/text||Template type
hs_terms|string/textarea||Purchase terms
hs_comments|string/textarea||Comments to buyer
hs_esign_enabled|bool/booleancheckbox||E-signature enabled|true:Yes,false:No
hs_esign_date|datetime/date|r|Signature date
hs_payment_status|enumeration/select|r|Payment status|PENDING,PAID,NONE
hs_sender_email|string/text||Sender email
hs_approver_id|number/number|r|Approver
hs_num_associated_deals|number/number|c|Number of associated deals
"""

LINE_ITEMS = """
name|string/text||Name
price|number/number||Unit price
quantity|number/number||Quantity
amount|number/number|c|Net price
discount|number/number||Unit discount
hs_discount_percentage|number/number||Discount percentage
hs_total_discount|number/number|c|Total discount
hs_line_item_currency_code|enumeration/select||Currency|USD,EUR,GBP,CHF,JPY,CAD,AUD
hs_product_id|number/number||Product ID
hs_sku|string/text||SKU
description|string/textarea||Description
createdate|datetime/date||Create date
recurringbillingfrequency|enumeration/select||Billing frequency|monthly,quarterly,annually
hs_recurring_billing_period|string/text||Term
hs_position_on_quote|number/number||Position on quote
hs_cost_of_goods_sold|number/number||Unit cost
"""
