"""Make the pictures of docs/dashboard.md: python docs/screenshots.py [LAB]. Without a lab, a rehearsal is run first."""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import sync_playwright

if TYPE_CHECKING:
    from collections.abc import Generator

PICTURES = Path(__file__).parent / "pictures"
ROOT = Path(__file__).parents[1]
ADDRESS = "127.0.0.1:8789"
TOKEN_MARK = "ends: "  # noqa: S105 - what stands before the token


@contextmanager
def dashboard(lab: Path) -> Generator[str]:
    """Serve the dashboard of a lab; yields the token."""
    command = [sys.executable, "-m", "labhand.server.main", "dashboard", "--root", str(lab), "--address", ADDRESS]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            line = process.stderr.readline() if process.stderr else ""
            yield line.rpartition(TOKEN_MARK)[2].strip()
        finally:
            process.terminate()


def take(lab: Path) -> None:
    """Take the pictures."""
    PICTURES.mkdir(exist_ok=True)
    with dashboard(lab) as token, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1280, "height": 1000}, device_scale_factor=1)
        page.goto(f"http://{ADDRESS}/login", wait_until="domcontentloaded", timeout=60_000)
        page.get_by_label("Token").fill(token)
        page.keyboard.press("Enter")
        page.locator(".overview").wait_for()
        page.screenshot(path=PICTURES / "dashboard-overview.png")
        best = page.locator(".fact.lead a")
        name = best.first.inner_text() if best.count() else "e0001"
        page.goto(f"http://{ADDRESS}/experiments/{name}", wait_until="domcontentloaded")
        page.screenshot(path=PICTURES / "dashboard-experiment.png")
        browser.close()


def main() -> None:
    """Make the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("lab", type=Path, nargs="?", help="the folder of a lab; by default a rehearsal is run")
    lab = parser.parse_args().lab
    if lab is not None:
        take(lab)
        return
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "lab"
        command = [sys.executable, "-m", "tests.campaign.afternoon", str(place), "--rehearsal"]
        subprocess.run(command, cwd=ROOT, check=True)
        take(place)


if __name__ == "__main__":
    main()
