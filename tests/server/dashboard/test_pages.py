"""The dashboard over HTTP: who sees what, what buttons do, and what bad requests get."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator
from pathlib import Path

import anyio
import httpx2
import pytest
from labhand.server.dashboard.headers import POLICY
from labhand.server.errors import SettingsError
from labhand.server.lab.approval.plans import summaries
from labhand.server.lab.lab import Lab
from labhand.server.lab.steering.pausing import current_pause
from labhand.server.store.experiments.rows import find_experiment

from ..lab import builders
from ..lab.approval import planning
from .served import MAX_SECONDS, TOKEN, Site, served

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("no_dispatcher")]
PAGES = ("/", "/experiments", "/experiments/e0001", "/compare?id=e0001&id=e0002", "/notebook", "/report")
HOSTILE = "<script>alert(1)</script>\x1b[31mred‮"


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncGenerator[Lab]:
    async with builders.lab(tmp_path) as opened:
        for score, verdict in ((1.9, "promising"), (2.0, "inconclusive"), (2.1, "worse")):
            await builders.experiment(opened, score=score, verdict=verdict, hypothesis=HOSTILE)
        await builders.failure(opened)
        await builders.note(opened, f"Depth helps {HOSTILE}", [1])
        await builders.experiment(opened)  # e0005, queued
        yield opened


@pytest.fixture
async def site(lab: Lab) -> AsyncGenerator[Site]:
    async with served(lab) as opened:
        yield opened


async def form_token(browser: httpx2.AsyncClient) -> str:
    found = re.search(r'name="form_token" value="([^"]+)"', (await browser.get("/")).text)
    assert found
    return found[1]


async def status_of(lab: Lab, number: int) -> tuple[str, str | None]:
    experiment = await find_experiment(lab.db, number)
    assert experiment is not None
    return experiment.status.value, experiment.cancel_reason


@pytest.mark.parametrize("path", PAGES)
async def test_without_a_session_a_page_leads_to_the_login_and_shows_nothing(site: Site, path: str) -> None:
    async with site.browser(logs_in=False) as browser:
        answer = await browser.get(path)
        assert (answer.status_code, answer.text) == (303, "")
        assert answer.headers["location"].startswith("/login?next=/")
        browser.cookies.set("labhand_session", "of-another-server")
        assert (await browser.get(path)).status_code == 303


@pytest.mark.parametrize("path", ["/live", "/events", "/points"])
async def test_without_a_session_nothing_is_streamed(site: Site, path: str) -> None:
    async with site.browser(logs_in=False) as browser:
        assert (await browser.get(path)).status_code == 401


async def test_a_token_opens_a_session_that_no_script_reads_and_no_other_page_sends(site: Site) -> None:
    async with site.browser(logs_in=False) as browser:
        wrong = await browser.post("/login", data={"token": "guess"})
        assert wrong.status_code == 403
        assert "This is not a token of this server." in wrong.text
        right = await browser.post("/login?next=/experiments%3Fstatus%3Dfailed", data={"token": TOKEN})
        assert (right.status_code, right.headers["location"]) == (303, "/experiments?status=failed")
        cookie = right.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=strict" in cookie
        assert TOKEN not in cookie


@pytest.mark.parametrize("place", ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)"])
async def test_a_login_leads_to_no_other_site(site: Site, place: str) -> None:
    async with site.browser(logs_in=False) as browser:
        answer = await browser.post("/login", params={"next": place}, data={"token": TOKEN})
        assert answer.headers["location"] == "/"


@pytest.mark.parametrize("path", PAGES)
async def test_pages_show_other_peoples_text_as_text(site: Site, path: str) -> None:
    async with site.browser() as browser:
        answer = await browser.get(path)
    assert answer.status_code == 200
    assert "<script>alert" not in answer.text
    assert "\x1b" not in answer.text
    assert "‮" not in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert path == "/report" or answer.headers["content-security-policy"] == POLICY
    assert answer.headers["cache-control"] == "no-store"


async def test_the_overview_tells_what_is_known_runs_costs_and_needs_the_person(site: Site) -> None:
    async with site.browser() as browser:
        page = (await browser.get("/")).text
    assert "3 scores of 4 experiments in the order in which they ended" in page
    assert "1 × crashed" in page
    assert "2 of 2 slots free, 1 queued" in page
    assert 'href="/experiments/e0001"' in page
    assert page.count('class="dots v-') == 4  # three verdicts and a failure


async def test_a_change_is_told_at_once_and_the_section_has_it(lab: Lab, site: Site) -> None:
    async with site.browser() as browser, browser.stream("GET", "/events") as stream:
        lines = stream.aiter_lines()

        async def next_change() -> int:
            with anyio.fail_after(MAX_SECONDS):
                async for line in lines:
                    if line.startswith("data: "):
                        return int(line.removeprefix("data: "))
            raise AssertionError

        before = await next_change()
        await builders.experiment(lab, score=1.8, verdict="confirmed")
        assert await next_change() > before
        with anyio.fail_after(MAX_SECONDS):
            while "e0006" not in (await browser.get("/live")).json()["sections"]["recent"]:
                await next_change()
        points = (await browser.get("/points")).json()
        assert [point[2] for point in points] == ["e0001", "e0002", "e0003", "e0004", "e0006"]


async def test_the_table_filters_sorts_and_can_be_sent_on_by_its_url(site: Site) -> None:
    async with site.browser() as browser:
        best = (await browser.get("/experiments?verdict=promising")).text
        assert best.count("<tr>") == 2
        assert 'value="promising" selected' in best
        ordered = (await browser.get("/experiments?status=succeeded&sort_by=score&order=descending")).text
        assert re.findall(r'name="id" value="(e\d+)"', ordered) == ["e0003", "e0002", "e0001"]
        assert 'aria-sort="descending"' in ordered
        found = (await browser.get("/experiments?search=alert")).text
        assert "3 experiments." in found


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/experiments?sort_by=nonsense", "nonsense"),
        ("/experiments?order=upwards", "order=&#39;upwards&#39; can&#39;t be used here"),
        ("/experiments?cursor=%00", "cursor"),
        ("/experiments/e9999", "e9999"),
        ("/experiments/..%2f..%2fetc", "There is no page"),
        ("/compare?id=e0001", "1 experiments were chosen"),
        ("/compare?" + "&".join(f"id=e000{n}" for n in range(1, 7)), "6 experiments were chosen"),
        ("/?stratum=s99", "There is no stratum s99"),
        ("/nowhere", "There is no page /nowhere"),
    ],
)
async def test_a_bad_request_gets_a_sentence(site: Site, path: str, words: str) -> None:
    async with site.browser() as browser:
        answer = await browser.get(path)
    assert answer.status_code in {400, 404}
    assert words in answer.text
    assert "Traceback" not in answer.text


async def test_a_button_cancels_and_says_so(lab: Lab, site: Site) -> None:
    async with site.browser() as browser:
        fields = {"ids": "e0005", "reason": "not worth it", "form_token": await form_token(browser)}
        answer = await browser.post("/do/cancel", data=fields)
        assert "Cancelled: e0005." in answer.text
        again = await browser.post("/do/cancel", data=fields)
        assert "e0005 had ended already" in again.text
    assert await status_of(lab, 5) == ("cancelled", "not worth it")


async def test_the_person_says_something_pauses_and_resumes(lab: Lab, site: Site) -> None:
    async with site.browser() as browser:
        token = {"form_token": await form_token(browser)}
        said = await browser.post("/do/say", data=token | {"text": "Try depth <b>first</b>"})
        assert "m001 stands first" in said.text
        assert (await browser.post("/do/say", data=token | {"text": " "})).status_code == 400
        await browser.post("/do/pause", data=token | {"reason": "for a demo"})
        pause = await current_pause(lab)
        assert pause is not None
        assert (pause.reason, pause.by) == ("for a demo", "person")
        page = (await browser.get("/")).text
        assert "the person has paused the lab: for a demo" in page
        assert "Try depth &lt;b&gt;first&lt;/b&gt;" in page
        assert "No answer yet." in (await browser.get("/notebook")).text
        await browser.post("/do/resume", data=token)
        assert await current_pause(lab) is None
        assert "wasn&#39;t paused" in (await browser.post("/do/resume", data=token)).text


async def test_a_plan_is_shown_approved_and_rejected_once(lab: Lab, site: Site) -> None:
    settings = lab.root / "labhand.toml"
    settings.write_text(f"{settings.read_text('utf-8')}\n[approval]\nabove_gpu_hours = 0\n", "utf-8")
    first = await planning.proposed(lab, 2.0, success="A <b>gain</b>")
    second = await planning.proposed(lab, 3.0)
    async with site.browser() as browser:
        page = (await browser.get("/")).text
        assert "p001 asks for your approval" in page
        assert "Success: A &lt;b&gt;gain&lt;/b&gt;" in page
        token = {"form_token": await form_token(browser)}
        about = token | {"plan": "p001", "digest": first.digest}
        changed = await browser.post("/do/approve", data=about | {"digest": second.digest})
        assert (changed.status_code, "p001 has changed since it was shown" in changed.text) == (400, True)
        assert (await browser.post("/do/approve", data={"plan": "p001", "digest": first.digest})).status_code == 400
        assert "p001 is approved" in (await browser.post("/do/approve", data=about)).text
        again = await browser.post("/do/reject", data=about)
        assert (again.status_code, "p001 is decided already: approved by person on the dashboard" in again.text) == (400, True)
        refused = token | {"plan": "p002", "digest": second.digest, "reason": "Too dear"}
        assert "p002 is rejected" in (await browser.post("/do/reject", data=refused)).text
        page = (await browser.get("/")).text
        assert "asks for your approval" not in page
        assert "p001 is approved: 0 of 2 GPU-hours" in page
    states = [(plan.state, plan.decided_by, plan.reason) for plan in await summaries(lab)]
    assert states == [("approved", "person", ""), ("rejected", "person", "Too dear")]


async def test_a_form_of_another_page_or_of_an_ended_session_does_nothing(lab: Lab, site: Site) -> None:
    async with site.browser() as browser:
        token = await form_token(browser)
        fields = {"ids": "e0005", "form_token": token}
        assert (await browser.post("/do/cancel", data={"ids": "e0005"})).status_code == 400
        assert (await browser.post("/do/cancel", data=fields | {"form_token": f"{token}x"})).status_code == 400
        foreign = await browser.post("/do/cancel", data=fields, headers={"Origin": "https://evil.example"})
        assert foreign.status_code == 403
        rebound = await browser.post("/do/cancel", data=fields, headers={"Host": "evil.example"})
        assert rebound.status_code == 421
        async with site.browser() as other:
            assert (await other.post("/do/cancel", data=fields)).status_code == 400
        await browser.post("/logout", data={"form_token": token})
        ended = await browser.post("/do/cancel", data=fields)
        assert (ended.status_code, ended.headers["location"]) == (303, "/login")
    assert await status_of(lab, 5) == ("queued", None)


async def test_a_lab_that_is_served_read_only_has_no_buttons_and_refuses_forms(lab: Lab) -> None:
    async with served(lab, is_read_only=lambda: True) as site, site.browser() as browser:
        token = await form_token(browser)
        assert "/do/" not in (await browser.get("/")).text
        assert "/do/" not in (await browser.get("/experiments/e0005")).text
        answer = await browser.post("/do/cancel", data={"ids": "e0005", "form_token": token})
        assert answer.status_code == 403
    assert await status_of(lab, 5) == ("queued", None)


async def test_a_settings_file_that_cannot_be_read_is_explained_and_takes_the_buttons_away(lab: Lab) -> None:
    def refuse() -> bool:
        raise SettingsError("labhand.toml: line 3 is no TOML", "Correct it")

    async with served(lab, is_read_only=refuse) as site, site.browser() as browser:
        assert "/do/" not in (await browser.get("/")).text
        missing = await browser.get("/experiments/e9999")
        assert missing.status_code == 404
        token = await form_token(browser)
        answer = await browser.post("/do/cancel", data={"ids": "e0005", "form_token": token})
        assert answer.status_code == 400
        assert "line 3 is no TOML" in answer.text
    assert await status_of(lab, 5) == ("queued", None)


@pytest.mark.parametrize(
    ("action", "fields", "words"),
    [
        ("cancel", {"ids": ""}, "ids is empty"),
        ("cancel", {"ids": "e9999"}, "e9999"),
        ("scale", {"pool": "nowhere", "clusters": "1"}, "nowhere"),
        ("scale", {"pool": "local", "clusters": "many"}, "is no number"),
        ("approve_everything", {}, "There is no action"),
    ],
)
async def test_an_action_that_is_not_possible_gets_a_sentence(
    site: Site, action: str, fields: dict[str, str], words: str
) -> None:
    async with site.browser() as browser:
        answer = await browser.post(f"/do/{action}", data=fields | {"form_token": await form_token(browser)})
    assert answer.status_code in {400, 404}
    assert words in answer.text


async def test_an_experiments_page_says_what_it_was_made_from_and_what_its_score_rests_on(lab: Lab, site: Site) -> None:
    held = {"evaluator": {"version": "7", "data": HOSTILE, "tokens": 2048}, "sandbox": {"files": HOSTILE}}
    number = await builders.experiment(lab, score=1.8, base=1, result=held)
    async with site.browser() as browser:
        page = (await browser.get(f"/experiments/e{number:04d}")).text
    assert "Scored by the evaluator, version 7, on &lt;script&gt;alert(1)" in page
    assert "sandbox of files" in page
    assert 'Made from</h2><ol class="plain"><li><a href="/experiments/e0001">e0001</a>' in page
    assert "<script>alert" not in page


async def test_streams_are_bounded_and_end_with_their_browser(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("labhand.server.dashboard.app.MAX_STREAMS", 1)
    async with site.browser() as browser:
        async with browser.stream("GET", "/events") as stream:
            assert stream.status_code == 200
            assert await anext(stream.aiter_lines())
            assert (await browser.get("/events")).status_code == 503
        with anyio.fail_after(MAX_SECONDS):
            while True:
                async with browser.stream("GET", "/events") as stream:
                    if stream.status_code == 200:
                        break
