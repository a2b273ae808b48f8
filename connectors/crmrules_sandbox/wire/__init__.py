"""What every sandbox CRM needs and no CRM owns: sockets, TLS, faults, the call log.

Know before changing: this package knows no CRM. What a request means is a ``Gate`` subclass's
business; which faults there are and where they may strike by default is a ``Fault`` subclass's.

Does not do: read or write a body, check a token, count a quota.
"""
