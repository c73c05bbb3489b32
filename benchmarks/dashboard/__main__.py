"""How long the dashboard takes in a real browser, beside the login page of the same server, which shows no data.

Run `python -m benchmarks.dashboard`; it needs Chromium. "Usable" is the time from the click until the page is laid out,
"update" that from a write in the database to the text on the page, "memory" the browser's JavaScript heap.
"""

from __future__ import annotations

import argparse
import shutil
import socket
import tempfile
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median
from typing import Any

import anyio
from labhand.server.commands.dashboard import lab_page
from labhand.server.http_settings import token_hash
from labhand.server.lab.lab import Lab
from playwright.async_api import Page, async_playwright
from uvicorn import Config, Server

from benchmarks.results import fill

TOKEN = "benchmark"  # noqa: S105
USABLE = "performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd"
HEAP = "performance.memory.usedJSHeapSize"


@asynccontextmanager
async def _served(lab: Lab) -> AsyncGenerator[str]:
    async def open_lab() -> Lab:
        return lab

    app = lab_page(open_lab, lambda: False, {"person": token_hash(TOKEN)})
    server = Server(Config(app, ws="none", log_config=None, timeout_graceful_shutdown=1))
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(server.serve, [listening])
            while not server.started:
                await anyio.lowlevel.checkpoint()
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
            server.should_exit = True


async def _usable(page: Page, url: str, repeats: int) -> float:
    times: list[float] = []
    for _ in range(repeats):
        await page.goto(url, wait_until="load")
        times.append(await page.evaluate(USABLE))
    return median(times)


async def _write(lab: Lab, text: str) -> None:
    """Change what the newest row shows."""
    async with lab.db.transaction() as tx:
        await tx.execute(
            "UPDATE experiments SET changes = ? WHERE number = (SELECT number FROM experiments WHERE finished_seq IS NOT"
            " NULL ORDER BY finished_seq DESC LIMIT 1)",
            (text,),
        )


async def _update(lab: Lab, page: Page, repeats: int) -> float:
    """Milliseconds from a write of the newest row to its text on the page."""
    times: list[float] = []
    for turn in range(repeats):
        name = f"TURN {turn}"
        began = time.perf_counter()
        await _write(lab, name)
        await page.locator("#section-recent", has_text=name).wait_for()
        times.append(1000 * (time.perf_counter() - began))
    return median(times)


async def _stream(lab: Lab, page: Page, minutes: float, per_second: float) -> int:
    """Write so many events a second while the page is open; returns how many. The page has to show the last one."""
    count, end = 0, time.monotonic() + 60 * minutes
    while time.monotonic() < end:
        began = time.monotonic()
        await _write(lab, f"EVENT {count}")
        count += 1
        await anyio.sleep(max(0.0, 1 / per_second - (time.monotonic() - began)))
    await page.locator("#section-recent", has_text=f"EVENT {count - 1}").wait_for()
    return count


async def _heap(page: Page) -> float:
    session: Any = await page.context.new_cdp_session(page)  # typed in part
    await session.send("HeapProfiler.collectGarbage")
    return float(await page.evaluate(HEAP)) / 2**20


async def _measure(count: int, repeats: int, changes: int, minutes: float, per_second: float) -> None:
    with tempfile.TemporaryDirectory(prefix="labhand-benchmark-") as folder:
        lab = await Lab.open(Path(folder), wake=lambda _: None)
        try:
            await fill(lab, count)
            async with _served(lab) as url, async_playwright() as playwright:
                browser = await playwright.chromium.launch(
                    executable_path=shutil.which("chromium"), args=["--no-sandbox", "--enable-precise-memory-info"]
                )
                page = await browser.new_page()
                empty = await _usable(page, f"{url}/login", repeats)
                await page.get_by_label("Token").fill(TOKEN)
                await page.keyboard.press("Enter")
                await page.locator(".overview").wait_for()
                whole = await _usable(page, f"{url}/", repeats)
                table = await _usable(page, f"{url}/experiments", repeats)
                await page.goto(f"{url}/", wait_until="load")
                update = await _update(lab, page, repeats)
                before = await _heap(page)
                await _update(lab, page, changes)
                after, later = await _heap(page), f"after {changes} changes"
                if minutes:
                    events = await _stream(lab, page, minutes, per_second)
                    after, later = await _heap(page), f"after {events:,} events in {minutes:g} min"
                await browser.close()
        finally:
            await lab.close()
    print(
        f"| {count:,} | {whole:.0f} ms | {whole / empty:.1f} | {table:.0f} ms | {update:.0f} ms | {before:.1f} MiB |"
        f" {after:.1f} MiB {later} |"
    )


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.dashboard", description=__doc__)
    parser.add_argument("--experiments", type=int, nargs="*", default=[1_000, 10_000])
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--changes", type=int, default=100)
    parser.add_argument("--minutes", type=float, default=0.0, help="leave the page open for so long, while events come")
    parser.add_argument("--events-per-second", type=float, default=10.0, help="with --minutes")
    arguments = parser.parse_args()
    print("| experiments | overview usable | of the login page | table usable | update | memory | memory later |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for count in arguments.experiments:
        anyio.run(_measure, count, arguments.repeats, arguments.changes, arguments.minutes, arguments.events_per_second)


if __name__ == "__main__":
    main()
