"""SIGKILL at chosen points: what was durable stays, what was not leaves no trace."""

from __future__ import annotations

import pytest
from state_kit import ORG, end, open_store, start, states

_RUN = """
import os, signal, sys
from pathlib import Path
from state_kit import *
from crmrules.connector import Outcome, Result
from crmrules.state import Answer

folder, point, sent = Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3])

def reached(name):
    if name == point:
        os.kill(os.getpid(), signal.SIGKILL)

with open_store(folder) as store:
    org = store.for_org(ORG)
    with org.lease("sync") as fence, org.run(NOW, "hash") as run:
        with org.transaction(fence) as tx:
            tx.outbox.recover()
            tx.mirror.put([opportunity("006A")], run.id)
            reached("rows stored")
            tx.mirror.set_marks({"Opportunity": "m1"})
            reached("watermark moved")
            tx.outbox.plan([create("a"), create("b")], run.id)
            reached("planned")
        reached("decided")
        with org.transaction(fence) as tx:
            taken = tx.outbox.take(5, NOW)
            reached("marked")
        reached("about to send")
        sent.write_text(" ".join(i.key for i in taken))
        reached("sent")
        with org.transaction(fence) as tx:
            tx.outbox.settle(
                [Answer(i, Outcome(Result.DONE, "00T")) for i in taken], run=run.id, now=NOW
            )
            reached("settled")
        reached("recorded")
    reached("released")
"""

NOTHING, PLANNED = {}, {"a": "planned", "b": "planned"}
SENDING, DONE = {"a": "sending", "b": "sending"}, {"a": "done", "b": "done"}


@pytest.mark.slow
@pytest.mark.fault("C1")
@pytest.mark.parametrize(
    ("point", "left"),
    [
        ("rows stored", NOTHING),
        ("watermark moved", NOTHING),
        ("planned", NOTHING),
        ("decided", PLANNED),
        ("marked", PLANNED),
        ("about to send", SENDING),
        ("sent", SENDING),
        ("settled", SENDING),
        ("recorded", DONE),
        ("released", DONE),
    ],
)
def test_a_kill_leaves_whole_phases_only(tmp_path, point, left):
    sent = tmp_path / "sent"
    process = start(_RUN, tmp_path, point, sent)
    _, trouble = process.communicate(timeout=60)
    assert process.returncode == -9, trouble
    with open_store(tmp_path) as store:
        org = store.for_org(ORG)
        store.verify()
        assert states(org) == left
        status = org.status()
        decided = left != NOTHING
        assert status.marks == ({"Opportunity": "m1"} if decided else {})
        assert status.opportunities == int(decided)
        assert (status.runs[0].exit is None) == (point != "released")
        if sent.exists():  # nothing leaves before its intent is durable
            assert set(sent.read_text().split()) <= {k for k, s in left.items() if s != "planned"}
        with org.lease("next") as fence, org.transaction(fence) as tx:
            unknown = tx.outbox.recover()
        assert unknown == sum(state == "sending" for state in left.values())


def test_a_process_killed_in_a_dry_run_leaves_nothing(tmp_path):
    script = _RUN.replace(
        "with org.transaction(fence) as tx:\n            tx.outbox.recover()",
        "with org.dry_run(fence) as tx:\n            tx.outbox.recover()",
    )
    process = start(script, tmp_path, "planned", tmp_path / "sent")
    process.communicate(timeout=60)
    assert process.returncode == -9
    with open_store(tmp_path) as store:
        assert states(store.for_org(ORG)) == {}
    end(process)
