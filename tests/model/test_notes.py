"""The tagged-note grammar: what people type, and what no text may do."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmrules.model import (
    Competitor,
    Concern,
    ConcernState,
    Concession,
    Criterion,
    Differentiator,
    Need,
    Owed,
    Person,
    Plan,
    Proof,
    Range,
    Reason,
    Reference,
    Success,
)
from crmrules.notes import TAGS, Named, Notes, Payoff, join, parse, write

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
BASE = {"record": "00T1", "known_at": AT}

CATALOGUE = """
#need: loses half a day a week re-keying orders @J. Ortiz
#need! wants order entry gone before the October peak @J. Ortiz impact=40k/quarter
#payoff: "could take the second warehouse without hiring" @J. Ortiz
#criterion: go-live under 8 weeks | crucial | us=4 acme=2 | source=customer | hard | {}
#concern: IT afraid of owning the link | open        #showstopper: data must stay in country
#concession: 5% | for=go-live | planned               #range: 3-7%
#sponsor: M. Chen    #power: CFO A. Ruiz    #comp: status quo
#success: re-keying 4h/wk -> 0 @J. Ortiz              #reference: asked A. Ruiz
#reason: budget year moved to April (customer)
""".format("strategy=reinforce")


def read(text):
    return parse(text, record="00T1", known_at=AT, author="005A")


def pieces(notes):
    return [piece for column in notes[:-1] for piece in column]


def test_the_catalogues_own_example_reads_whole():
    notes = read(CATALOGUE)
    ortiz = "J. Ortiz"
    assert notes == Notes(
        needs=(
            Need(
                text="loses half a day a week re-keying orders",
                explicit=False,
                person=ortiz,
                **BASE,
            ),
            Need(
                text="wants order entry gone before the October peak",
                explicit=True,
                person=ortiz,
                impact="40k/quarter",
                **BASE,
            ),
        ),
        criteria=(
            Criterion(
                name="go-live under 8 weeks",
                weight="crucial",
                ours=4,
                theirs=2,
                rival="acme",
                from_customer=True,
                hard=True,
                strategy="reinforce",
                **BASE,
            ),
        ),
        concerns=(
            Concern(topic="IT afraid of owning the link", **BASE),
            Concern(topic="data must stay in country", showstopper=True, **BASE),
        ),
        concessions=(Concession(text="5%", size=5, planned=True, for_what="go-live", **BASE),),
        successes=(Success(text="re-keying 4h/wk -> 0", person=ortiz, **BASE),),
        references=(Reference(text="asked A. Ruiz", **BASE),),
        reasons=(Reason(text="budget year moved to April", confirmed=True, **BASE),),
        payoffs=(
            Payoff(text="could take the second warehouse without hiring", person=ortiz, **BASE),
        ),
        sponsors=(Named(name="M. Chen", **BASE),),
        powers=(Named(name="CFO A. Ruiz", **BASE),),
        competitors=(Competitor(name="status quo", **BASE),),
        ranges=(Range(low=3, high=7, **BASE),),
    )


@pytest.mark.parametrize(
    "line",
    [
        "#NEED! : wants it gone @J. Ortiz",
        "  - #need!: @J. Ortiz wants it gone",
        "#Need ! wants it gone @j. ortiz".replace(" !", "!"),
        "#need: wants it gone @J. Ortiz (explicit)",
    ],
)
def test_case_order_and_bullets_do_not_matter(line):
    (need,) = read(line).needs
    assert (need.text, need.explicit, need.person.casefold()) == ("wants it gone", True, "j. ortiz")


@pytest.mark.parametrize(
    ("line", "person", "text"),
    [
        ("#need: slow @Maria van der Berg.", "Maria van der Berg", "slow"),
        ("#need: slow @J. Ortiz says every day", "J. Ortiz", "slow says every day"),
        ("#need: mail a@b.com is lost", None, "mail a@b.com is lost"),
        ("#need: late @ 3pm", None, "late @ 3pm"),
        ('#need: slow @"the new CFO"', "the new CFO", "slow"),
    ],
)
def test_a_person_ends_where_the_name_ends(line, person, text):
    (need,) = read(line).needs
    assert (need.person, need.text) == (person, text)


def test_a_concern_can_be_closed_in_several_words():
    words = ("Resolved", "solved", "accepted")
    states = [read(f"#concern: price | {w}").concerns[0].state for w in words]
    assert states == [ConcernState.RESOLVED] * 3
    assert read("#concern: price (reopened)").concerns[0].state is ConcernState.REOPENED


def test_the_strongest_rival_counts_and_a_rating_is_from_one_to_five():
    notes = read("#criterion: uptime | us=3 acme=2 big corp=4/5 | us=9")
    (criterion,) = notes.criteria
    assert (criterion.ours, criterion.theirs, criterion.rival) == (3, 4, "big corp")
    assert "us=9" in notes.unread[0].why


def test_several_competitors_fit_one_tag():
    assert [c.name for c in read("#comp: Acme, Globex; status quo").competitors] == [
        "Acme",
        "Globex",
        "status quo",
    ]


@pytest.mark.parametrize(
    ("line", "suggestion"),
    [
        ("#ned: slow", "#need"),
        ("#conern: price", "#concern"),
        ("#critereon price", "#criterion"),
        ("#widget: blue", "#criterion"),  # nothing is close: the list of tags
        ("#need:", "Write: #need"),
        ("#range: some", "Write: #range"),
        ("#concern: price | maybe", "Write: #concern"),
    ],
)
def test_what_is_not_readable_is_reported_with_a_suggestion(line, suggestion):
    (unread,) = read(line).unread
    assert suggestion in unread.suggestion
    assert unread.author == "005A"
    assert unread.line == line


@pytest.mark.parametrize(
    "text",
    ["#winning!", "ticket #4711: done", "we said #need is fine", "#not-true", "a#need: x", ""],
)
def test_other_peoples_hashtags_and_answers_are_left_in_peace(text):
    notes = read(text.replace("#winning!", "#winning"))
    assert notes == Notes()


def test_no_text_at_all_is_no_notes():
    assert read(None) == Notes()


TAGGY = st.lists(
    st.one_of(
        st.sampled_from([f"#{name}" for name in TAGS]),
        st.sampled_from(
            [*'!:|@=\\"()%\n\r \u2028#', "us=4", "size=", "for=", "@J.", "1e999", "3-7%"]
        ),
        st.text(max_size=6),
    ),
    max_size=30,
).map("".join)


@settings(max_examples=400, deadline=None)
@given(st.one_of(TAGGY, st.text(st.characters(), max_size=80)))
def test_no_text_makes_it_raise_and_what_it_reads_is_one_clean_line(text):
    for piece in pieces(read(text)):
        said = getattr(piece, "text", None) or getattr(piece, "topic", None) or ""
        assert said == " ".join(said.split())


def test_lone_surrogates_and_endless_lines_are_read():
    assert read("#need: a\ud800b").needs[0].text == "a?b"
    assert len(read("#need: x " * 60_000).needs) > 1000
    assert read("#need: " + "@" * 100_000 + "(" * 20_000).needs


LINE = (
    st.text(st.characters(exclude_categories=["Cs", "Cn"]), min_size=1, max_size=25)
    .map(lambda text: " ".join(text.split()))
    .filter(bool)
)
TRICKY = st.one_of(
    LINE,
    st.lists(
        st.sampled_from(
            [
                "#need:",
                "@Bob",
                "|",
                "a=b",
                "impact=",
                "\\",
                '"',
                "(customer)",
                "open",
                "5%",
                ",",
                ";",
            ]
        ),
        min_size=1,
        max_size=4,
    ).map(" ".join),
)
SAYABLE = TRICKY.filter(lambda t: re.sub(r'["“”„«»\s]', "", t) != "")
MAYBE = st.none() | SAYABLE
RATING = st.integers(10, 50).map(lambda n: n / 10)


def made(cls, /, **parts):
    return st.builds(cls, record=st.just("00T1"), known_at=st.just(AT), **parts)


PIECES = st.one_of(
    made(Need, text=SAYABLE, explicit=st.booleans(), person=MAYBE, impact=MAYBE, payoff=MAYBE),
    made(
        Criterion,
        name=SAYABLE,
        weight=st.sampled_from([None, "crucial", "important", "incidental"]),
        ours=st.none() | RATING,
        from_customer=st.sampled_from([None, True, False]),
        hard=st.sampled_from([None, True, False]),
        strategy=MAYBE,
        need=MAYBE,
        metric=MAYBE,
        proof=MAYBE,
    ),
    made(Criterion, name=SAYABLE, theirs=RATING, rival=st.sampled_from([None, "acme", "Big Corp"])),
    made(
        Concern,
        topic=SAYABLE,
        state=st.sampled_from(ConcernState),
        person=MAYBE,
        showstopper=st.booleans(),
        owner=MAYBE,
        due=MAYBE,
    ),
    made(
        Concession,
        text=SAYABLE,
        size=st.none() | st.integers(0, 400).map(lambda n: n / 4),
        kind=MAYBE,
        planned=st.sampled_from([None, True, False]),
        for_what=MAYBE,
    ),
    made(Success, text=SAYABLE, person=MAYBE),
    made(Reference, text=SAYABLE, person=MAYBE),
    made(Payoff, text=SAYABLE, person=MAYBE),
    made(Reason, text=SAYABLE, confirmed=st.booleans()),
    made(Competitor, name=SAYABLE),
    made(Named, name=SAYABLE),
    st.tuples(st.integers(0, 100), st.integers(0, 100), MAYBE).map(
        lambda told: Range(low=min(told[:2]), high=max(told[:2]), questions=told[2], **BASE)
    ),
    made(Proof, text=SAYABLE, criterion=MAYBE),
    made(
        Differentiator,
        text=SAYABLE,
        person=MAYBE,
        hard=st.sampled_from([None, True, False]),
        metric=MAYBE,
    ),
    made(Plan, text=SAYABLE, person=MAYBE, customer_led=st.sampled_from([None, True, False])),
    made(Owed, text=SAYABLE, person=MAYBE, due=st.none() | st.dates(), received=st.booleans()),
)


@settings(max_examples=600, deadline=None)
@given(PIECES)
def test_what_is_written_reads_back_as_the_same_piece(piece):
    line = write(piece)
    notes = read(line)
    assert (pieces(notes), notes.unread) == ([piece], ()), line


def test_a_piece_without_a_tag_cannot_be_written():
    with pytest.raises(TypeError):
        write(Person(id="003", name="A", **BASE))


def test_notes_of_several_texts_join_in_order():
    joined = join([read("#need: a"), read("#need: b\n#comp: c")])
    assert [need.text for need in joined.needs] == ["a", "b"]
    assert len(joined.competitors) == 1


GERMAN = {"bedarf": "need", "kriterium": "criterion", "champion": "power"}


def german(text):
    return parse(text, record="00T1", known_at=AT, author="005A", aliases=GERMAN)


def test_an_organizations_own_word_for_a_tag_means_the_tag_and_wins_over_ours():
    notes = german("#BEDARF! weniger Abtippen @J. Ortiz\n#kriterium: Preis | crucial")
    assert [(need.text, need.explicit) for need in notes.needs] == [("weniger Abtippen", True)]
    assert notes.criteria[0].weight == "crucial"
    assert german("#champion: M. Chen").powers[0].name == "M. Chen"
    assert read("#champion: M. Chen").sponsors[0].name == "M. Chen"
    assert german("#need: slow").needs[0].text == "slow"
    assert read("#bedarf: slow").needs == ()


def test_a_slip_in_an_own_word_is_reported_with_the_tag_it_means():
    (unread,) = german("#bedraf: weniger Abtippen").unread
    assert "Did you mean #need?" in unread.suggestion
