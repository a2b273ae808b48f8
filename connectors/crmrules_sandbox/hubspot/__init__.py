"""A HubSpot portal that runs on loopback: records with history, associations and HTTPS.

Know before changing: the parts meet through ``records`` (what a portal holds) alone; nothing here
may import ``crmrules``, because the sandbox stands for somebody else's system.

Does not do: workflows, lists, forms, marketing, webhooks.
"""
