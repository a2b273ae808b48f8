"""For tests that look at what a run decides: an organization these rules have judged before."""

from __future__ import annotations

from crmrules.guards import newcomers
from crmrules.sync import Job


def judged_before(job: Job) -> Job:
    """Note in the state that a run judged by these rules, so that none is counted only."""
    org = job.store.for_org(job.connector.check().organization.id)
    with org.lease("tests") as fence, org.transaction(fence) as tx:
        newcomers(tx, job.rules, job.rules_hash, ())
    return job
