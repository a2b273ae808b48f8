"""Fake CRMs for the demo and the tests, faithful where a connector could be hurt.

Know before changing: a sandbox imports nothing from ``crmrules``; it is held to recorded answers of
the real systems, so a convenience the real CRM lacks is a defect.

Does not do: anything for production; no data leaves the machine and none is kept.
"""
