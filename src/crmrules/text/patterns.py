"""The shipped classifier: phrases in data files, one set for each language.

Know before changing: every language is tried on every sentence, because people mix them; the first
that finds a kind settles it. A sentence gives at most one mention of a kind. ``unless`` holds
phrases that speak against a kind in the same sentence, negated or not.

It reads no file and cleans nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from crmrules.model import Mention, Speaker
from crmrules.text import kinds
from crmrules.text.linear import compiled
from crmrules.text.phrases import WHOLE, Negation, Phrases, plain
from crmrules.text.port import Text
from crmrules.text.wordbook import Wordbook

Stance = Literal["for", "against"]


@dataclass(frozen=True, slots=True)
class _Kind:
    name: str
    phrases: Phrases
    unless: Phrases

    def found(self, text: str) -> bool:
        return self.phrases.found(text) and not self.unless.said(text)


@dataclass(frozen=True, slots=True)
class _Language:
    """One language's patterns, compiled. ``kinds``: all but rivals and questions, by precedence."""

    kinds: tuple[_Kind, ...]
    reasons: Phrases
    topics: Mapping[str, Phrases]
    rivals: _Kind
    good: Phrases
    bad: Phrases
    questions: Mapping[str, Phrases]

    @classmethod
    def of(cls, book: Wordbook, rivals: Sequence[str]) -> _Language:
        n = book.negation
        negation = Negation(frozenset(n.words), n.endings, frozenset(n.stops))
        names = (*rivals, *book.competitor.names)
        lists = {**book.lists, "rival": names}

        def made(lines: Sequence[str], key: str, *, negated: Negation = negation) -> Phrases:
            return Phrases.of(lines, lists, negated, where=f"{book.language}.yml: {key}")

        def kind(name: str, key: str, lines: Sequence[str], unless: Sequence[str]) -> _Kind:
            return _Kind(name, made(lines, key), made(unless, f"{key} unless"))

        worry, wish, delay = book.concern, book.need, book.postponement
        return cls(
            kinds=(
                kind(kinds.PRICE, "price", book.price.any, book.price.unless),
                kind(kinds.REOPENED, "concern.reopened", worry.reopened, worry.unless),
                kind(kinds.RESOLVED, "concern.resolved", worry.resolved, worry.unless),
                kind(kinds.CONCERN, "concern.open", worry.open, worry.unless),
                kind(kinds.EXPLICIT, "need.explicit", wish.explicit, wish.unless),
                kind(kinds.IMPLIED, "need.implied", wish.implied, wish.unless),
                kind(kinds.POSTPONED, "postponement", delay.any, delay.unless),
                kind(kinds.MINIMISE, "minimise", book.minimise.any, book.minimise.unless),
                kind(kinds.PRESCRIBE, "prescribe", book.prescribe.any, book.prescribe.unless),
                kind(kinds.PRESSURE, "pressure", book.pressure.any, book.pressure.unless),
            ),
            reasons=made(delay.reason, "postponement.reason", negated=Negation()),
            topics={t: made(lines, f"concern.topics.{t}") for t, lines in worry.topics.items()},
            rivals=kind(kinds.COMPETITOR, "competitor", ["{rival}"], book.competitor.unless),
            good=made(book.competitor.good, "competitor.good"),
            bad=made(book.competitor.bad, "competitor.bad"),
            questions={
                t: made(getattr(book.questions, t), f"questions.{t}", negated=Negation())
                for t in kinds.QUESTION_TYPES
            },
        )

    def first(self, wanted: frozenset[str]) -> Iterable[Phrases]:
        """Return the phrases without one of which none of the wanted kinds is found."""
        entries = (*self.kinds, self.rivals)
        return (entry.phrases for entry in entries if {entry.name, *_also(entry.name)} & wanted)

    def stance(self, text: str) -> Stance | None:
        """Return what a sentence that names a rival says of it; ill before well."""
        if self.bad.found(text):
            return "against"
        return "for" if self.good.found(text) else None

    def topic(self, text: str) -> str | None:
        """Return what a worry is about: the topic that is named first."""
        places = {name: phrases.place(text) for name, phrases in self.topics.items()}
        named = {name: place for name, place in places.items() if place is not None}
        return min(named, key=lambda name: (named[name], name)) if named else None


