"""Invented people, companies and products.

Know before changing: every name is made of word lists written for this file; companies are two
made-up parts and a trade, so none is meant to be a real one. Mail addresses end in ``.example``,
which can never be delivered. Drawing is without replacement: no company and no person comes twice.

Does not do: decide who works where or who knows whom.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from itertools import product


def _words(text: str) -> list[str]:
    return text.split()


FIRST = _words(
    "Aisha Alan Amara Anders Anita Arjun Astrid Beatriz Bella Carl Carmen Cedric Chiara Clara "
    "Colin Dana Daniel Deepa Diego Dora Edith Elena Elias Emil Esther Fabian Farah Fiona "
    "Frida Gareth Gemma Greta Hamid Hanna Harriet Hector Ines Ingrid Isaac Ivo Jamal Jana "
    "Joanna Jonas Kavita Kenji Kirsten Lars Leila Lena Lionel Lucia Magda Malik Marco Marta "
    "Mei Milan Mona Nadia Niall Nils Nora Olga Omar Oscar Paula Petra Priya Quentin Rafael "
    "Renata Rosa Rupert Salma Samuel Selma Sofia Stefan Sven Tamara Teresa Tomas Ulrike Vera "
    "Victor Wanda Wen Xenia Yasmin Yusuf Zoe"
)
LAST = _words(
    "Abara Albrecht Almeida Andrade Arslan Baptiste Barros Bellamy Bergmann Bianchi Blomqvist "
    "Bruckner Cardoso Castell Chandra Chen Corrigan Dahl Delgado Demir Dietrich Drummond "
    "Duarte Eriksen Esposito Faulkner Ferrand Fontaine Forsberg Gallagher Garnier Gruber "
    "Haddad Halloran Hashimoto Heller Herrera Hollis Ibarra Iversen Jankowski Jimenez Kapoor "
    "Keller Khalil Kowalski Kruger Lacroix Lindgren Lombardi Maddox Marchetti Mbeki Mendes "
    "Moreau Nakata Navarro Novak Nyberg Okafor Olsson Ortega Pahlavi Pereira Petrov Pollard "
    "Quintero Radcliffe Rahman Reinhardt Rocha Romano Ruiz Salazar Sandoval Schreiber Serrano "
    "Sharma Sorensen Strand Takeda Tavares Thornton Ueda Valente Vasquez Vogel Wexler "
    "Whitlock Winter Yilmaz Zapata Zeller"
)
_ROOT = _words(
    "Alder Amber Birch Brook Calder Cedar Copper Dorn Elder Falken Fern Grau Harbor Hazel "
    "Iron Juniper Kestrel Lanter Linden Marl Mill Nord Oak Orchard Pell Quarry Raven Rowan "
    "Sable Silver Slate Stern Tarn Thorn Umber Vale Wester Willow Wren Yarrow"
)
_TAIL = _words(
    "bridge burn croft dale field ford gate holm land mark mere point stead stone wick worth"
)
TRADES = {
    "Logistics": ("Logistics", "Freight", "Haulage"),
    "Manufacturing": ("Works", "Components", "Castings", "Tooling"),
    "Food & Beverage": ("Foods", "Bakeries", "Beverages"),
    "Retail": ("Stores", "Trading", "Home"),
    "Healthcare": ("Clinics", "Diagnostics", "Care"),
    "Energy": ("Energy", "Grid", "Heat"),
    "Banking": ("Savings Bank", "Leasing"),
    "Electronics": ("Instruments", "Sensors"),
}
"""Industry -> last words of company names in it."""

TITLES = {
    "power": (
        "Chief Financial Officer", "Chief Operating Officer", "Managing Director", "CEO",
        "VP Operations", "VP Supply Chain", "Chief Information Officer",
    ),
    "senior": (
        "Director of Operations", "IT Director", "Head of Logistics", "Finance Director",
        "Director of Purchasing", "VP Customer Service",
    ),
    "middle": (
        "Warehouse Manager", "IT Project Manager", "Purchasing Manager", "Quality Manager",
        "Shift Manager", "Process Engineer",
    ),
    "junior": (
        "Operations Analyst", "Purchasing Assistant", "Project Coordinator", "Data Specialist",
        "Order Clerk", "Systems Analyst",
    ),
}  # fmt: skip
"""Level -> job titles; the last two levels cannot decide."""

ROLES = {
    "power": ("Economic Buyer", "Decision Maker", "Economic Decision Maker"),
    "senior": ("Decision Maker", "Influencer", "Executive Sponsor"),
    "middle": ("Influencer", "Technical Buyer", "Business User"),
    "junior": ("Evaluator", "Business User", "Technical Buyer"),
}
"""Level -> the contact roles such a person gets."""

PRODUCTS = (
    ("OrderLink Platform", "OL-100", 18000.0),
    ("OrderLink Warehouse Module", "OL-210", 9500.0),
    ("OrderLink Carrier Connect", "OL-220", 6400.0),
    ("Scanner Station", "HW-050", 1450.0),
    ("Label Printer Set", "HW-060", 890.0),
    ("Onboarding Package", "SV-010", 12000.0),
    ("Premium Support, one year", "SV-020", 7200.0),
    ("Integration Workshop", "SV-030", 3200.0),
)
"""Name, code and list price of what the sandbox company sells."""

RIVALS = ("Parcelwise", "Dockmaster", "Tallyrun", "in-house development", "status quo")
SOURCES = ("Web", "Phone Inquiry", "Partner Referral", "Purchased List", "Trade Show", "Other")

CITIES = (
    ("Hamburg", "Germany"), ("Leeds", "United Kingdom"), ("Columbus", "United States"),
    ("Lyon", "France"), ("Valencia", "Spain"), ("Denver", "United States"),
    ("Rotterdam", "Netherlands"), ("Graz", "Austria"), ("Bristol", "United Kingdom"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Company:
    """A customer's name, industry and mail domain."""

    name: str
    industry: str
    domain: str


class Cast:
    """Draws companies and people, each at most once, in an order fixed by the random source.

    When the words for companies are used up, they come again with a number. Raises IndexError when
    more people are asked for than the word lists can make (over 8,000).
    """

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._round = 0
        self._roots: list[str] = []
        self._more_roots()
        people = list(product(FIRST, LAST))
        rng.shuffle(people)
        self._people = people

    def _more_roots(self) -> None:
        self._round += 1
        number = f" {self._round}" if self._round > 1 else ""
        self._roots = [f"{root}{tail}{number}" for root, tail in product(_ROOT, _TAIL)]
        self._rng.shuffle(self._roots)

    def company(self) -> Company:
        """Return a company nobody has drawn before."""
        if not self._roots:
            self._more_roots()
        root = self._roots.pop()
        industry = self._rng.choice(tuple(TRADES))
        return Company(
            name=f"{root} {self._rng.choice(TRADES[industry])}",
            industry=industry,
            domain=f"{re.sub('[^a-z0-9]', '', root.lower())}.example",
        )

    def person(self) -> tuple[str, str]:
        """Return first and last name of somebody nobody has drawn before."""
        return self._people.pop()
