"""Life of a finding: episode, settling, suppression, cool-down, caps.

Everything here is a pure function of what was and what is seen now; ``plan`` turns the result into
writes. It does no I/O and reads no clock.
"""

from crmrules.findings.hold import HeldBack, Limits, Ranked, hold_on_opportunity, rank_and_cap
from crmrules.findings.keys import TaskKey, task_key
from crmrules.findings.life import Cleared, Episode, EpisodeStatus, advance
from crmrules.findings.tasks import Answer, TaskRecord, TaskStatus, adopt, observe

__all__ = [
    "Answer",
    "Cleared",
    "Episode",
    "EpisodeStatus",
    "HeldBack",
    "Limits",
    "Ranked",
    "TaskKey",
    "TaskRecord",
    "TaskStatus",
    "adopt",
    "advance",
    "hold_on_opportunity",
    "observe",
    "rank_and_cap",
    "task_key",
]
