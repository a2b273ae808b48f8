"""From a piece to the line that says it.

Know before changing: ``parse(write(piece))`` gives the piece back (a property test says so), for
every piece whose texts are one line without spaces around them; ratings are kept to 4 decimals.

It does not write to a CRM.
"""

from __future__ import annotations

from crmrules.model import (
    Competitor,
    Concern,
    ConcernState,
    Concession,
    Criterion,
    Differentiator,
    Need,
    Owed,
    Piece,
    Plan,
    Proof,
    Range,
    Reason,
    Reference,
    Success,
)
from crmrules.notes.pieces import Named, Payoff
from crmrules.notes.readers import stated_size
from crmrules.notes.text import escape, unquote


def write(piece: Piece, *, tag: str | None = None) -> str:
    """Return the line that ``parse`` reads as this piece.

    ``tag`` says ``sponsor`` or ``power`` for a Named, which does not know which of them it is.
    Raises TypeError for a piece that no tag makes.
    """
    if isinstance(piece, Need):
        extra = _pairs(impact=piece.impact, payoff=piece.payoff)
        return _line("need!" if piece.explicit else "need:", piece.text, piece.person, extra)
    if isinstance(piece, Criterion):
        return _criterion(piece)
    if isinstance(piece, Concern):
        name = "showstopper:" if piece.showstopper else "concern:"
        state = [] if piece.state is ConcernState.OPEN else [piece.state.value]
        return _line(
            name, piece.topic, piece.person, state + _pairs(owner=piece.owner, by=piece.due)
        )
    if isinstance(piece, Concession):
        return _concession(piece)
    return _short(piece, tag)


def _short(piece: Piece, tag: str | None) -> str:
    if isinstance(piece, Success | Reference | Payoff):
        return _line(f"{type(piece).__name__.casefold()}:", piece.text, piece.person, [])
    if isinstance(piece, Reason):
        return _line("reason:", piece.text, None, []) + (" (customer)" if piece.confirmed else "")
    if isinstance(piece, Named):
        return _line(f"{tag or 'sponsor'}:", piece.name, None, [])
    if isinstance(piece, Competitor):
        return f"#comp: {escape(_quoted(piece.name), ',;')}"
    if isinstance(piece, Proof):
        return _line("proof:", piece.text, None, _pairs(criterion=piece.criterion))
    return _planned(piece)


def _planned(piece: Piece) -> str:
    if isinstance(piece, Range):
        ask = [f" | {pair}" for pair in _pairs(ask=piece.questions)]
        return f"#range: {_number(piece.low)}-{_number(piece.high)}%{''.join(ask)}"
    if isinstance(piece, Differentiator | Plan | Owed):
        return _whose(piece)
    raise TypeError(f"no tag makes a {type(piece).__name__}")


def _whose(piece: Differentiator | Plan | Owed) -> str:
    if isinstance(piece, Differentiator):
        kind = [] if piece.hard is None else ["hard" if piece.hard else "soft"]
        return _line("diff:", piece.text, piece.person, kind + _pairs(metric=piece.metric))
    if isinstance(piece, Plan):
        owner = {True: "customer", False: "us", None: None}[piece.customer_led]
        return _line("plan:", piece.text, piece.person, _pairs(owner=owner))
    text = _line("owed:", piece.text, piece.person, [])
    due = f" | by={piece.due.isoformat()}" if piece.due else ""
    return text + (" (received)" if piece.received else "") + due


def _criterion(piece: Criterion) -> str:
    parts = [piece.weight] if piece.weight else []
    ratings = [f"us={_number(piece.ours)}"] if piece.ours is not None else []
    if piece.theirs is not None:
        ratings.append(f"{escape(piece.rival or 'them')}={_number(piece.theirs)}")
    parts += [" ".join(ratings)] if ratings else []
    if piece.from_customer is not None:
        parts.append(f"source={'customer' if piece.from_customer else 'us'}")
    if piece.hard is not None:
        parts.append("hard" if piece.hard else "soft")
    more = _pairs(strategy=piece.strategy, need=piece.need, metric=piece.metric, proof=piece.proof)
    return _line("criterion:", piece.name, None, parts + more)


def _concession(piece: Concession) -> str:
    parts = _pairs(**{"for": piece.for_what, "kind": piece.kind})
    if piece.size != stated_size(piece.text):
        parts.append(f"size={'unknown' if piece.size is None else _number(piece.size)}")
    if piece.planned is not None:
        parts.append("planned" if piece.planned else "given")
    return _line("concession:", piece.text, None, parts)


def _line(tag: str, text: str, person: str | None, parts: list[str]) -> str:
    who = f' @"{escape(person, chr(34))}"' if person else ""
    return " | ".join([f"#{tag} {escape(_quoted(text))}{who}", *parts])


def _pairs(**values: str | None) -> list[str]:
    return [f"{key}={escape(_quoted(value))}" for key, value in values.items() if value]


def _quoted(text: str) -> str:
    """Quote a text that is quoted already, because one pair of marks is taken off."""
    return f'"{text}"' if unquote(text) != text else text


def _number(value: float) -> str:
    return f"{value:.4f}".rstrip("0").rstrip(".")
