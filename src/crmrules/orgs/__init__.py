"""Many organizations: one process for each, on this machine or on those of a Dask cluster.

A process of its own has its own credentials, limits, clock, log and end: whatever happens to one,
the others never know. It is the command line once more (``unit``), so one organization's sync
means the same alone and among many.
"""
