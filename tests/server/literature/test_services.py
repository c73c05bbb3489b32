"""Each service, asked over real sockets: its format, its errors, its throttling, its redirects and its lies."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path

import pytest
from labhand.server.literature.cooldowns import Cooldowns
from labhand.server.literature.known_sources import KINDS
from labhand.server.literature.paper import PaperId
from labhand.server.literature.paper_source import PaperQuery, PaperSource
from labhand.server.literature.transport import SourceTrouble, Transport
from labhand.server.literature_settings import SOURCES, SourceName

from .services import ABSTRACT, ATOM, ERROR_ENTRY, HTML, JSON, MUON, TEXT, TITLE, Reply, Services, entry, feed, work

pytestmark = pytest.mark.anyio
QUERY = PaperQuery("muon optimizer")
ARXIV_ID = PaperId(kind="arXiv", value=MUON)
PAGE = Reply("<!DOCTYPE html><html><body>We'll be back soon</body></html>", HTML)


def source(services: Services, name: SourceName) -> PaperSource:
    return KINDS[name](f"{services.url}/{name}", Transport(Cooldowns()))


async def trouble(asked: PaperSource, query: PaperQuery = QUERY) -> SourceTrouble:
    with pytest.raises(SourceTrouble) as caught:
        await asked.search(query)
    return caught.value


@pytest.mark.parametrize("name", SOURCES)
async def test_a_search_finds_the_paper_with_what_the_service_knows(services: Services, name: SourceName) -> None:
    [paper, *_] = await source(services, name).search(QUERY)

    assert (paper.id, paper.title) == (f"arXiv:{MUON}", TITLE)
    assert set(paper.origins.values()) == {name}
    assert name == "semantic_scholar" or paper.abstract in {ABSTRACT, "We study Muon."}
    assert name in {"huggingface", "semantic_scholar"} or paper.authors == ("Ada Example",)


@pytest.mark.parametrize("name", [name for name in SOURCES if name != "semantic_scholar"])
async def test_a_look_up_returns_the_paper(services: Services, name: SourceName) -> None:
    paper = await source(services, name).look_up(ARXIV_ID)

    assert paper is not None
    assert paper.title == TITLE


@pytest.mark.parametrize("name", ["huggingface", "openalex", "semantic_scholar", "datacite"])
async def test_a_paper_that_a_service_does_not_have_is_none(services: Services, name: SourceName) -> None:
    assert await source(services, name).look_up(PaperId(kind="arXiv", value="2601.99999")) is None


@pytest.mark.parametrize("name", SOURCES)
@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(PAGE, id="a web page with status 200"),
        pytest.param(Reply(PAGE.body, JSON), id="a web page that says it is JSON"),
        pytest.param(Reply('{"results": 3, "data": 4, "total": "x"}'), id="another form"),
        pytest.param(Reply('[{"paper": {"id": "26'), id="a part of an answer"),
        pytest.param(Reply("Internal error", TEXT, 500), id="500"),
        pytest.param(Reply('{"error": "Unsupported fields: [tldr]"}', JSON, 400), id="400"),
        pytest.param(None, id="a dropped connection"),
    ],
)
async def test_what_is_no_answer_is_a_failure_and_never_no_hits(
    services: Services, name: SourceName, reply: Reply | None
) -> None:
    services.replies = {f"/{name}/": reply}

    assert (await trouble(source(services, name))).why == "failed"


async def test_an_answer_without_papers_is_empty_and_no_failure(services: Services) -> None:
    services.replies = {
        "/huggingface/": Reply("[]"),
        "/openalex/": Reply('{"results": []}'),
        "/semantic_scholar/": Reply('{"total": 0, "offset": 0}'),
        "/arxiv/": Reply(feed(""), ATOM),
        "/datacite/": Reply('{"data": []}'),
    }

    for name in SOURCES:
        assert await source(services, name).search(QUERY) == [], name


@pytest.mark.parametrize("status", [200, 400])
async def test_an_error_of_arxiv_comes_as_an_entry_whatever_the_status(services: Services, status: int) -> None:
    services.replies["/arxiv/"] = services.replies["/arxiv/api/query"] = Reply(feed(ERROR_ENTRY), ATOM, status)
    told = await trouble(source(services, "arxiv"))

    assert told.why == "failed"
    assert "start must be an integer" in told.reason


async def test_a_query_that_arxiv_rewrote_is_a_failure(services: Services, tmp_path: Path) -> None:
    rewritten = "arXiv Query: search_query=all:muon OR all:optimizer&amp;id_list=&amp;start=0&amp;max_results=10"
    services.replies["/arxiv/api/query"] = Reply(feed(entry(), rewritten), ATOM)
    assert "another query" in (await trouble(source(services, "arxiv"))).reason

    asked = services.of("arxiv")[0].query["search_query"]
    assert asked == 'all:"muon" AND all:"optimizer"'
    echoed = f"arXiv Query: search_query={asked}&amp;id_list=&amp;start=0&amp;max_results=10"
    services.replies["/arxiv/api/query"] = Reply(feed(entry(), echoed), ATOM)
    unhurried = Transport(Cooldowns(tmp_path / "others"))  # the next turn would come after three seconds
    assert len(await KINDS["arxiv"](f"{services.url}/arxiv", unhurried).search(QUERY)) == 1


async def test_years_are_asked_for_and_papers_of_others_are_left_out(services: Services) -> None:
    query = PaperQuery("muon", 2025, 2026)
    found = await source(services, "huggingface").search(query)
    for name in SOURCES[1:]:
        await source(services, name).search(query)

    assert [paper.arxiv for paper in found] == [MUON]
    assert services.of("openalex")[0].query["filter"] == "publication_year:2025-2026"
    assert services.of("semantic_scholar")[0].query["year"] == "2025-2026"
    assert "submittedDate:[202501010000 TO 202612312359]" in services.of("arxiv")[0].query["search_query"]
    assert "publicationYear:[2025 TO 2026]" in services.of("datacite")[0].query["query"]


async def test_a_service_that_throttles_is_not_asked_again_before_its_time(services: Services) -> None:
    services.throttle("openalex", Retry_After="53578")
    first = await trouble(source(services, "openalex"))
    services.replies |= {"/openalex/": Reply(json.dumps({"results": [work()]}))}
    second = await trouble(source(services, "openalex"))

    for told in (first, second):
        assert told.why == "throttled"
        assert told.until == pytest.approx(time.time() + 53578, abs=30)
    assert "Rate exceeded." in second.reason
    assert len(services.of("openalex")) == 1


async def test_a_time_to_ask_again_may_be_a_date(services: Services) -> None:
    services.throttle("huggingface", Retry_After="Fri, 31 Dec 2027 23:59:59 GMT")
    dated = await trouble(source(services, "huggingface"))
    assert dated.why == "throttled"
    assert dated.until is not None
    assert dated.until > time.time() + 60


@pytest.mark.parametrize("retry_after", ["soon", "", "-5", "99999999999999999999"])
async def test_a_nonsensical_retry_after_neither_fails_nor_rests_for_ever(services: Services, retry_after: str) -> None:
    services.throttle("datacite", Retry_After=retry_after)
    told = await trouble(source(services, "datacite"))
    assert told.why == "throttled"
    again = await trouble(source(services, "datacite"))
    assert again.until is not None
    assert time.time() < again.until <= time.time() + 48 * 3600 + 1


async def test_a_service_that_cannot_be_reached_is_left_alone_for_a_while(services: Services) -> None:
    services.replies["/datacite/"] = services.replies["/datacite/dois"] = None
    first = await trouble(source(services, "datacite"))
    second = await trouble(source(services, "datacite"))

    assert (first.why, second.why) == ("failed", "failed")
    assert second.until is not None
    assert len(services.of("datacite")) == 1


async def test_a_redirect_to_a_host_that_is_not_allowed_is_not_followed(services: Services) -> None:
    services.replies["/huggingface/"] = Reply("", TEXT, 302, {"Location": f"{services.other_url}/huggingface/api"})
    services.replies.pop("/huggingface/api/papers/search")
    told = await trouble(source(services, "huggingface"))

    assert "isn't allowed" in told.reason
    assert len(services.calls) == 1


async def test_a_redirect_within_a_service_is_followed_and_a_circle_is_not(services: Services) -> None:
    moved = f"/openalex/works/doi:10.48550/arxiv.{MUON}"
    services.replies[moved] = Reply("", TEXT, 301, {"Location": "/openalex/works/W1"})
    services.replies["/openalex/works/W1"] = Reply(json.dumps(work()))
    assert await source(services, "openalex").look_up(ARXIV_ID) is not None

    services.replies["/openalex/works/W1"] = Reply("", TEXT, 301, {"Location": "/openalex/works/W1"})
    with pytest.raises(SourceTrouble, match="redirects more than"):
        await source(services, "openalex").look_up(ARXIV_ID)


async def test_an_answer_without_end_is_cut(services: Services) -> None:
    services.replies["/huggingface/api/papers/search"] = Reply(b"[" + b" " * 5_000_000)

    assert "larger than" in (await trouble(source(services, "huggingface"))).reason


async def test_a_key_is_sent_as_a_header_and_shown_nowhere(
    services: Services, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    monkeypatch.setenv("OPENALEX_API_KEY", "sesame-1")
    monkeypatch.setenv("S2_API_KEY", "sesame-2")
    services.replies["/openalex/works"] = Reply('{"error": "Invalid key sesame-1"}', JSON, 401)
    refused = await trouble(source(services, "openalex"))
    await source(services, "semantic_scholar").search(QUERY)

    assert "OPENALEX_API_KEY" in refused.reason
    assert services.of("openalex")[0].headers["authorization"] == "Bearer sesame-1"
    assert services.of("semantic_scholar")[0].headers["x-api-key"] == "sesame-2"
    requests = [source(services, name).search_request(QUERY) for name in SOURCES]
    kept = "".join(path.read_text() for path in Cooldowns().folder.glob("*"))
    for shown in (refused.reason, repr(refused), caplog.text, kept, *map(repr, requests), *(each.name for each in requests)):
        assert "sesame" not in shown
    assert all("sesame" not in str(call.query) for call in services.calls)


async def test_a_key_is_not_sent_after_a_redirect_to_another_host(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("S2_API_KEY", "sesame")
    services.replies = {"/semantic_scholar/": Reply("", TEXT, 307, {"Location": f"{services.other_url}/semantic_scholar/x"})}
    await trouble(source(services, "semantic_scholar"))

    assert len(services.calls) == 1


async def test_requests_name_the_program_and_its_contact(services: Services) -> None:
    transport = Transport(Cooldowns(), "me@example.org")
    await KINDS["huggingface"](f"{services.url}/huggingface", transport).search(QUERY)

    agent = services.calls[0].headers["user-agent"]
    assert agent.startswith("labhand/")
    assert "me@example.org" in agent


async def test_a_service_that_hangs_is_left_alone(services: Services) -> None:
    services.replies["/datacite/dois"] = Reply("{}", hangs=True)
    transport, request = Transport(Cooldowns()), source(services, "datacite").search_request(QUERY)
    with pytest.raises(SourceTrouble, match=r"no answer within 0.3 s"):
        await transport.get(replace(request, max_seconds=0.3))
    with pytest.raises(SourceTrouble, match=r"no answer within 0.3 s"):
        await transport.get(request)
    assert len(services.of("datacite")) == 1
