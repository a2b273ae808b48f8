"""Tags that could not be read are counted by author and by what would help, each line once."""

from __future__ import annotations

from datetime import UTC, datetime

from crmrules.model import Opportunity, Unread, User
from crmrules.outcome import UnreadTags

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
REP = User(id="005", name="Rita Rep")


def unread(record: str, line: str = "#ned: slow", author: str | None = "005", **more) -> Unread:
    known = {"why": "there is no tag #ned", "suggestion": "Did you mean #need?"}
    return Unread(record=record, known_at=NOW, author=author, line=line, **(known | more))


def opportunity(*lines: Unread, users: tuple[User, ...] | None = (REP,)) -> Opportunity:
    base = {"record": "006", "id": "006", "known_at": NOW, "created_at": NOW, "observed_at": NOW}
    return Opportunity(**base, users=users, unread=lines)


def found(*opportunities: Opportunity):
    tags = UnreadTags()
    for one in opportunities:
        tags.add(one)
    return tags.all()


def test_lines_of_one_author_that_one_suggestion_mends_are_one_entry():
    (entry,) = found(opportunity(unread("1"), unread("2")), opportunity(unread("3")))
    assert (entry.author, entry.count, entry.suggestion) == ("Rita Rep", 3, "Did you mean #need?")
    assert entry.examples == [(n, "there is no tag #ned") for n in "123"]


def test_authors_and_suggestions_are_told_apart_and_the_most_frequent_comes_first():
    other = unread("3", author="006", suggestion="Write: #comp")
    once = unread("4", suggestion="Write: #comp")
    entries = found(opportunity(once, unread("1"), unread("2"), other))
    assert [(e.author, e.suggestion, e.count) for e in entries] == [
        ("006", "Write: #comp", 1),
        ("Rita Rep", "Did you mean #need?", 2),
        ("Rita Rep", "Write: #comp", 1),
    ]


def test_a_line_on_the_account_that_comes_with_each_opportunity_counts_once():
    (entry,) = found(opportunity(unread("1")), opportunity(unread("1")))
    assert entry.count == 1
    (two,) = found(opportunity(unread("1"), unread("1", line="#ned: dear")))
    assert two.count == 2


def test_an_author_without_a_name_is_told_by_id_and_nobody_as_not_known():
    entries = found(opportunity(unread("1"), unread("2", author=None), users=None))
    assert [entry.author for entry in entries] == ["005", "author not known"]


def test_the_reason_is_kept_without_the_words_it_quotes():
    why = "could not read rating 'secret=9' (1 to 5), 'it's odd'"
    (entry,) = found(opportunity(unread("1", why=why)))
    assert entry.examples == [("1", "could not read rating")]


def test_no_line_is_kept_and_places_are_few():
    (entry,) = found(opportunity(*(unread(str(n), line=f"#ned: secret {n}") for n in range(40))))
    assert (entry.count, len(entry.examples)) == (40, 5)
    assert "secret" not in str(entry)
