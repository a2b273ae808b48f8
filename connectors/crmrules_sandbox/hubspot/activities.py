"""The standard properties of calls, meetings, emails, notes and tasks.

Know before changing: the lines are those of ``standard``. ``hs_timestamp`` is when an activity
happened, and for a task when it is due.

Does not do: anything else.
"""

# ruff: noqa: E501 - a line is a property with all its options

from __future__ import annotations

COMMON = """
hs_timestamp|datetime/date||Activity date
hs_activity_type|enumeration/select||Call and meeting type
hs_attachment_ids|enumeration/checkbox||Attached file IDs
hs_body_preview|string/textarea|r|Body preview
hs_unique_creation_key|string/text|u|Unique creation key
hs_engagement_source|string/text|r|Activity source
"""

CALLS = """
hs_call_title|string/text||Call title
hs_call_body|string/html||Call notes
hs_call_direction|enumeration/select||Call direction|INBOUND:Inbound,OUTBOUND:Outbound
hs_call_disposition|enumeration/select||Call outcome|9d9162e7-6cf3-4944-bf63-4dff82258764:Busy,f240bbac-87c9-4f6e-bf70-924b57d47db7:Connected,a4c4c377-d246-4b32-a13b-75a56a4cd0ff:Left live message,b2cf5968-551e-4856-9783-52b3da59a7d0:Left voicemail,73a0d17f-1163-4015-bdd5-ec830791da20:No answer,17b47fee-58de-441e-a44c-c6300d46f273:Wrong number
hs_call_duration|number/number||Call duration
hs_call_status|enumeration/select||Call status|BUSY,CALLING_CRM_USER,CANCELED,COMPLETED,CONNECTING,FAILED,IN_PROGRESS,MISSED,NO_ANSWER,QUEUED,RINGING
hs_call_from_number|string/text||From number
hs_call_to_number|string/text||To number
hs_call_recording_url|string/text||Recording URL
hs_call_summary|string/textarea|r|Call summary
"""

MEETINGS = """
hs_meeting_title|string/text||Meeting name
hs_meeting_body|string/html||Meeting description
hs_internal_meeting_notes|string/html||Internal meeting notes
hs_meeting_start_time|datetime/date||Meeting start time
hs_meeting_end_time|datetime/date||Meeting end time
hs_meeting_outcome|enumeration/select||Meeting outcome|SCHEDULED:Scheduled,COMPLETED:Completed,RESCHEDULED:Rescheduled,NO_SHOW:No show,CANCELED:Canceled
hs_meeting_location|string/text||Meeting location
hs_meeting_external_url|string/text||External URL
hs_attendee_owner_ids|enumeration/checkbox||Attendee owners
"""

EMAILS = """
hs_email_subject|string/text||Email subject
hs_email_text|string/textarea||Email body
hs_email_html|string/html||Email HTML
hs_email_direction|enumeration/select||Email direction|EMAIL:Email,INCOMING_EMAIL:Incoming email,FORWARDED_EMAIL:Forwarded email,DRAFT_EMAIL:Draft email
hs_email_status|enumeration/select||Email send status|BOUNCED,FAILED,SCHEDULED,SENDING,SENT
hs_email_thread_id|string/text||Thread ID
hs_email_headers|string/textarea||Email headers
hs_email_from_email|string/text|r|From address
hs_email_to_email|string/text|r|To address
hs_email_sender_email|string/text|r|Sender email
hs_email_open_count|number/number|c|Number of opens
hs_email_reply_count|number/number|c|Number of replies
"""

NOTES = """
hs_note_body|string/html||Note body
"""

TASKS = """
hs_task_subject|string/text||Task title
hs_task_body|string/html||Task notes
hs_task_status|enumeration/select||Task status|NOT_STARTED:Not started,IN_PROGRESS:In progress,COMPLETED:Completed,WAITING:Waiting,DEFERRED:Deferred
hs_task_priority|enumeration/select||Priority|LOW:Low,MEDIUM:Medium,HIGH:High,NONE:None
hs_task_type|enumeration/radio||Task type|TODO:To-do,CALL:Call,EMAIL:Email,LINKED_IN,LINKED_IN_CONNECT,LINKED_IN_MESSAGE,MEETING
hs_task_reminders|string/text||Reminders
hs_task_completion_date|datetime/date|r|Completed at
hs_task_is_completed|number/number|c|Is completed
hs_task_is_past_due_date|bool/booleancheckbox|c|Is past due|true:Yes,false:No
hs_queue_membership_ids|enumeration/checkbox|r|Queue
"""
