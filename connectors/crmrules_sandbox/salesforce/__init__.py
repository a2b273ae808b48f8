"""A Salesforce org that runs on loopback: schema, SOQL, writes and HTTPS.

Know before changing: the parts meet only through ``schema`` (what objects and fields exist) and the
``Tables`` protocol of ``soql`` (what rows there are); nothing here may import ``crmrules``, because
the sandbox stands for somebody else's system.

Does not do: sharing rules, triggers, flows, validation rules, bulk and streaming APIs.
"""
