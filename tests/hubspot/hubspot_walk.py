"""What people do in a portal, at random, and what may differ between a full and a kept pull.

Each step is a method of ``Walk`` whose name begins with ``do_``; a step that finds nothing to do
does nothing. ``unexplained`` compares kept rows with those of a fresh full pull and leaves out what
is documented to differ, each with its reason.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

from hubspot_portal import (
    AL,
    LOST_STAGE,
    OPEN_STAGES,
    RITA,
    WON_STAGE,
    Kept,
    Small,
    new_task,
)

from crmrules.connector import ChangeTask, Row, SetFields
from crmrules.scope import Levels

LOGGED = ("calls", "meetings", "emails", "notes")
TEXTS = {
    "calls": "hs_call_body",
    "meetings": "hs_meeting_body",
    "emails": "hs_email_text",
    "notes": "hs_note_body",
    "tasks": "hs_task_body",
}


class Walk:
    """Steps on a small portal, chosen by a seeded generator; ``story`` tells what was done."""

    def __init__(self, small: Small, crm: Any, seed: int) -> None:
        self.small, self.crm, self.rng = small, crm, random.Random(seed)
        self.portal, self.book, self.clock = small.portal, small.book, small.clock
        self.story: list[str] = []
        self.made = 0

    # -- choosing ------------------------------------------------------------------------------
    def live(self, kind: str) -> list[str]:
        return [record.id for record in self.portal.records(kind)]

    def binned(self, kind: str) -> list[str]:
        return [record.id for record in self.portal.records(kind, archived=True)]

    def deals(self, *, open_: bool | None = None) -> list[str]:
        found = self.live("deals")
        if open_ is None:
            return found
        closed = {WON_STAGE, LOST_STAGE}
        return [d for d in found if (self.portal.value("deals", d, "dealstage") in closed) ^ open_]

    def followed(self) -> list[str]:
        """Deals that every pull looks at: what befalls the others shows at the next full one."""
        won = [
            d
            for d in self.deals(open_=False)
            if self.portal.value("deals", d, "dealstage") == WON_STAGE
            and (self.portal.value("deals", d, "closedate") or "") > "2026"
            and self.portal.linked("deals", d, "companies")
        ]
        return [*self.deals(open_=True), *won]

    def one(self, among: Iterable[str]) -> str | None:
        found = sorted(among)
        return self.rng.choice(found) if found else None

    def our_tasks(self, *, archived: bool = False) -> list[str]:
        found = self.binned("tasks") if archived else self.live("tasks")
        return [t for t in found if self.portal.value("tasks", t, "crmrules_key")]

    def step(self, only: str | None = None) -> None:
        names = [name for name in dir(self) if name.startswith("do_")]
        name = only or self.rng.choice(names)
        self.story.append(f"{self.clock.now:%m-%d %H:%M} {name[3:]} {getattr(self, name)() or ''}")

    # -- deals ---------------------------------------------------------------------------------
    def do_make_a_deal(self):
        self.made += 1
        company = self.one([*self.live("companies"), ""]) or None
        people = self.rng.sample(self.live("contacts"), k=min(2, len(self.live("contacts"))))
        return self.book.deal(f"Deal {self.made}", company=company, contacts=people)

    def do_move_a_deal_on(self):
        if deal := self.one(self.deals(open_=True)):
            self.portal.update("deals", deal, {"dealstage": self.rng.choice(OPEN_STAGES)}, RITA)
        return deal

    def do_change_an_amount(self):
        if deal := self.one(self.deals()):
            self.portal.update("deals", deal, {"amount": str(self.rng.randint(1, 99999))}, AL)
        return deal

    def do_give_a_deal_another_owner(self):
        if deal := self.one(self.deals()):
            owner = self.rng.choice(["51", "52", ""])
            self.portal.update("deals", deal, {"hubspot_owner_id": owner}, AL)
        return deal

    def do_win_a_deal(self):
        if deal := self.one(self.deals(open_=True)):
            self.book.close(deal, WON_STAGE)
        return deal

    def do_lose_a_deal(self):
        if deal := self.one(self.deals(open_=True)):
            self.book.close(deal, LOST_STAGE)
        return deal

    def do_close_a_zombie_with_a_date_long_ago(self):
        if deal := self.one(self.deals(open_=True)):
            self.book.close(deal, LOST_STAGE, date(2021, 5, 4))
        return deal

    def do_correct_a_close_date(self):
        if deal := self.one(self.deals(open_=False)):
            year = self.rng.choice([2026, 2025, 2022])
            stamp = f"{date(year, 6, 1)}T12:00:00.000Z"
            self.portal.update("deals", deal, {"closedate": stamp}, RITA)
        return deal

    def do_reopen_a_deal(self):
        if deal := self.one(self.deals(open_=False)):
            self.portal.update("deals", deal, {"dealstage": self.rng.choice(OPEN_STAGES)}, RITA)
        return deal

    def do_delete_a_deal(self):
        if deal := self.one(self.followed()):
            self.portal.archive("deals", deal)
        return deal

    def do_restore_a_deal(self):
        if deal := self.one(self.binned("deals")):
            self.portal.restore("deals", deal)
        return deal

    def do_purge_a_deal(self):
        if deal := self.one([*self.binned("deals"), *self.followed()]):
            self.portal.purge("deals", deal)
        return deal

    def do_merge_deals(self):
        found = self.followed()
        if len(found) > 1:
            pair = self.rng.sample(found, k=2)
            return f"{pair} -> {self.portal.merge('deals', *pair)}"
        return None

    def do_move_a_deal_to_another_company(self):
        deal, company = self.one(self.deals()), self.one(self.live("companies"))
        if deal and company:
            for other in self.portal.linked("deals", deal, "companies"):
                self.portal.unlink("deals", deal, "companies", other)
            self.portal.link("deals", deal, "companies", company, primary=True)
        return f"{deal} -> {company}"

    def do_take_a_deal_off_its_company(self):
        if deal := self.one(self.deals()):
            for other in self.portal.linked("deals", deal, "companies"):
                self.portal.unlink("deals", deal, "companies", other)
        return deal

    # -- people and companies ------------------------------------------------------------------
    def do_add_a_contact(self):
        deal, contact = self.one(self.deals()), self.one(self.live("contacts"))
        if deal and contact:
            labels = self.rng.choice([(), ("Decision Maker",), ("Champion",)])
            self.portal.link("deals", deal, "contacts", contact, labels=labels)
        return f"{deal} {contact}"

    def do_add_a_new_contact(self):
        self.made += 1
        contact = self.book.contact(f"New {self.made}")
        if deal := self.one(self.deals()):
            self.portal.link("deals", deal, "contacts", contact)
        return f"{deal} {contact}"

    def do_remove_a_contact(self):
        deal = self.one(d for d in self.deals() if self.portal.linked("deals", d, "contacts"))
        if deal:
            contact = self.one(self.portal.linked("deals", deal, "contacts"))
            self.portal.unlink("deals", deal, "contacts", contact)
            return f"{deal} {contact}"
        return None

    def do_relabel_a_contact(self):
        deal = self.one(d for d in self.deals() if self.portal.linked("deals", d, "contacts"))
        if deal:
            contact = self.one(self.portal.linked("deals", deal, "contacts"))
            self.portal.unlink("deals", deal, "contacts", contact)
            self.portal.link("deals", deal, "contacts", contact, labels=("Budget holder",))
            return f"{deal} {contact}"
        return None

    def do_edit_a_contact(self):
        if contact := self.one(self.live("contacts")):
            self.made += 1
            self.portal.update("contacts", contact, {"jobtitle": f"Head of {self.made}"}, RITA)
        return contact

    def do_delete_or_restore_a_contact(self):
        return self._bin("contacts")

    def do_merge_contacts(self):
        found = self.live("contacts")
        if len(found) > 2:
            return self.portal.merge("contacts", *self.rng.sample(found, k=2))
        return None

    def do_rename_a_company(self):
        if company := self.one(self.live("companies")):
            self.made += 1
            self.portal.update("companies", company, {"name": f"Company {self.made}"}, RITA)
        return company

    def do_make_a_company(self):
        self.made += 1
        return self.book.company(f"Fresh {self.made}")

    def do_delete_or_restore_a_company(self):
        return self._bin("companies")

    def do_merge_companies(self):
        found = self.live("companies")
        if len(found) > 2:
            return self.portal.merge("companies", *self.rng.sample(found, k=2))
        return None

    def _bin(self, kind: str):
        binned = self.binned(kind)
        if binned and self.rng.random() < 0.6:
            self.portal.restore(kind, one := self.rng.choice(binned))
            return f"restored {one}"
        if (one := self.one(self.live(kind))) and len(self.live(kind)) > 1:
            self.portal.archive(kind, one)
        return f"deleted {one}"

    # -- activities ----------------------------------------------------------------------------
    def _about(self, *, deals: int, company: bool) -> list[tuple[str, str]]:
        found = self.deals()
        about = [("deals", d) for d in self.rng.sample(found, k=min(deals, len(found)))]
        if company and (one := self.one(self.live("companies"))):
            about.append(("companies", one))
        if one := self.one(self.live("contacts")):
            about.append(("contacts", one))
        return about

    def do_log_on_a_deal(self):
        kind = self.rng.choice(LOGGED)
        return kind, self.book.log(kind, *self._about(deals=1, company=self.rng.random() < 0.5))

    def do_log_on_several_deals(self):
        kind = self.rng.choice(LOGGED)
        return kind, self.book.log(kind, *self._about(deals=3, company=True))

    def do_log_on_a_company(self):
        kind = self.rng.choice(LOGGED)
        return kind, self.book.log(kind, *self._about(deals=0, company=True))

    def do_log_a_task(self):
        return self.book.log("tasks", *self._about(deals=1, company=False))

    def do_edit_an_activity(self):
        kind = self.rng.choice(LOGGED)
        if one := self.one(self.live(kind)):
            self.made += 1
            self.portal.update(kind, one, {TEXTS[kind]: f"Edit {self.made}"}, RITA)
        return kind, one

    def _on_a_deal(self, kind: str) -> str | None:
        return self.one(a for a in self.live(kind) if self.portal.linked(kind, a, "deals"))

    def do_delete_an_activity_of_a_deal(self):
        kind = self.rng.choice(LOGGED)
        if one := self._on_a_deal(kind):
            self.portal.archive(kind, one)
        return kind, one

    def do_restore_an_activity(self):
        kind = self.rng.choice(LOGGED)
        if one := self.one(self.binned(kind)):
            self.portal.restore(kind, one)
        return kind, one

    def do_move_a_quote_to_another_deal(self):
        quote, deal = self.one(self.live("quotes")), self.one(self.deals(open_=True))
        if quote and deal:
            for other in self.portal.linked("quotes", quote, "deals"):
                self.portal.unlink("quotes", quote, "deals", other)
            self.portal.link("quotes", quote, "deals", deal)
        return quote, deal

    def do_move_an_activity_from_a_company_to_its_deal(self):
        kind = self.rng.choice(LOGGED)
        alone = [
            a
            for a in self.live(kind)
            if self.portal.linked(kind, a, "companies") and not self.portal.linked(kind, a, "deals")
        ]
        if one := self.one(alone):
            company = self.one(self.portal.linked(kind, one, "companies"))
            deal = self.one(
                d
                for d in self.portal.linked("companies", company, "deals")
                if d in self.deals(open_=True)
            )
            if deal:
                self.portal.link(kind, one, "deals", deal)
            return kind, one, deal
        return None

    def do_take_an_activity_off_a_deal(self):
        kind = self.rng.choice(LOGGED)
        if one := self._on_a_deal(kind):
            deal = self.one(set(self.portal.linked(kind, one, "deals")) & set(self.followed()))
            if deal:
                self.portal.unlink(kind, one, "deals", deal)
            return kind, one, deal
        return None

    def do_edit_or_delete_a_task(self):
        mine = [t for t in self.live("tasks") if t not in self.our_tasks()]
        if one := self.one(mine):
            if self.rng.random() < 0.5:
                self.portal.archive("tasks", one)
            else:
                self.portal.update("tasks", one, {"hs_task_status": "COMPLETED"}, RITA)
        return one

    # -- lines and quotes ----------------------------------------------------------------------
    def do_add_a_line(self):
        if deal := self.one(self.deals()):
            return self.book.line(("deals", deal))
        return None

    def do_edit_a_line(self):
        if one := self.one(self.live("line_items")):
            discount = str(self.rng.randint(0, 90))
            self.portal.update("line_items", one, {"hs_discount_percentage": discount}, RITA)
        return one

    def do_delete_a_line(self):
        if one := self.one(self.live("line_items")):
            self.portal.archive("line_items", one)
        return one

    def do_make_a_quote(self):
        if deal := self.one(self.deals()):
            return self.book.quote(deal, lines=self.rng.randint(0, 2))
        return None

    def do_publish_a_quote(self):
        if one := self.one(self.live("quotes")):
            self.portal.update("quotes", one, {"hs_status": "APPROVAL_NOT_NEEDED"}, RITA)
        return one

    def do_add_a_line_to_a_quote(self):
        if one := self.one(self.live("quotes")):
            return self.book.line(("quotes", one))
        return None

    def do_put_an_old_line_on_a_quote(self):
        quote, line = self.one(self.live("quotes")), self.one(self.live("line_items"))
        if quote and line:
            self.portal.link("quotes", quote, "line_items", line)
        return quote, line

    def do_take_a_line_off_a_quote(self):
        quotes = self.live("quotes")
        if one := self.one(q for q in quotes if self.portal.linked("quotes", q, "line_items")):
            line = self.one(self.portal.linked("quotes", one, "line_items"))
            self.portal.unlink("quotes", one, "line_items", line)
            return one, line
        return None

    def do_delete_a_quote(self):
        if one := self.one(self.live("quotes")):
            self.portal.archive("quotes", one)
        return one

    # -- ours ----------------------------------------------------------------------------------
    def do_write_a_task_of_ours(self):
        if deal := self.one(self.deals(open_=True)):
            self.made += 1
            [done] = self.crm.write([new_task(deal, key=f"cr1:4711:{deal}:{self.made}")])
            return deal, done.result, done.id
        return None

    def do_change_a_task_of_ours(self):
        if one := self.one(self.our_tasks()):
            key = self.portal.value("tasks", one, "crmrules_key")
            self.crm.write([ChangeTask(key, one, {"body": f"Changed {self.clock.now}"})])
        return one

    def do_write_our_properties(self):
        if deal := self.one(self.deals()):
            status = self.rng.choice(["ok", "attention", "critical"])
            self.crm.write([SetFields(deal, {"status": status, "summary": "Why"})])
        return deal

    def do_complete_a_task_of_ours(self):
        if one := self.one(self.our_tasks()):
            self.portal.update("tasks", one, {"hs_task_status": "COMPLETED"}, RITA)
        return one

    def do_edit_a_task_of_ours(self):
        if one := self.one(self.our_tasks()):
            self.portal.update("tasks", one, {"hs_task_subject": f"{self.clock.now}"}, AL)
        return one

    def do_delete_a_task_of_ours(self):
        if one := self.one(t for t in self.our_tasks() if self.portal.linked("tasks", t, "deals")):
            self.portal.archive("tasks", one)
        return one

    def do_restore_a_task_of_ours(self):
        if one := self.one(self.our_tasks(archived=True)):
            self.portal.restore("tasks", one)
        return one

    def do_take_a_task_of_ours_off_its_deal(self):
        if one := self.one(t for t in self.our_tasks() if self.portal.linked("tasks", t, "deals")):
            deal = self.one(self.portal.linked("tasks", one, "deals"))
            self.portal.unlink("tasks", one, "deals", deal)
        return one


STEPS = sorted(name for name in dir(Walk) if name.startswith("do_"))


def unexplained(kept: Kept, fresh: Kept, today: date) -> list[str]:
    """Return what differs and should not."""
    levels = Levels.on(today)

    def level(row: Row | None) -> int:
        if row is None:
            return 0
        day = row.closed_on or today
        return levels.of(row.won is not None, row.won is True, day)

    found = []
    for key in sorted(kept.rows.keys() | fresh.rows.keys()):
        mine, true = kept.rows.get(key), fresh.rows.get(key)
        if same(mine, true) or documented(key, mine, true, fresh, level):
            continue
        found.append(f"{key}\n   kept  {mine}\n   fresh {true}")
    return found


def same(mine: Row | None, true: Row | None) -> bool:
    if mine is None or true is None:
        return mine is true
    return plain(mine) == plain(true)


def plain(row: Row) -> tuple[Any, ...]:
    # Who took part in a talk is read with the talk: associations of talks are not followed.
    body = {name: value for name, value in row.body.items() if name != "contacts"}
    return row.kind, row.id, row.parent, row.account, row.closed_on, row.won, body


def documented(
    key: tuple[str, str], mine: Row | None, true: Row | None, fresh: Kept, level: Any
) -> bool:
    """Whether a row may differ: only what no open, and no recently won, deal is judged by."""
    kind, _ = key
    row = mine or true
    assert row is not None
    if kind == "deal":
        # Lost, or won long ago: only searched for changes, so that it was moved to another company
        # shows at the next full pull. Its values are current.
        return level(true) == 1 and mine is not None and plain(mine)[4:] == plain(true)[4:]
    if kind == "company":
        # Kept until the next full pull where no deal is left that is followed.
        ours = {d.account for (k, _), d in fresh.rows.items() if k == "deal" and level(d) == 2}
        return key[1] not in ours
    if row.parent.startswith("company/"):
        return False
    named = row.body.get("properties", {}).get("crmrules_opportunity")
    if true is None and row.body.get("archived") and named != row.parent:
        # A deleted task of ours that names a deal merged since is not found by a full pull.
        return True
    # What is left of deals that are gone or not followed is read by nobody.
    return level(fresh.rows.get(("deal", row.parent))) < 2


def settle(walk: Walk) -> None:
    """Let the index catch up."""
    walk.clock.now += timedelta(minutes=61)
