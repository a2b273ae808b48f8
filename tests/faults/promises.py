"""What is promised where something goes wrong, and what is not: the rows of docs/faults.md.

``page`` puts them beside the tests that carry their mark. A row says on what it has to be proved:
"both" CRMs, one of them, or "core" where no CRM takes part. ``less`` says why a row promises less,
or something else, than one might wish.
"""

from __future__ import annotations

from dataclasses import dataclass

SALESFORCE, HUBSPOT = "salesforce", "hubspot"
ON = {"both": (SALESFORCE, HUBSPOT), SALESFORCE: (SALESFORCE,), HUBSPOT: (HUBSPOT,), "core": ()}


@dataclass(frozen=True)
class Row:
    """One fault. ``on``: a key of ``ON``."""

    fault: str
    promise: str
    on: str = "both"
    less: str = ""


GROUPS = {
    "C": "The process dies",
    "N": "The network",
    "H": "The CRM refuses",
    "T": "Time",
    "P": "Several runs at once",
    "S": "The state store",
    "R": "Rule files",
    "X": "Hostile input and secrets",
}

ROWS = {
    "C1": Row(
        "Killed (SIGKILL) at any point between reading and the last write",
        "The next run recovers by itself: every task is there once, nobody has to unlock anything.",
    ),
    "C2": Row(
        "Told to stop (SIGTERM): a pod is evicted, a timer runs out",
        "The batch under way is finished or left to be looked up, the run ends within ten seconds "
        "with exit 4, and the next one goes on.",
    ),
    "C3": Row("Out of memory", "As when it is killed.", "core"),
    "C4": Row(
        "The power fails",
        "What is about to be sent is on the disk before it leaves, so no task is ever sent that "
        "the store knows nothing of.",
        "core",
    ),
    "N1": Row(
        "The host refuses, has no address, or breaks the handshake off",
        "A read is tried five times with growing pauses. A write was surely not sent and is no "
        "riddle. Then exit 4; nothing was written.",
    ),
    "N2": Row(
        "The connection breaks or times out before the CRM did anything",
        "A create is looked up by its key before it is sent again.",
    ),
    "N3": Row(
        "The answer is lost, half of it, no JSON, or a damaged archive, after the CRM did it",
        "The same: looked up, adopted, never made twice.",
    ),
    "N4": Row(
        "The CRM does it after we have given up",
        "With a unique key no second task is possible. Without one a create is sent again only "
        "after fifteen minutes, and what arrived by then is found.",
        less="Without a unique key, what arrives later than that may be there twice.",
    ),
    "N5": Row(
        "A sign-in page or a proxy answers in the CRM's place, or sends us elsewhere",
        "A sentence that says so, exit 3 or 4, nothing written. No redirect is followed, and the "
        "token goes to no other host.",
    ),
    "N6": Row(
        "The server is slow, or sends a byte now and then",
        "Every wait between bytes has a limit, and the run as a whole has one too: "
        "[guard] max_minutes, then exit 4, within ten seconds. The next run goes on.",
        less="Windows has no alarm: there only the limits between bytes hold.",
    ),
    "H1": Row(
        "The token has run out or was revoked (401)",
        "Where we can sign in, once and the call is repeated once; else, or when refused again, "
        "exit 3. No write is doubled by it.",
        less="A HubSpot service key does not run out, so there is nothing to renew.",
    ),
    "H2": Row(
        "The day's API calls are used up (Salesforce 403, HubSpot 429 DAILY)",
        "At most one call after the first refusal; what was read is dropped, what was written is "
        "kept, exit 6, or 4 where writing had begun. A share of the day is left to others from "
        "the start (daily_reserve: a fifth on Salesforce, a tenth on HubSpot).",
        less="Our own ceiling (daily_calls) counts within one run only; what all clients used "
        "together is taken from the CRM's own count.",
    ),
    "H3": Row(
        "Too fast (429), with Retry-After in seconds or as a date",
        "No call before that time is over. More than ten minutes: the run ends, exit 4.",
    ),
    "H4": Row(
        "500, 502, 503, 504",
        "A read is tried five times; a create is looked up, never just repeated.",
    ),
    "H5": Row(
        "A batch succeeds in part, or answers in another order",
        "Every answer reaches the record it speaks of: by trace id on HubSpot, by the name of the "
        "part on Salesforce.",
        less="Within one collection Salesforce answers in the order of the records, by its own "
        "documentation, and names none.",
    ),
    "H6": Row(
        "A row is locked (UNABLE_TO_LOCK_ROW)",
        "Three more tries in collections of ten, side by side those of one opportunity; then the "
        "next run. The others of the batch are written.",
        SALESFORCE,
        less="Not grouped by account: our collections run one after another in one call, so two "
        "of them never wait for each other.",
    ),
    "H7": Row(
        "A field is removed, renamed, or hidden",
        "One notice for each object, whatever the number of records. What it told is unknown, "
        "which fires no rule and closes no task; all other rules go on. One of our own fields: "
        "exit 3 before the first write.",
        less="Exit 0 where it is not ours: unknown is an answer, and nothing is left to be tried "
        "again. doctor names it.",
    ),
    "H8": Row(
        "A stage or another word of a picklist changed",
        "An unknown stage has no phase, so rules about phases are unknown there; a stage without "
        "a phase and a mapped stage that is gone are named. A flag our field has no option for "
        "stops the run before the first write.",
        less="Words for roles and statuses are not checked against the CRM: an unknown one says "
        "nothing.",
    ),
    "H9": Row(
        "The record is deleted or merged between reading and writing",
        "Its write is moot: no error, no retry. A merged HubSpot deal is followed to the one it "
        "is now.",
        less="Salesforce merges accounts, not opportunities; those keep their ids.",
    ),
    "H10": Row(
        "The owner is inactive or may not see the record",
        "Somebody else is asked: account owner, manager, [tasks] fallback_owner; else the "
        "finding waits and says why. One who leaves between reading and writing costs one try, "
        "and the next run asks somebody else.",
    ),
    "H11": Row(
        "A validation rule, a required field or a trigger refuses one record",
        "That record is reported with the CRM's own words, exit 4; all others are written. Every "
        "later run tries it again, within the batch it would send anyway.",
        less="No growing pause between tries: who mends the rule wants to see it work at the next "
        "run, and on Salesforce it costs no call, on HubSpot a dozen.",
    ),
    "H12": Row(
        "The key is there already",
        "That is success: its task is adopted.",
    ),
    "H13": Row(
        "The API version is retired",
        "Exit 2, with the version to set; nothing written.",
    ),
    "T1": Row(
        "This machine's clock is wrong by a day or a year",
        "The same findings: watermarks, the moment judged by and the time in which one waits come "
        "from the CRM's own clock. Days are those of the organization's time zone.",
        less="Signing in by JWT needs a clock that is right within three minutes, and a "
        "certificate is judged by the local clock: both refuse, with a sentence.",
    ),
    "T2": Row(
        "Changes that show late, share one stamp, or are many at once",
        "None is missed within ten minutes (Salesforce) or an hour (HubSpot) of lateness; what is "
        "read twice changes nothing.",
        less="What shows later than that is found by the weekly full pull.",
    ),
    "P1": Row(
        "Two runs at the same time",
        "The second exits 75 at once and calls nothing in the CRM that writes.",
    ),
    "P2": Row(
        "A run stalls beyond its lease, another takes over, the first wakes up",
        "Its next step in the store is refused, so at most one batch is under way, and the key "
        "makes that harmless.",
    ),
    "P3": Row(
        "The scheduler starts two runs, or none",
        "Two are as above; none shows in status, which tells the last runs and how they ended. "
        "`run` makes every due moment or tells that it was missed, once, and makes up for it.",
        "core",
    ),
    "S1": Row(
        "The store is busy", "A writer asks for the lock first and waits ten seconds.", "core"
    ),
    "S2": Row(
        "The disk is full",
        "The phase is undone, nothing leaves that is not recorded, exit 5 with what to do.",
        "core",
    ),
    "S3": Row(
        "The store is damaged",
        "Said at the start, exit 5, never a traceback; the way back is that of a lost store.",
        "core",
    ),
    "S4": Row(
        "The store is lost",
        "The next run finds our tasks by their keys, deleted ones too, and writes nothing that is "
        "already there.",
        less="A task that is gone even from the bin may be asked once more.",
    ),
    "S5": Row(
        "An old backup is restored",
        "Keys in the CRM are looked at before the first write: none is made twice.",
        less="See the private rules below.",
    ),
    "S6": Row(
        "The store is read-only or on a network share",
        "Exit 5 with what to do.",
        "core",
    ),
    "S7": Row(
        "A migration stops half-way, or the store is newer than the program",
        "One transaction, after a backup; a newer store is refused, exit 5.",
        "core",
    ),
    "R1": Row(
        "A rule file cannot be read or names what does not exist",
        "Every problem with file, line and a suggestion, exit 2, before any call.",
        "core",
    ),
    "R2": Row(
        "What readers of YAML disagree on",
        "YAML 1.2 words only; a key twice, tags and aliases are errors.",
        "core",
    ),
    "R3": Row(
        "A bomb, deep nesting, a huge file",
        "Refused at once, in little memory.",
        "core",
    ),
    "R4": Row(
        "A pattern that never ends",
        "Patterns over CRM text are matched in linear time.",
        "core",
    ),
    "R5": Row(
        "A text that tries to run something",
        "Names in braces are filled in and nothing else is understood.",
        "core",
    ),
    "R6": Row(
        "A changed rule floods the reps",
        "Above [guard] max_writes or max_share_flagged the run stops before the first write, "
        "exit 6, and says what it would have done.",
    ),
    "X1": Row(
        "Odd text in the CRM: markup, control and reversing characters, lone surrogates, a "
        "megabyte, words to a machine",
        "Data and nothing else: escaped where markup counts, without control characters, cut at "
        "the limit.",
    ),
    "X2": Row(
        "Queries or filters hidden in names and values",
        "Names must be plain and described by the CRM; values are quoted.",
        SALESFORCE,
        less="HubSpot takes filters as JSON, which has no quoting to break.",
    ),
    "X3": Row(
        "Formulas, terminal codes or log lines hidden in values",
        "The audit and logs are JSON; a terminal gets no control characters; pages are escaped.",
        "core",
        less="There is no CSV output to prefix.",
    ),
    "X4": Row(
        "Secrets in logs, errors, state or output",
        "In none of them, through every fault of this page and however verbose.",
    ),
    "X5": Row(
        "A certificate of another host, out of date, self-signed, by nobody we know; old TLS",
        "Refused, exit 3 (old TLS: 4), before anything is sent. TLS 1.2 at least; there is no "
        "switch that turns checks off.",
    ),
    "X6": Row(
        "An address in the configuration, or in a sign-in answer, leads elsewhere",
        "Only https and hosts of the vendor; other hosts on the loopback alone. However the "
        "address is spelt.",
    ),
    "X7": Row(
        "Files with keys or tokens that others can read",
        "Refused, with the command that mends it.",
    ),
    "X8": Row(
        "The user or token may do more than it needs",
        "The permission set and the list of scopes grant what is read and our own fields, no more.",
    ),
    "X9": Row(
        "Personal data in the store",
        "Only the fields that rules read are kept. An open opportunity that the CRM no longer "
        "has goes with the next run; any other record, and what hung on it, with the weekly full "
        "pull at the latest.",
        less="There is no command that forgets one person: delete the record in the CRM. Our own "
        "task texts stay in the outbox and the audit as long as those are kept. Weekly snapshots "
        "keep what was there: of an opportunity until 30 days after it is gone, of other records "
        "as many weeks as are kept; a sync with snapshot_weeks = 0 removes them all.",
    ),
}


