"""`labhand report`: what a person reads, with everything that came from elsewhere as harmless text."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import anyio
import pytest
from labhand.server.commands.report import as_html, as_markdown
from labhand.server.domain import Verdict
from labhand.server.lab.analysis.analyze import analyze
from labhand.server.lab.lab import Lab
from labhand.server.lab.report.gather import LabReport, gather
from labhand.server.main import app
from labhand.server.schemas.analysis import Analysis
from labhand.server.store.comparison import champions
from typer.testing import CliRunner
from typing_extensions import override

from ..lab import builders
from ..lab.campaign import BEGAN, bowl, run_all
from ..lab.writing import find, launch_grid, opened

HOSTILE = "</pre><script>alert(1)</script> ![x](http://evil/x.png) `code` | *bold*\x1b[2J {{ 7 * 7 }} \u202egnp.exe"
pytestmark = pytest.mark.anyio


class Page(HTMLParser):
    """What a browser would see of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.sources: list[str] = []
        self.text = ""
        self.feed(html)

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.sources += [value or "" for name, value in attrs if name in {"src", "href"} or name.startswith("on")]
        if tag not in {"meta", "img", "br"}:
            self.open.append(tag)

    @override
    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    @override
    def handle_data(self, data: str) -> None:
        self.text += data


async def campaign(lab: Lab) -> None:
    """A grid with failures whose words are hostile, and a champion of it."""
    factors = {"X": [0, 1, 2, 3, 4, 5], "Y": [-2, -1, 0], "NAME": ["plain", HOSTILE]}
    await launch_grid(lab, factors=factors, hypothesis=HOSTILE, theme=HOSTILE)
    await run_all(lab, lambda knobs: None if knobs["X"] == 5 else bowl(knobs))
    async with lab.db.transaction() as tx:
        await tx.execute("UPDATE experiments SET failed = json_object('message', ?) WHERE failure IS NOT NULL", (HOSTILE,))
        best = await find(lab, "e0024")
        await champions.add_champion(tx, best.commit, best.number, BEGAN + 100)
    await builders.note(lab, HOSTILE, [2])


@pytest.fixture(scope="module")
def reported(tmp_path_factory: pytest.TempPathFactory) -> tuple[LabReport, Analysis]:
    """The report of such a campaign, and its effects; tests only read them, and drawing a report takes seconds."""

    async def gathered() -> tuple[LabReport, Analysis]:
        async with opened(tmp_path_factory.mktemp("lab"), toml=f"goal = '''{HOSTILE[:60]}'''") as lab:
            await campaign(lab)
            return await gather(lab), await analyze(lab, "effects")

    return anyio.run(gathered)


@pytest.fixture(scope="module")
def report(reported: tuple[LabReport, Analysis]) -> LabReport:
    """The report alone."""
    return reported[0]


async def test_the_page_stands_alone_and_runs_nothing(report: LabReport) -> None:
    html = as_html(report)
    page = Page(html)
    assert page.open == []
    assert not {"script", "iframe", "object", "link", "a"} & set(page.tags)
    assert len(page.sources) == page.tags.count("img") == 6  # all but the horizons
    assert all(source.startswith("data:image/png;base64,iVBOR") for source in page.sources)
    assert "default-src 'none'" in html


async def test_words_of_others_are_shown_as_they_stand_without_what_cannot_be_seen(report: LabReport) -> None:
    text = Page(as_html(report)).text
    assert "<script>alert(1)</script>" in text
    assert "{{ 7 * 7 }}" in text
    assert "\x1b" not in text
    assert "\u202e" not in text


async def test_markdown_says_the_same_with_nothing_of_it_as_markup(report: LabReport) -> None:
    told = as_markdown(report)
    prose = re.sub(r"^(`{3,})diff\n.*?^\1$", "", told, flags=re.MULTILINE | re.DOTALL)
    assert "<script" not in re.sub(r"\\.", "", prose)
    assert not re.search(r"(?<!\\)!\[x\]", prose)
    assert set(re.findall(r"^!\[\w+\]\((\w+)\.png\)$", prose, re.MULTILINE)) == set(report.figures)
    tables = [line for line in prose.splitlines() if line.startswith("|")]
    assert all(len(re.findall(r"(?<!\\)\|", line)) >= 3 for line in tables)
    for heading in ("confirmed", "isn't confirmed", "tried", "trust", "search would have reached", "cost", "failure", "cover"):
        assert re.search(rf"^## .*{heading}", told, re.MULTILINE), heading


async def test_figures_are_those_of_the_analyses(reported: tuple[LabReport, Analysis]) -> None:
    report, effects = reported
    text = Page(as_html(report)).text
    assert effects.main
    for effect in effects.main:
        assert f"{effect.gain:.4g}" in text
        assert effect.term.split()[0] in text


async def test_nothing_is_called_confirmed_that_no_validation_confirmed(report: LabReport) -> None:
    assert "Nothing is confirmed." in as_html(report)
    assert report.verdicts.get(Verdict.CONFIRMED, 0) == 0
    assert [one.id for one in report.champions] == ["e0024"]
    assert "+X = 3.0" in report.champions[0].diff


def test_the_command_writes_a_page_markdown_and_pictures_even_of_an_empty_lab(tmp_path: Path) -> None:
    (tmp_path / "labhand.toml").write_text(f'trainer = "{builders.TRAINERS / "parabola"}"\n')
    done = CliRunner().invoke(app, ["report", str(tmp_path / "told"), "--root", str(tmp_path)])
    assert done.exit_code == 0, done.output
    assert "Nothing is scored yet" in (tmp_path / "told" / "report.html").read_text("utf-8")
    assert "Nothing is scored yet" in (tmp_path / "told" / "report.md").read_text("utf-8")
