"""Rich text as text."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from crmrules.notes import parse
from crmrules_hubspot.html import LIMIT, text


@pytest.mark.parametrize(
    ("rich", "plain"),
    [
        ("no markup at all", "no markup at all"),
        ("two\nlines", "two\nlines"),
        (" a\n\n\n  b ", "a\n\n\n  b"),
        ("<p>a</p><p>&nbsp;</p><p></p><p>b</p>", "a\n\nb"),
        ("a<br><br><br><br>b", "a\n\nb"),
        ("<style>p{}</style><td>a</td>", "a"),
        ("<meta charset='latin-1'><p>ü</p>", "ü"),
        ("Q&amp;A &lt;soon&gt; &#8364;5&nbsp;", "Q&A <soon> €5"),
        ("a < b and b > c, 3<4", "a < b and b > c, 3<4"),
        ("from Jo <jo@acme.example>\nhello", "from Jo <jo@acme.example>\nhello"),
        ("<p>one</p><p>two</p>", "one\n\ntwo"),
        ("<div>one</div><div>two</div>", "one\ntwo"),
        ("one<br>two<br/>three<BR />four", "one\ntwo\nthree\nfour"),
        ("<p>a <strong>b</strong><span>c</span></p>", "a bc"),
        ("<p>&lt;b&gt; Q&amp;A &euro;</p>", "<b> Q&A €"),
        ("<ul><li>a<ul><li>b</li></ul></li><li>c</li></ul>", "- a\n- b\n- c"),
        ("<ol><li>a</li><li>b</li></ol>", "- a\n- b"),
        ("<table><tr><td>a</td></tr><tr><td>b</td></tr></table>", "a\nb"),
        ("<p>open <b>never closed", "open never closed"),
        ("<div><p>a</div></p>b", "a\n\nb"),
        ("<p>a</p><script>alert('#need: x')</script><style>p{}</style>", "a"),
        ("<!-- #need: x --><p>a</p>", "a"),
        ("<div style='display:none'>hidden</div><p>a</p>", "a"),
        ("<html><head><title>t</title></head><body>a</body></html>", "a"),
        ("<a href='https://x.example'>link</a> <img src='y'>", "link"),
        ("<pre>a\n  b</pre>", "a\nb"),
        ("<?xml version='1.0' encoding='latin-1'?><p>ü</p>", "ü"),
        ("<p>a\x00b</p>", "ab"),
        ("<p>&nbsp;</p><p><br></p>", None),
        ("<div></div>", None),
        ("", None),
        (None, None),
    ],
)
def test_what_people_see_is_what_is_read(rich, plain):
    assert text(rich) == plain


@pytest.mark.parametrize(
    "rich",
    [
        "<p>#concern: price</p><p>#need: speed @Jo</p>",
        "<div>#concern: price</div><div>#need: speed @Jo</div>",
        "#concern: price<br>#need: speed @Jo",
        "<ul><li>#concern: price</li><li><b>#need:</b> speed @Jo</li></ul>",
        "<ol><li>#concern price<ul><li>#need speed @Jo</li></ul></li></ol>",
        "<table><tr><td>#concern: price</td></tr><tr><td>#need: speed @Jo</td></tr></table>",
        "<blockquote>#concern: price</blockquote><h2>#need: speed @Jo</h2>",
        "<p><span style='color:red'>#concern:</span>&nbsp;price</p>#need: speed @Jo",
    ],
)
def test_a_tag_starts_a_line_wherever_a_line_of_rich_text_starts(rich):
    known = datetime(2026, 1, 1, tzinfo=UTC)
    notes = parse(text(rich), record="note/1", known_at=known, author=None)
    assert [one.topic for one in notes.concerns] == ["price"]
    assert [(one.text, one.person) for one in notes.needs] == [("speed", "Jo")]
    assert notes.unread == ()


@pytest.mark.fault("X1")
def test_more_than_anybody_writes_is_not_looked_at():
    begun = time.perf_counter()
    for part in ("<p>word</p>", "<", "<p><!--", "&", "<td>word", "<ul><li>"):
        huge = part * (1_000_000 // len(part))
        assert len(text(huge) or "") <= LIMIT
    assert len(text("x" * 1_000_000)) == LIMIT
    assert time.perf_counter() - begun < 5


@pytest.mark.parametrize("tag", ["div", "b", "ul", "table", "blockquote", "td"])
def test_markup_nested_deeper_than_can_be_followed_keeps_its_words(tag):
    deep = f"<{tag}>" * 1_500 + "word"
    assert "word" in text(deep)
    assert "word" in text("<p>word</p>" + f"<{tag}>" * 20_000)
    assert "hidden" not in text(f"<script>hidden</script><style>hidden</style>{deep}")


MARKUP = st.lists(
    st.one_of(
        st.sampled_from(
            [
                *("<p>", "</p>", "<ul>", "<li>", "</ul>", "<table>", "<td colspan=9999999>"),
                *("<!--", "-->", "<script>", "<![CDATA[", "<?x", "&#xD800;", "&#0;", "<pre>"),
                *("<p style='margin-top:1e9px;padding-left:-4em'>", "<ol start='x'>", "</td>"),
                *("<li value='9'>", "<br>"),
            ]
        ),
        st.text(max_size=5),
    ),
    max_size=30,
).map("".join)


@pytest.mark.fault("X1")
@settings(max_examples=300, deadline=None)
@given(st.one_of(MARKUP, st.text(max_size=40)))
@example("<p>\ud800")
@example("\ud800")
def test_no_text_makes_it_raise(rich):
    found = text(rich)
    assert found is None or found.strip() == found != ""
