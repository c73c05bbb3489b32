"""The dashboard in a real Chromium: rules for everyone's access, a change that appears by itself, keys, and buttons."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from labhand.server.lab.lab import Lab
from labhand.server.store.experiments.rows import find_experiment
from playwright.async_api import Browser, Page, async_playwright, expect

from ...clients.programs import INSTALLED
from ...waiting import until
from ..lab import builders
from ..lab.approval import planning
from .served import TOKEN, Site, served

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
AXE = INSTALLED / "node_modules" / "axe-core" / "axe.min.js"
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PAGES = ("/", "/experiments", "/experiments/e0004", "/compare?id=e0001&id=e0002", "/notebook")
MILLISECONDS = 20_000
pytestmark = [pytest.mark.anyio, pytest.mark.slow, pytest.mark.usefixtures("no_dispatcher")]


@pytest.fixture(autouse=True)
def _programs() -> None:
    missing = [] if CHROMIUM else ["Chromium (Debian's package chromium)"]
    missing += [] if AXE.is_file() else ["axe-core (`make clients`)"]
    if missing and os.environ.get("REQUIRE_BROWSER"):
        pytest.fail(f"missing: {', '.join(missing)}")
    if missing:
        pytest.skip(f"missing: {', '.join(missing)}")


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncGenerator[Lab]:
    async with builders.lab(tmp_path) as opened:
        for number in range(12):
            verdict = ("promising", "inconclusive", "worse")[number % 3]
            await builders.experiment(opened, score=1.98 + 0.004 * number, verdict=verdict, hypothesis="Depth may help")
        failed = await builders.failure(opened)
        await builders.run(opened, failed, status="finished", log="step 1\nstep 2\n")
        running = await builders.experiment(opened, status="running")
        await builders.run(opened, running)
        await builders.experiment(opened)
        await builders.note(opened, "Depth helps", [1])
        yield opened


@pytest.fixture
async def site(lab: Lab) -> AsyncGenerator[Site]:
    async with served(lab) as opened:
        yield opened


@asynccontextmanager
async def chromium() -> AsyncGenerator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        try:
            yield browser
        finally:
            await browser.close()


class Watched:
    """A page, and everything about it that must not be: errors, and requests that leave this machine.

    Attributes:
        faults: What was seen.
    """

    def __init__(self, page: Page, site: Site) -> None:
        self.page = page
        self.faults: list[str] = []
        page.set_default_timeout(MILLISECONDS)
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("console", lambda said: self.faults.append(said.text) if said.type == "error" else None)
        page.on("request", lambda request: None if request.url.startswith(site.url) else self.faults.append(request.url))

    async def log_in(self, site: Site) -> None:
        await self.page.goto(f"{site.url}/")
        await self.page.get_by_label("Token").fill(TOKEN)
        await self.page.keyboard.press("Enter")
        await expect(self.page.get_by_role("heading", level=1)).to_contain_text("Improve")


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 1280), ("light", 320)])
async def test_every_page_keeps_the_rules_of_access_in_light_dark_and_on_a_phone(site: Site, scheme: str, width: int) -> None:
    async with chromium() as browser:
        page = await browser.new_page(
            color_scheme="dark" if scheme == "dark" else "light", viewport={"width": width, "height": 800}
        )
        watched = Watched(page, site)
        await page.goto(f"{site.url}/")
        violations = {"/login": await violated(page)}
        await watched.log_in(site)
        for path in PAGES:
            await page.goto(site.url + path, wait_until="domcontentloaded")
            violations[path] = await violated(page)
            overflow = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            assert overflow <= 0, path
    assert {path: rules for path, rules in violations.items() if rules} == {}
    assert watched.faults == []


async def violated(page: Page) -> list[str]:
    """The rules of axe that a page breaks, each with the first element that does."""
    await page.evaluate(AXE.read_text("utf-8"))
    found = await page.evaluate("axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice'] })")
    return [f"{each['id']}: {each['nodes'][0]['html'][:200]}" for each in found["violations"]]


async def test_what_happens_in_the_lab_appears_without_a_reload(lab: Lab, site: Site) -> None:
    async with chromium() as browser:
        page = await browser.new_page()
        watched = Watched(page, site)
        await watched.log_in(site)
        await page.evaluate("window.scrollTo(0, 300)")
        await builders.experiment(lab, score=1.7, verdict="confirmed", changes="DEPTH 4→12")
        await expect(page.locator("#section-recent")).to_contain_text("DEPTH 4→12", timeout=MILLISECONDS)
        await expect(page.locator("#section-progress path.v-confirmed")).to_have_count(1)
        assert await page.evaluate("window.scrollY") == 300
    assert watched.faults == []


async def test_a_plan_that_is_proposed_appears_and_is_approved_by_its_button(lab: Lab, site: Site) -> None:
    settings = lab.root / "labhand.toml"
    settings.write_text(f"{settings.read_text('utf-8')}\n[approval]\nabove_gpu_hours = 0\n", "utf-8")
    async with chromium() as browser:
        page = await browser.new_page(viewport={"width": 320, "height": 800})
        watched = Watched(page, site)
        await watched.log_in(site)
        await planning.proposed(lab, 2.0)
        await expect(page.get_by_role("heading", name="p001 asks for your approval")).to_be_visible(timeout=MILLISECONDS)
        assert await violated(page) == []
        assert await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
        await page.get_by_role("button", name="Approve p001").press("Enter")
        await expect(page.get_by_text("p001 is approved: the agent may launch what it says.")).to_be_visible()
        await page.goto(f"{site.url}/")
        await expect(page.get_by_text("p001 is approved: 0 of 2 GPU-hours").first).to_be_visible()
    assert watched.faults == []


async def test_the_page_of_an_experiment_that_goes_on_follows_its_log_until_it_has_ended(lab: Lab, site: Site) -> None:
    async with chromium() as browser:
        page = await browser.new_page()
        watched = Watched(page, site)
        await watched.log_in(site)
        await page.goto(f"{site.url}/experiments/e0014", wait_until="domcontentloaded")
        log = lab.folder / "runs" / "e0014-1" / "log.txt"
        log.write_text("step 1\n", "utf-8")
        await expect(page.locator("pre.log")).to_contain_text("step 1", timeout=MILLISECONDS)
        log.write_text("step 1\nstep 2\n", "utf-8")
        await expect(page.locator("pre.log")).to_contain_text("step 2", timeout=MILLISECONDS)
        await builders.finish(lab, 14, score=1.95)
        await expect(page.get_by_role("heading", level=1)).to_contain_text("inconclusive", timeout=MILLISECONDS)
        await expect(page.locator("[data-renewed]")).to_have_count(0)
    assert watched.faults == []


async def test_a_click_near_a_dot_opens_its_experiment(site: Site) -> None:
    async with chromium() as browser:
        page = await browser.new_page(viewport={"width": 1280, "height": 900})
        watched = Watched(page, site)
        await watched.log_in(site)
        async with page.expect_response("**/points*"):
            await page.locator("svg.progress").hover()
        best = await page.evaluate(
            """async () => {
                const [x, y, id] = (await (await fetch('/points')).json())[0];
                const at = new DOMPoint(x, y).matrixTransform(document.querySelector('svg.progress').getScreenCTM());
                return [at.x, at.y, id];
            }"""
        )

        async def names_the_dot() -> bool:
            """Whether the page names the dot under the pointer: it has the dots some time after they have come."""
            await page.mouse.move(best[0], best[1])
            await page.mouse.move(best[0] + 1, best[1] + 1)
            return best[2] in (await page.locator(".hover").text_content() or "")

        await until(names_the_dot)
        await page.mouse.click(best[0] + 1, best[1] + 1)
        await page.wait_for_url(f"**/experiments/{best[2]}")


async def test_an_experiment_is_cancelled_by_keys_alone(lab: Lab, site: Site) -> None:
    async with chromium() as browser:
        page = await browser.new_page()
        watched = Watched(page, site)
        page.on("dialog", lambda dialog: dialog.accept())
        await watched.log_in(site)
        await page.get_by_role("button", name="Cancel e0014").focus()
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("status")).to_contain_text("Cancelled: e0014.")
    experiment = await find_experiment(lab.db, 14)
    assert experiment is not None
    assert experiment.cancel_reason == "cancelled on the dashboard"
    assert watched.faults == []


async def test_the_page_says_when_the_server_has_gone(lab: Lab) -> None:
    async with chromium() as browser:
        page = await browser.new_page()
        async with served(lab) as site:
            watched = Watched(page, site)
            await watched.log_in(site)
            await expect(page.locator(".stale")).to_be_hidden()
        await expect(page.locator(".stale")).to_be_visible(timeout=MILLISECONDS)
        await expect(page.locator("#section-recent")).to_contain_text("e0012")
