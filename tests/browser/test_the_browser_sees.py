"""The browser that tests look through notices what is wrong with a page."""

from __future__ import annotations

import subprocess
import sys

import pytest

import chromium

pytestmark = pytest.mark.slow
GOOD = (
    '<!doctype html><html lang="en"><title>Good</title><style>:focus{outline:2px solid}</style>'
    "<main><h1>A page</h1><p>With a <a href=#end>link</a></p><p id=end>and an end.</p></main>"
)


@pytest.fixture
def page(tmp_path):
    """Write a page with something more in it."""

    def write(more="", *, good=GOOD):
        file = tmp_path / "page.html"
        file.write_text(good.replace("</main>", more + "</main>"), encoding="utf-8")
        return file

    return write


@pytest.mark.parametrize("dark", [False, True])
def test_nothing_is_wrong_with_a_page_that_is_as_it_should_be(look, page, dark):
    view = look(page(), dark=dark)
    assert view.overflow() == 0
    assert view.violations() == []
    assert view.unreachable() == []


def test_a_request_that_would_leave_is_refused_and_told(look, page):
    view = look(page("<img alt=x src='http://127.0.0.1:9/x.png'>"))
    assert view.outside == ["http://127.0.0.1:9/x.png"]
    assert any("net::ERR_FAILED" in text for text in view.complaints)
    with pytest.raises(pytest.fail.Exception, match=r"x\.png"):
        look.close()
    look._views.clear()


def test_an_error_of_a_script_is_told(look, page):
    view = look(page("<script>console.error('no good'); undefined.x</script>"))
    assert any("no good" in text for text in view.complaints)
    assert any("undefined" in text for text in view.complaints)
    look._views.clear()


def test_a_page_that_is_too_wide_for_a_phone_is_noticed(look, page):
    file = page("<p style='width:600px'>wide</p>")
    assert look(file, width=chromium.PHONE).overflow() > 200
    assert look(file, width=chromium.DESKTOP).overflow() == 0


def test_too_little_contrast_and_a_picture_without_words_are_noticed(look, page):
    found = look(page("<p style='color:#aaa'>pale</p><img src='data:,'>")).violations()
    assert {text.split()[0] for text in found} == {"color-contrast", "image-alt"}


def test_what_a_keyboard_cannot_reach_or_does_not_show_is_noticed(look, page):
    out = "<button tabindex=-1>out of reach</button><button style='outline:none'>unseen</button>"
    trap = "<div tabindex=0 onfocus='this.blur()'>shy</div>"
    found = look(page(out + trap)).unreachable()
    assert [text.split(" ", 1)[1] for text in found] == ["out of reach", "unseen", "shy"]


@pytest.mark.parametrize("required", ["", "1"])
def test_without_a_browser_the_tests_skip_unless_they_must_not(tmp_path, required):
    source = (
        "import chromium, pytest\ndef test_it():\n    with chromium.launched():\n        pass\n"
    )
    (tmp_path / "test_it.py").write_text(source, encoding="utf-8")
    words = [sys.executable, "-m", "pytest", "-q", "-rs", "-p", "no:randomly", str(tmp_path)]
    path = str(chromium.Path(chromium.__file__).parent)
    variables = {"PATH": "", "PYTHONPATH": path, "CRMRULES_REQUIRE_CHROMIUM": required}
    done = subprocess.run(
        words, env=variables, capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert "there is no Chromium on this machine" in done.stdout
    assert ("1 failed" if required else "1 skipped") in done.stdout
