"""A real browser that looks at our pages: this machine's Chromium, driven by Playwright.

Where there is no browser the tests that need it skip with a sentence, unless the variable
CRMRULES_REQUIRE_CHROMIUM (for npm: CRMRULES_REQUIRE_NPM) says that they must not. No browser is
ever downloaded. It resolves no name and reaches nothing but this machine. Of axe-core, which judges
accessibility, npm brings one version into pytest's cache.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

PHONE, DESKTOP = 390, 1280  # CSS pixels
_PATIENCE = 120_000  # milliseconds: on a busy machine a page takes its time
AXE = "4.14.1"
_NPM = "CRMRULES_REQUIRE_NPM"  # as for the other tests that need it
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
)
_WCAG = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")
_INTERACTIVE = (
    "a[href], button:enabled, input:enabled:not([type=hidden]), select:enabled, textarea:enabled,"
    " summary, [tabindex]:not([tabindex^='-'])"
)
_SHOWN = f"""() => [...document.querySelectorAll({_INTERACTIVE!r})]
    .filter(one => one.checkVisibility({{visibilityProperty: true}}))"""
_WORDS = """one => `${one.tagName.toLowerCase()}${one.id ? "#" + one.id : ""} `
    + (one.getAttribute("aria-label") || one.textContent || one.name || "").trim().slice(0, 60)"""
_TAB = """() => {
    const one = document.activeElement, look = getComputedStyle(one);
    window.stops ??= new Set();
    if (one === document.body || window.stops.has(one)) return false;
    window.stops.add(one);
    window.unmarked ??= new Set();
    if (look.outlineStyle === "none" && look.boxShadow === "none") window.unmarked.add(one);
    return true;
}"""


def missing(what: str, unless: str = "CRMRULES_REQUIRE_CHROMIUM") -> None:
    """Skip, or fail where these tests must not be skipped."""
    if os.environ.get(unless):
        pytest.fail(f"{unless} is set, but {what}")
    pytest.skip(what)


def program() -> str:
    """Return the path of this machine's browser."""
    found = next(filter(None, map(shutil.which, _NAMES)), None)
    if found is None:
        missing("there is no Chromium on this machine")
    return str(found)


@contextlib.contextmanager
def launched() -> Iterator[Any]:
    """Start the browser; end it at the end."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        missing("the package playwright is not installed")
    path = program()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(_FLAGS))
        try:
            yield browser
        finally:
            browser.close()


def axe_source(cache: Path) -> str:
    """Return the source of axe-core; npm brings it into the cache where it is not there yet."""
    file = cache / f"axe-{AXE}.js"
    if not file.exists():
        npm = shutil.which("npm")
        if npm is None:
            missing("there is no npm on this machine, which brings axe-core", _NPM)
        with tempfile.TemporaryDirectory(dir=cache) as folder:
            words = ("--ignore-scripts", "--no-audit", "--no-fund", "--prefix", folder)
            done = subprocess.run(
                [str(npm), "install", *words, f"axe-core@{AXE}"],
                capture_output=True,
                text=True,
                check=False,
                timeout=600,
            )
            if done.returncode:
                missing(f"npm could not bring axe-core: {done.stderr[-500:]}", _NPM)
            # One rename: whoever runs beside us sees all of it or nothing.
            (Path(folder) / "node_modules" / "axe-core" / "axe.min.js").replace(file)
    return file.read_text(encoding="utf-8")


@dataclass
class View:
    """One page, as one person with one device sees it.

    ``page`` is Playwright's. ``complaints``: what the browser's console says is wrong; ``outside``:
    every request that would have left, each of them refused.
    """

    page: Any
    axe: Any  # asks for the source of axe-core
    complaints: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)

    def overflow(self) -> int:
        """Return by how many pixels the page is wider than the window."""
        return self.page.evaluate(
            "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )

    def violations(self, *, besides: tuple[str, ...] = ()) -> list[str]:
        """Return what breaks WCAG 2.2 A or AA, with its first places; ``besides``: rule ids."""
        if not self.page.evaluate("() => 'axe' in window"):
            self.page.evaluate(self.axe())
        rules = {name: {"enabled": False} for name in besides}
        found = self.page.evaluate(
            "options => axe.run(document, options)",
            {"runOnly": list(_WCAG), "resultTypes": ["violations"], "rules": rules},
        )
        return [
            f"{one['id']} ({len(one['nodes'])}): {node['target']} {node['failureSummary']}"
            for one in found["violations"]
            for node in one["nodes"][:3]
        ]

    def unreachable(self) -> list[str]:
        """Press Tab from the top to the end; return what a keyboard cannot reach, or cannot see.

        What is reached and looks the same as before counts: whoever types would not know.
        """
        shown = self.page.evaluate(f"() => ({_SHOWN})().length")
        self.page.evaluate(
            "() => { document.activeElement.blur(); window.stops = window.unmarked = undefined }"
        )
        for _ in range(shown + 20):
            self.page.keyboard.press("Tab")
            if not self.page.evaluate(_TAB):
                break
        return self.page.evaluate(
            f"""() => ({_SHOWN})()
            .filter(one => !window.stops?.has(one) || window.unmarked?.has(one)).map({_WORDS})"""
        )

    def picture(self, path: Path, *, full: bool = True) -> None:
        """Keep a screenshot as PNG."""
        self.page.screenshot(path=path, full_page=full, animations="disabled")


class Eyes:
    """Opens pages for one test. ``close`` ends them and says what was wrong with any of them."""

    def __init__(self, browser: Any, axe: Any) -> None:
        self._browser, self._axe = browser, axe
        self._views: list[View] = []

    def __call__(
        self,
        target: Path | str,
        *,
        width: int = DESKTOP,
        height: int = 900,
        dark: bool = False,
        may_reach: tuple[str, ...] = (),
        **more: Any,
    ) -> View:
        """Open a file, or the address of a server of this test.

        It may fetch itself, and what starts with its own origin or one of ``may_reach``. ``more``
        goes to Playwright's ``new_context`` (``forced_colors="active"``, say).
        """
        url = target.resolve().as_uri() if isinstance(target, Path) else target
        allowed = (url if url.startswith("file:") else "/".join(url.split("/")[:3]) + "/",)
        context = self._browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
            **more,
        )
        context.set_default_timeout(_PATIENCE)
        view = View(context.new_page(), self._axe)
        self._views.append(view)
        page = view.page
        page.on("console", lambda said: _note(view, said))
        page.on("pageerror", lambda error: view.complaints.append(str(error)))

        def decide(route: Any) -> None:
            asked = route.request.url
            if asked.startswith((*allowed, *may_reach, "data:", "blob:")):
                route.continue_()
            else:
                view.outside.append(asked)
                route.abort()

        context.route("**/*", decide)
        page.goto(url, wait_until="load")
        return view

    def close(self) -> None:
        """End all pages; fail where a console complained or a request would have left."""
        wrong = [text for view in self._views for text in (*view.complaints, *view.outside)]
        for view in self._views:
            view.page.context.close()
        if wrong:
            pytest.fail("The browser was not content:\n" + "\n".join(wrong), pytrace=False)


def _note(view: View, said: Any) -> None:
    if said.type in ("error", "warning"):
        view.complaints.append(f"{said.type}: {said.text}")