@dataclass(frozen=True)
class Not:
    """Something that is not promised: ``test`` names the test that shows it, ``why`` says why."""

    what: str
    why: str
    test: str = ""


NOT_PROMISED = (
    Not(
        "One task only, where the state is lost and the task is gone even from the bin",
        "Nothing is left that could tell. One repeat is possible (Salesforce empties the bin after "
        "15 days, HubSpot after 90).",
        "tests/faults/test_not_promised.py::"
        "test_a_task_gone_even_from_the_bin_may_be_asked_once_more_after_a_lost_state",
    ),
    Not(
        "One task only, without a unique key, where a create arrives over fifteen minutes late",
        "Without the CRM's help nobody can know that it is still under way. doctor says so.",
        "tests/e2e/test_query_mode.py::"
        "test_beyond_the_window_a_second_task_is_possible_and_the_unique_key_is_what_prevents_it",
    ),
    Not(
        "One task only, without a unique key, where two machines sync with stores of their own",
        "A lock is in a store. Use one store, or the unique key.",
    ),
    Not(
        "To keep what a person does between our last look at a task and our write",
        "Neither CRM has an update that fails when somebody was faster (HubSpot has none at all, "
        "Salesforce not for collections). The gap is one call, under a second; on HubSpot the "
        "record itself is asked right before. The history in the CRM keeps the person's value.",
        "tests/faults/test_not_promised.py::"
        "test_an_edit_between_our_look_and_our_write_is_overwritten_and_nothing_else_is",
    ),
    Not(
        "That a private task is found again after an old backup was restored",
        "It is linked to nothing, so nobody can ask for it by its opportunity; it is found by its "
        "key, and a task whose key the backup does not know is not looked for until the state is "
        "lost entirely. The key still prevents a second one.",
    ),
    Not(
        "Our own ceiling of calls (daily_calls) over several processes",
        "It is counted within one run. The CRM's own count, which daily_reserve looks at, holds "
        "for all.",
        "tests/faults/test_not_promised.py::test_our_own_ceiling_starts_anew_with_every_run",
    ),
    Not(
        "A change that shows in the CRM later than the overlap",
        "Ten minutes on Salesforce, an hour on HubSpot; the weekly full pull finds it.",
        "tests/faults/test_not_promised.py::"
        "test_a_change_that_shows_later_than_the_overlap_waits_for_the_full_pull",
    ),
    Not(
        "A record that is refused is tried less often as time goes by",
        "See H11.",
    ),
    Not(
        "To work on with a wrong clock where we sign in by JWT, or where a certificate is judged",
        "Both need the right time by their nature; each refuses with a sentence.",
        "tests/faults/test_not_promised.py::test_a_clock_wrong_by_a_day_cannot_sign_in_by_jwt",
    ),
    Not(
        "A store on a network share that hides what it is",
        "Whether locks work there cannot be found out from a client.",
    ),
    Not(
        "Limits in time where there is no SIGALRM (Windows), or inside another program's thread",
        "The limits between bytes still hold.",
    ),
    Not(
        "Access to what the CRM's own sharing shows",
        "A private task is a task: who may see all tasks in the CRM sees it.",
    ),
    Not(
        "Anything about the unique key on HubSpot tasks before provision has asked the portal",
        "Not every portal takes one; without it the weaker promise of N4 holds, and doctor says "
        "so.",
        "tests/e2e/test_query_mode.py::"
        "test_a_key_that_is_not_unique_is_no_guarantee_and_is_told_so",
    ),
)
