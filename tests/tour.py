"""Make the README's pictures again, from a demo started for it: `uv run python -m tests.tour`."""

import shutil
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tests.running import ROOT, Started

TOUR = ROOT / "portal" / "static" / "portal" / "tour"
#: File, address, width, height, and what of the page (empty: what one sees without scrolling).
PICTURES = (
    ("home.png", "/", 1200, 900, ""),
    ("gate.png", "/initiatives/AI-42/gates/funding/", 390, 844, ""),
    ("catalog.png", "/catalog/", 1200, 900, ""),
    ("lifecycle.png", "/help/lifecycle/", 1200, 900, "main svg[role=img] >> visible=true"),
)


def main() -> None:
    """Start a demo, be the business owner, and take each picture."""
    home = Path(tempfile.mkdtemp(prefix="mandate-tour-"))
    running = Started(home / "home")
    TOUR.mkdir(parents=True, exist_ok=True)
    try:
        with sync_playwright() as play:
            chromium = shutil.which("chromium") or shutil.which("chromium-browser")
            browser = play.chromium.launch(
                executable_path=chromium, args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
            )
            for name, path, width, height, part in PICTURES:
                page = browser.new_page(viewport={"width": width, "height": height}, color_scheme="light")
                take(page, running.url, path, TOUR / name, part)
                page.close()
            browser.close()
    finally:
        running.end()
        shutil.rmtree(home)


def take(page: Page, base: str, path: str, into: Path, part: str) -> None:
    """Open a page as the business owner and save its picture."""
    page.goto(f"{base}/")
    page.get_by_role("button", name="Be Priya N", exact=True).first.click()
    page.goto(base + path)
    if part:
        page.locator(part).first.screenshot(path=into)
    else:
        page.screenshot(path=into)


if __name__ == "__main__":
    main()
