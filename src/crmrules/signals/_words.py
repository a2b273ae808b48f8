"""What the words of a subject or of a field say: the kinds of meetings, and of business.

Know before changing: this is the one place for such words, a tuple for each kind, in English and
German. Entries are lower case; one that ends in ``*`` may go on ("demo*": demos), any other is a
whole word; a space stands for spaces, hyphens and underscores alike. Entries are plain words, never
patterns, so a search is linear in the text. A word that can mean two things stays out: a kind that
is missed leaves a rule silent, a kind that is wrong makes it say what is not so.

It registers no signal and reads no text of a note or a mail.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Final

LONGEST = 1000  # characters of a subject that are looked at

ROLLOUT: Final = (
    *("implementation*", "kick off", "kickoff", "onboarding", "roll out*", "rollout*", "go live"),
    *("golive", "deployment", "hand over", "handover", "einführung*", "einfuehrung*"),
    *("inbetriebnahme*", "implementierung*", "projektstart", "umsetzungsplan*", "übergabe*"),
    *("uebergabe*", "einführungsplan*", "schulungsplan*"),
)
"""A meeting about putting to use what was bought."""

RENEWAL: Final = (
    *("renewal*", "renew", "renews", "contract extension*"),
    *("verlängerung*", "verlaengerung*", "vertragsverlängerung*", "vertragsverlaengerung*"),
)
"""A kind, a pipeline or a name of business in which a contract is to go on."""

EXISTING: Final = (
    *("existingbusiness", "existing business", "existing customer", "existing"),
    *("bestandskunde", "bestandsgeschäft", "bestandsgeschaeft"),
)
"""A whole kind of business that says: a customer, be it a renewal or more of it."""

SURE: Final = ("commit", "committed", "closed", "zusage", "zugesagt", "verbindlich")
"""A forecast category that promises it: Salesforce's Commit, HubSpot's COMMIT, and their Closed."""

NO_CONCERN: Final = (
    *("none", "none found", "no concern", "no concerns", "nothing", "no worries"),
    *("keine", "keine gefunden", "keine bedenken", "keine sorgen", "nichts"),
)
"""A whole topic of a concern that says: we asked, and there is none."""

DEMO: Final = (
    *("demo", "demos", "demonstration*", "product presentation*", "presentation*", "presenting"),
    *("walkthrough*", "walk through*", "product tour", "product overview", "showcase", "pitch"),
    *("demotermin*", "livedemo", "produktdemo*", "präsentation*", "praesentation*"),
    *("produktpräsentation*", "produktpraesentation*", "vorführung*", "vorfuehrung*"),
    *("produktvorführung*", "produktvorfuehrung*", "produktvorstellung*"),
)
"""A meeting in which we show what we have."""

DISCOVERY: Final = (
    *("discovery", "discover", "needs analysis", "needs assessment", "needs call", "fact finding"),
    *("qualification", "qualifying", "scoping", "requirements", "site visit", "interview*"),
    *("process review", "current state", "pain points"),
    *("bedarfsanalyse*", "bedarfsaufnahme*", "bedarfsgespräch*", "bedarfsgespraech*"),
    *("bedarfsermittlung", "erstgespräch*", "erstgespraech*", "kennenlern*", "anforderung*"),
    *("ist analyse", "ist aufnahme", "prozessaufnahme", "bestandsaufnahme", "qualifizierung*"),
)
"""A conversation in which we ask how things are done today, and what is wrong with it."""

MATERIAL: Final = (
    *("brochure*", "data sheet*", "datasheet*", "feature*", "product sheet*", "slides"),
    *("slide deck*", "white paper*", "whitepaper*", "catalogue*", "catalog", "product video*"),
    *("broschüre*", "broschuere*", "datenblatt", "datenblätter", "produktblatt", "folien"),
    *("funktionsübersicht", "funktionen", "produktkatalog", "prospekt*"),
)
"""A mail that carries papers about what we have."""

REPEAT: Final = (
    *("existing", "existingbusiness", "existing business", "existing customer", "renewal*"),
    *("renew", "repeat*", "reorder*", "re order*", "upsell*", "up sell*", "cross sell*"),
    *("add on*", "addon*", "upgrade*", "replacement", "downgrade*", "extension*", "expansion"),
    *("bestandskunde*", "bestandsgeschäft", "bestandsgeschaeft", "verlängerung*"),
    *("verlaengerung*", "vertragsverlängerung*", "vertragsverlaengerung*", "folgeauftrag"),
    *("nachbestellung*", "erweiterung*"),
)
"""A kind of business in which the customer buys again."""

ASKED_TO_SEE: Final = (
    *("demo request*", "request a demo", "requested demo", "demo requested", "book a demo"),
    *("trial", "free trial", "demo anfrage*", "demoanfrage*", "testzugang"),
)
"""A lead source that says: the customer asked to be shown."""
SUMMARY: Final = (
    *("summary", "summaries", "summaris*", "summariz*", "recap*", "as discussed", "as agreed"),
    *("minutes of", "meeting minutes", "meeting notes", "where we stand", "what we agreed"),
    *("zusammenfass*", "gesprächszusammenfass*", "gespraechszusammenfass*", "gesprächsnotiz*"),
    *("gespraechsnotiz*", "besprechungsnotiz*", "protokoll*", "gesprächsprotokoll*"),
    *("gespraechsprotokoll*", "besprechungsprotokoll*", "wie besprochen", "wie vereinbart"),
)
"""A mail or a note that says where things stand."""

SOFT: Final = (
    *("service*", "quality", "responsive*", "trust*", "reliab*", "support", "ease of use"),
    *("easy to use", "usab*", "user experience", "reputation", "relationship*", "partnership"),
    *("flexib*", "expertise", "experience", "know how", "communication", "culture", "commitment"),
    *("qualität*", "qualitaet*", "vertrau*", "betreuung", "kundendienst", "zuverlässig*"),
    *("zuverlaessig*", "benutzerfreundlich*", "bedienbar*", "erfahrung*", "beziehung*"),
    *("kompetenz*", "kommunikation"),
)
"""A strength that is a matter of opinion until somebody counts it."""

NO_RIVAL: Final = (
    *("status quo", "do nothing", "doing nothing", "no decision", "no change", "stay as they are"),
    *("in house", "inhouse", "internal*", "own development", "build it", "self built"),
    *("nichts tun", "nichtstun", "keine entscheidung", "eigenentwicklung*", "intern", "interne*"),
    *("bestandslösung*", "bestandsloesung*"),
)
"""What a customer may choose instead of any supplier."""

PRICE: Final = (
    *("price*", "pricing", "discount*", "rebate*", "cheaper", "money off"),
    *("preis*", "rabatt*", "nachlass", "nachlässe", "preisnachlass", "mengenrabatt*", "skonto"),
    *("günstiger", "guenstiger"),
)
"""A concession that costs money and nothing else."""

SOLE_SOURCE: Final = (
    *("renewal*", "renew", "sole source*", "single source*", "call off*", "verlängerung*"),
    *("verlaengerung*", "vertragsverlängerung*", "vertragsverlaengerung*", "erneuerung*"),
    *("abruf*", "freihändig*", "freihaendig*"),
)
"""A kind of business in which the customer compares nobody."""


def says(words: str | None, kind: tuple[str, ...]) -> bool:
    """Return whether any entry of a kind stands in the words."""
    if not words:
        return False
    plain = re.sub(r"[\s_\-\u2010-\u2015]+", " ", words[:LONGEST].casefold())
    return _pattern(kind).search(plain) is not None


@cache
def _pattern(kind: tuple[str, ...]) -> re.Pattern[str]:
    entries = (re.escape(entry.rstrip("*")) + r"\w*" * entry.endswith("*") for entry in kind)
    return re.compile(rf"(?<!\w)(?:{'|'.join(entries)})(?!\w)")
