"""The door: who gets in, and who may change something."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from crmrules.studio.door import CSRF_HEADER, Door

PORT = 8321
HOME = f"http://127.0.0.1:{PORT}"
CHANGES = ("POST", "PUT", "PATCH", "DELETE")


class Visitor:
    """A client that keeps its cookies."""

    def __init__(self, app, base: str, cookies: dict[str, str]) -> None:
        self._app, self._base, self._cookies = app, base, cookies

    def request(self, method: str, url: str, headers: dict[str, str] | None = None):
        async def ask():
            transport = httpx.ASGITransport(self._app)
            async with httpx.AsyncClient(
                transport=transport, base_url=self._base, cookies=self._cookies
            ) as client:
                answer = await client.request(method, url, headers=headers)
                self._cookies = dict(client.cookies)
                return answer

        return asyncio.run(ask())

    def get(self, url: str, headers: dict[str, str] | None = None):
        return self.request("GET", url, headers)

    def post(self, url: str, headers: dict[str, str] | None = None):
        return self.request("POST", url, headers)


class House:
    """A door, and an application behind it that counts who came in."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.now = 100.0
        self.door = Door(PORT, clock=lambda: self.now)

        async def answer(request):
            self.seen.append(request.method)
            return PlainTextResponse("in")

        self.app = Starlette(routes=[Route("/{rest:path}", answer, methods=["GET", *CHANGES])])

    def client(self, *, let_in: bool = True, base: str = HOME) -> Visitor:
        cookies = {self.door.cookie: self.door._session} if let_in else {}
        return Visitor(self.door.guard(self.app), base, cookies)

    def right(self) -> dict[str, str]:
        return {"Origin": HOME, CSRF_HEADER: self.door.page}


@pytest.fixture
def house():
    return House()


def test_without_the_printed_address_nobody_gets_in(house):
    for method in ("GET", *CHANGES):
        answer = house.client(let_in=False).request(method, "/", headers=house.right())
        assert answer.status_code == 403
        assert "crmrules studio" in answer.text
    assert house.client(let_in=False).get("/?token=wrong").status_code == 403
    assert house.seen == []


def test_the_printed_address_gives_a_cookie_and_disappears_from_the_address_bar(house):
    client = house.client(let_in=False)
    answer = client.get(house.door.address)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert house.door.token not in answer.headers["set-cookie"]
    assert client.get("/").text == "in"


def test_the_address_that_a_browser_is_started_with_opens_a_single_time(house):
    """Everybody on the machine can read it: it stands in a command line."""
    ticket = house.door.ticket()
    assert house.door.token not in ticket
    assert house.client(let_in=False).get(ticket).status_code == 303
    assert house.client(let_in=False).get(ticket).status_code == 403
    assert house.client(let_in=False).get(house.door.address).status_code == 303


def test_a_name_that_was_made_to_point_here_is_refused(house):
    for base in (f"http://evil.example:{PORT}", "http://127.0.0.1:1", "http://127.0.0.1"):
        client = house.client(base=base)
        headers = {"Cookie": f"{house.door.cookie}={house.door._session}"}
        assert client.get("/", headers=headers).status_code == 421
        assert client.get(f"/?token={house.door.token}").status_code == 421
    assert house.seen == []


@pytest.mark.parametrize("method", CHANGES)
@pytest.mark.parametrize(
    "spoil",
    [
        {"Origin": "http://evil.example"},
        {"Origin": f"http://evil.example:{PORT}"},
        {"Origin": "null"},
        {"Origin": None},
        {CSRF_HEADER: "guessed"},
        {CSRF_HEADER: None},
    ],
)
def test_a_change_comes_from_our_own_page_or_is_refused(house, method, spoil):
    headers = {name: value for name, value in (house.right() | spoil).items() if value}
    assert house.client().request(method, "/", headers=headers).status_code == 403
    assert house.seen == []
    assert house.client().request(method, "/", headers=house.right()).text == "in"


def test_the_token_opens_no_change(house):
    client = house.client(let_in=False)
    answer = client.post(f"/?token={house.door.token}", headers=house.right())
    assert answer.status_code == 403
    assert house.seen == []


def test_every_answer_forbids_foreign_scripts_frames_and_caches(house):
    for let_in in (True, False):
        headers = house.client(let_in=let_in).get("/").headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["cache-control"] == "no-store"
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "no-referrer"
        assert "access-control-allow-origin" not in headers


def test_who_is_refused_does_not_keep_the_studio_awake(house):
    house.now = 200
    house.client(let_in=False).get("/")
    assert house.door.last_seen == 100
    house.client().get("/")
    assert house.door.last_seen == 200


def test_each_start_has_words_of_its_own():
    one, other = Door(PORT), Door(PORT)
    assert one.token != other.token
    assert one.page != other.page
    assert min(len(one.token), len(one.page)) >= 43  # 256 bits
