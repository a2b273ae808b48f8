"""Signals of questions in transcripts: how many, and of which type.

Know before changing: they count only in word-by-word transcripts with known speakers (see
``text.transcript``). A note is a summary, and questions cannot be counted in one: then all of these
are unknown.

They read no mail.
"""

from __future__ import annotations

from crmrules.model import Mention
from crmrules.signals._mentions import mentioned
from crmrules.signals._registry import Known, Reading, Unknown, View, signal

_SF = "Event and Task descriptions that are transcripts; [text] signals"
_HS = "bodies of calls and meetings that are transcripts; [text] signals"
_UNKNOWN = "text signals are off, or there are too few transcripts"


def _asked(view: View, transcripts: int) -> tuple[list[Mention], tuple[str, ...]] | Unknown:
    """Return our questions in the newest transcripts, and the records of these."""
    scripts = mentioned(view, "questions", "transcript")
    found = mentioned(view, "questions", "question")
    if isinstance(scripts, Unknown):
        return scripts
    if isinstance(found, Unknown):
        return found
    if len(scripts) < transcripts:
        few = "no transcript" if transcripts == 1 else f"fewer than {transcripts} transcripts"
        return Unknown(f"there is {few} with known speakers")
    newest = tuple(one.record for one in scripts[-transcripts:])
    asked = [one for one in found if one.record in newest and one.topic != "none"]
    return asked, newest


def _of_type(view: View, transcripts: int, kind: str) -> Reading[int]:
    found = _asked(view, transcripts)
    if isinstance(found, Unknown):
        return found
    asked, newest = found
    return Known(sum(one.topic == kind for one in asked), newest)


def _percent(view: View, transcripts: int) -> Reading[float]:
    found = _asked(view, transcripts)
    if isinstance(found, Unknown):
        return found
    asked, newest = found
    if not asked:
        return Unknown("we asked nothing in these transcripts")
    facts = sum(one.topic == "situation" for one in asked)
    return Known(100.0 * facts / len(asked), newest)


@signal(unit="questions", unknown=_UNKNOWN, salesforce=_SF, hubspot=_HS)
def questions_in_2_transcripts(view: View) -> Reading[int]:
    """Questions we asked about their business in the last two transcripts."""
    found = _asked(view, 2)
    return found if isinstance(found, Unknown) else Known(len(found[0]), found[1])


@signal(unit="percent", unknown=_UNKNOWN, salesforce=_SF, hubspot=_HS)
def fact_questions_percent(view: View) -> Reading[float]:
    """Share of our questions in the last two transcripts that ask for facts."""
    return _percent(view, 2)


@signal(unit="questions", unknown=_UNKNOWN, salesforce=_SF, hubspot=_HS)
def consequence_questions(view: View) -> Reading[int]:
    """Questions in the last two transcripts that ask what a problem leads to."""
    return _of_type(view, 2, "implication")


@signal(unit="percent", unknown=_UNKNOWN, salesforce=_SF, hubspot=_HS)
def fact_questions_percent_last(view: View) -> Reading[float]:
    """Share of our questions in the last transcript that ask for facts."""
    return _percent(view, 1)


@signal(unit="questions", unknown=_UNKNOWN, salesforce=_SF, hubspot=_HS)
def consequence_questions_last(view: View) -> Reading[int]:
    """Questions in the last transcript that ask what a problem leads to."""
    return _of_type(view, 1, "implication")
