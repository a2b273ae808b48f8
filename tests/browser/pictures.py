"""Take the pictures of the report that the documentation shows.

    python tests/browser/pictures.py     writes docs/images/report*.png

They are looked at by whoever takes them; no test compares pictures.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
IMAGES = ROOT / "docs" / "images"
MARGIN = 16  # CSS pixels

sys.path[:0] = [str(Path(__file__).parent), str(ROOT / "tests")]

import lived  # noqa: E402

import chromium  # noqa: E402

NOTE = """\
#criterion: go-live in 8 weeks | crucial | us=3 acme=4
#criterion: price | important | us=2 acme=4
"""


def take(page: Any, selector: str, name: str) -> None:
    """Take the first such part of a page, with a margin around it."""
    box = page.locator(selector).first.bounding_box()
    clip = {"x": box["x"] - MARGIN, "y": box["y"] - MARGIN}
    clip |= {side: box[side] + 2 * MARGIN for side in ("width", "height")}
    page.screenshot(path=IMAGES / name, clip=clip, full_page=True)


def main() -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        lived.organization(Path(folder), opportunities=180, note=NOTE, rounds=3) as stage,
        chromium.launched() as browser,
    ):
        file = lived.report(stage, "report.html")
        eyes = chromium.Eyes(browser, lambda: "")
        page = eyes(file, width=chromium.DESKTOP, height=1130).page
        page.screenshot(path=IMAGES / "report.png")
        take(page, "section[aria-labelledby=load]", "report-work.png")
        phone = eyes(file, width=chromium.PHONE, dark=True).page
        take(phone, "article", "report-phone.png")
        eyes.close()


if __name__ == "__main__":
    main()