# Of each group a sentence is only the first that fits: what is settled again is not open.
_ONE_OF = (
    frozenset({kinds.CONCERN, kinds.RESOLVED, kinds.REOPENED}),
    frozenset({kinds.EXPLICIT, kinds.IMPLIED}),
)


class Patterns:
    """The classifier. ``signals``: what is looked for; ``rivals``: names of competitors."""

    def __init__(
        self, books: Iterable[Wordbook], signals: frozenset[str], rivals: Sequence[str] = ()
    ) -> None:
        self._kinds = kinds.kinds_of(signals)
        self._languages = tuple(_Language.of(book, rivals) for book in books)
        # Most sentences speak of nothing: one search tells, instead of one for each kind.
        sources = [p.source for language in self._languages for p in language.first(self._kinds)]
        self._anything = compiled(WHOLE.format("|".join(filter(None, sources))), where="patterns")

    def mentions(self, texts: Sequence[Text]) -> tuple[Mention, ...]:
        """Return what was found, in the order of the texts."""
        return tuple(mention for text in texts for mention in self._mentions(text))

    def _mentions(self, text: Text) -> Iterable[Mention]:
        sentence = plain(text.sentence)
        seen: set[str] = set()
        for language in self._languages if self._anything.search(sentence) else ():
            for kind, topic in self._of_kinds(language, sentence, text.speaker):
                if kind not in seen:
                    seen |= {kind, *_rivals_of(kind)}
                    yield _mention(text, kind, topic=topic)
            if kinds.COMPETITOR not in seen and self._named(language, sentence):
                seen.add(kinds.COMPETITOR)
                yield _mention(text, kinds.COMPETITOR, stance=language.stance(sentence))
        if text.verbatim and text.speaker is Speaker.US and kinds.QUESTION in self._kinds:
            asked = self._question(sentence)
            if asked is not None:
                yield _mention(text, kinds.QUESTION, topic=asked)

    def _of_kinds(
        self, language: _Language, sentence: str, speaker: Speaker | None
    ) -> Iterable[tuple[str, str | None]]:
        settled: set[str] = set()
        for entry in language.kinds:
            name = entry.name
            ours = name in kinds.OURS
            if name in settled or ours is not (speaker is Speaker.US):
                continue
            if not self._wanted(name) or not entry.found(sentence):
                continue
            settled |= _rivals_of(name)
            worry = name in _ONE_OF[0]
            if name == kinds.POSTPONED and language.reasons.said(sentence):
                name = kinds.EXPLAINED
            yield name, language.topic(sentence) if worry else None

    def _wanted(self, kind: str) -> bool:
        return kind in self._kinds

    def _named(self, language: _Language, sentence: str) -> bool:
        return kinds.COMPETITOR in self._kinds and language.rivals.found(sentence)

    def _question(self, sentence: str) -> str | None:
        """Return the type of a question; None where the sentence asks nothing."""
        if not sentence.rstrip().endswith("?"):
            return None
        for name in kinds.QUESTION_TYPES:
            if any(language.questions[name].said(sentence) for language in self._languages):
                return name
        return "none"


def _also(kind: str) -> tuple[str, ...]:
    """Return the kinds that a kind's phrases may turn out to be."""
    return (kinds.EXPLAINED,) if kind == kinds.POSTPONED else ()


def _rivals_of(kind: str) -> frozenset[str]:
    return next((group for group in _ONE_OF if kind in group), frozenset())


def _mention(
    text: Text, kind: str, *, topic: str | None = None, stance: Stance | None = None
) -> Mention:
    return Mention(
        kind=kind,
        record=text.record,
        at=text.at,
        speaker=text.speaker,
        topic=topic,
        stance=stance,
    )
