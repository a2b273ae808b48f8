"""What the records of every CRM become in the same way, once a connector has read them.

A connector knows the vendor's names; from there on a fact is a fact: phases follow from stages, a
name in a note marks a person, a payoff joins its need. Here is that common part, so that one
sentence of a rep means the same in every CRM.

Know before changing: a change here changes what every connector says.

It knows no vendor's field, makes no call and reads no clock.
"""
