"""HubSpot: deals, their contacts, companies, engagements and quotes, as opportunities.

Know before changing: ids of HubSpot collide across object types, so a row's key and a piece's
record name the type as well (``call/512``), while people, owners and the opportunity keep their
plain id.

It decides nothing: what a record means is said here, what to do about it in the rules.
"""
