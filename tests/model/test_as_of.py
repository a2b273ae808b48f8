"""Nothing that happens after a moment changes what any signal says as of that moment.

A past is drawn, then a future is laid over it: pieces added, values edited, fields changed. Both
versions were read later than the moment. The oracle is the version without the future.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from crmrules.baseline import Baseline
from crmrules.model import (
    HISTORY_FIELDS,
    Account,
    Activity,
    ActivityKind,
    Change,
    Competitor,
    Concern,
    ConcernState,
    Concession,
    Criterion,
    Direction,
    Focus,
    Line,
    Need,
    Opportunity,
    OurFields,
    OurTask,
    Owed,
    Person,
    Phase,
    Piece,
    Plan,
    Proof,
    Quote,
    Reason,
    Reference,
    Sibling,
    Success,
    Unread,
)
from crmrules.signals import View, read

MOMENT = datetime(2026, 6, 15, 12, tzinfo=UTC)
MADE = MOMENT - timedelta(days=120)
BASELINE = Baseline(
    major_amount=50.0, inbound_share=1.0, won_median={("default", None): 60.0}, top_half_revenue=1.0
)
PEOPLE = ("p1", "p2", "p3")
BEFORE = st.floats(0.001, 119.9).map(lambda days: MOMENT - timedelta(days=days))
AFTER = st.floats(0.001, 100.0).map(lambda days: MOMENT + timedelta(days=days))
MAYBE = st.sampled_from([None, True, False])
AMOUNT = st.one_of(st.none(), st.sampled_from([0.0, 5.0, 50.0, 60.0, 90.0]))
WORD = st.sampled_from([None, "RFP", "Web", "price", "next"])
DATES = st.integers(0, 60).map(lambda n: (date(2026, 7, 1) + timedelta(days=n)).isoformat())
DAYS = st.integers(-60, 60).map(lambda n: (MOMENT + timedelta(days=n)).date())
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "stage": WORD,
    "phase": st.sampled_from(["recognition", "evaluation", "concerns"]),
    "amount": AMOUNT,
    "close_date": DATES,
    "next_step": WORD,
    "forecast": WORD,
    "owner": WORD,
}


def pieces(moment: st.SearchStrategy[datetime]) -> dict[str, st.SearchStrategy[Any]]:
    """One strategy for each kind of piece, each known at a moment of the given kind."""

    def made(kind: type[Piece], /, **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
        ids = st.integers(0, 10**9).map(str)
        return st.builds(kind, record=ids, known_at=moment, **fields)

    line = made(Line, quantity=AMOUNT, unit_price=AMOUNT, list_price=AMOUNT, discount=st.just(None))
    return {
        "people": made(
            Person,
            id=st.sampled_from(PEOPLE),
            name=st.sampled_from(PEOPLE),
            title=WORD,
            role=WORD,
            focus=st.sampled_from([None, *Focus]),
            sponsor=MAYBE,
            senior=MAYBE,
        ),
        "activities": made(
            Activity,
            # Mostly meetings that are told in full: one doubtful activity makes all counts unknown.
            kind=st.sampled_from([ActivityKind.MEETING] * 4 + list(ActivityKind)),
            at=st.one_of(BEFORE, BEFORE, AFTER),
            direction=st.sampled_from([*Direction, *Direction, None]),
            held=MAYBE,
            with_customer=st.sampled_from([True, True, True, False, None]),
            people=st.sampled_from([("p1",), ("p2",), ("p1", "p2"), (), None]),
            on_account=st.booleans(),
            party=st.sampled_from([None, 1, 2]),
            waiting=MAYBE,
            due=st.none() | DAYS,
        ),
        "lines": line,
        "quotes": made(
            Quote,
            total=AMOUNT,
            discount=AMOUNT,
            sent_at=st.none() | moment,
            status=st.sampled_from([None, "Draft", "Presented"]),
            expires_on=st.none() | DAYS,
            lines=st.lists(line, max_size=1).map(tuple),
        ),
        "competitors": made(Competitor, name=st.just("Acme")),
        "needs": made(Need, text=st.just("x"), explicit=st.booleans(), person=WORD, payoff=WORD),
        "criteria": made(
            Criterion,
            name=st.sampled_from(["price", "speed"]),
            weight=st.sampled_from(["crucial", "crucial", "incidental", None]),
            ours=st.sampled_from([None, 1.0, 2.0, 4.0, 5.0]),
            theirs=st.sampled_from([None, 1.0, 4.0]),
            from_customer=MAYBE,
            strategy=st.sampled_from([None, "redefine", "reinforce"]),
            need=WORD,
            proof=WORD,
        ),
        "concerns": made(
            Concern, topic=st.sampled_from(["price", "IT"]), state=st.sampled_from(ConcernState)
        ),
        "concessions": made(Concession, text=st.just("5%"), for_what=WORD),
        "successes": made(Success, text=st.just("x")),
        "owed": made(Owed, text=st.just("NDA"), due=st.none() | DAYS, received=st.booleans()),
        "plans": made(Plan, text=st.just("x"), customer_led=MAYBE),
        "references": made(Reference, text=st.just("x")),
        "reasons": made(Reason, text=st.just("budget"), confirmed=st.booleans()),
        "unread": made(
            Unread,
            author=WORD,
            line=st.just("#ned: slow"),
            why=st.just("there is no tag #ned"),
            suggestion=st.just("Did you mean #need?"),
        ),
        "proofs": made(Proof, text=st.just("trial"), criterion=WORD),
        "siblings": made(Sibling, id=st.sampled_from(["s1", "s2"])),
        "our_tasks": made(OurTask, key=st.just("k"), id=st.just("t")),
    }


PAST, FUTURE = pieces(BEFORE), pieces(AFTER)
OPTIONAL = ("people", "activities", "lines", "quotes", "competitors", "siblings")


def chain(draw, moment: st.SearchStrategy[datetime], values: dict[str, Any]) -> list[Change]:
    """Changes that lead, in order of time, from the values given to later ones (in place)."""
    times = sorted(draw(st.lists(moment, max_size=5, unique=True)))
    found = []
    for at in times:
        field = draw(st.sampled_from(HISTORY_FIELDS))
        new = draw(VALUES[field])
        where = f"{field}{at}"
        found.append(Change(record=where, known_at=at, field=field, old=values[field], new=new))
        values[field] = new
    return found


def typed(values: dict[str, Any]) -> dict[str, Any]:
    phase, close = values["phase"], values["close_date"]
    return values | {"phase": Phase(phase), "close_date": date.fromisoformat(close)}


@st.composite
def pasts(draw) -> tuple[Opportunity, dict[str, Any]]:
    values = {field: draw(strategy) for field, strategy in VALUES.items()}
    changes = chain(draw, BEFORE, values)
    collections = {
        name: tuple(draw(st.lists(strategy, max_size=3))) for name, strategy in PAST.items()
    }
    for name in draw(st.sets(st.sampled_from(OPTIONAL), max_size=1)):
        collections[name] = None  # type: ignore[assignment]
    tracked = draw(st.sampled_from([frozenset(HISTORY_FIELDS), frozenset({"phase", "amount"})]))
    closed = draw(st.none() | BEFORE)
    found = Opportunity(
        record="006",
        id="006",
        known_at=MADE,
        created_at=MADE,
        observed_at=MOMENT + timedelta(days=200),
        account=Account(record="001", known_at=MADE, id="001", name="A", won_revenue=2.0),
        changes=tuple(changes),
        tracked=tracked,
        closed_at=closed,
        won=None if closed is None else draw(st.booleans()),
        lead_source=draw(WORD),
        kind=draw(WORD),
        **collections,
        **typed(values),
    )
    return found, values


def edited(draw, piece: Any) -> Any:
    """The piece after somebody changed values of which no history is kept."""
    if not draw(st.booleans()):
        return piece
    update: dict[str, Any] = {}
    if isinstance(piece, Person):
        fresh = draw(PAST["people"])
        update = {name: getattr(fresh, name) for name in (*Person._mutable, "senior")}
    elif isinstance(piece, Activity):
        update = {"held": draw(MAYBE), "text": "#need! new", "edited_at": draw(AFTER)}
        update |= {"waiting": draw(MAYBE), "due": draw(DAYS), "party": 3}
    elif isinstance(piece, (Line, Quote)):
        fresh = draw(PAST["quotes" if isinstance(piece, Quote) else "lines"])
        update = {name: getattr(fresh, name) for name in type(piece)._mutable}
        if isinstance(piece, Quote) and (piece.sent_at is None or piece.sent_at > MOMENT):
            added = draw(FUTURE["lines"])
            update |= {"sent_at": draw(AFTER), "lines": (*piece.lines, added)}
    elif isinstance(piece, Sibling):
        at = draw(AFTER)
        update = {"closed_at": at, "won_at": draw(st.sampled_from([None, at]))}
    elif isinstance(piece, OurTask):
        update = {"closed": True, "closed_at": draw(AFTER), "subject": "changed"}
    return piece.model_copy(update=update)


def with_future(draw, past: Opportunity, values: dict[str, Any]) -> Opportunity:
    """The same opportunity, read after more has happened to it."""
    update: dict[str, Any] = {}
    for name, strategy in FUTURE.items():
        old = getattr(past, name)
        if old is not None:
            added = draw(st.lists(strategy, max_size=2))
            update[name] = (*(edited(draw, piece) for piece in old), *added)
    later = dict(values)
    changes = chain(draw, AFTER, later)
    for field in set(HISTORY_FIELDS) - past.tracked:
        later[field] = draw(VALUES[field])
    update |= typed(later) | {"changes": (*(past.changes or ()), *changes)}
    update |= {"lead_source": draw(WORD), "kind": draw(WORD), "name": "renamed", "users": ()}
    update["contract_end"] = draw(DAYS)
    if past.closed_at is None and draw(st.booleans()):
        update |= {"closed_at": draw(AFTER), "won": draw(st.booleans())}
    assert past.account is not None
    bought = {"won_revenue": draw(AMOUNT), "strategic": draw(MAYBE), "employees": 9}
    update["account"] = past.account.model_copy(update=bought)
    update["our_fields"] = OurFields(status="critical", flags=("x",))
    update["observed_at"] = past.observed_at + timedelta(days=draw(st.integers(0, 9)))
    return past.model_copy(update=update)


@given(pasts(), st.data())
def test_no_signal_looks_ahead(drawn, data):
    past, values = drawn
    later = with_future(data.draw, past, values)
    then, now_known = past.as_of(MOMENT), later.as_of(MOMENT)
    assert then is not None
    assert now_known is not None
    expected = read(View(then, MOMENT, BASELINE))
    assert read(View(now_known, MOMENT, BASELINE)) == expected


@given(pasts(), st.data())
def test_values_with_history_are_those_of_the_moment_and_all_others_unknown(drawn, data):
    past, values = drawn
    then = with_future(data.draw, past, values).as_of(MOMENT)
    assert then is not None
    for field, value in typed(values).items():
        assert getattr(then, field) == (value if field in past.tracked else None)
    assert (then.lead_source, then.kind, then.name, then.contract_end) == (None,) * 4
    assert (then.won, then.closed_at) == (past.won, past.closed_at)


def test_before_it_was_created_there_is_no_opportunity():
    found = Opportunity(record="006", id="006", known_at=MADE, created_at=MADE, observed_at=MOMENT)
    assert found.as_of(MADE - timedelta(seconds=1)) is None
    assert found.as_of(MADE) is not None


def test_when_it_was_read_nothing_is_forgotten():
    found = Opportunity(
        record="006",
        id="006",
        known_at=MADE,
        created_at=MADE,
        observed_at=MOMENT,
        kind="New",
        people=(Person(record="r", known_at=MADE, id="p", name="P", title="CFO", senior=True),),
    )
    assert found.as_of(MOMENT) == found
    past = found.as_of(MOMENT - timedelta(seconds=1))
    assert past is not None
    assert past.people is not None
    assert (past.kind, past.people[0].title, past.people[0].senior) == (None, None, None)
