"""A paper in HTML becomes sections of what a reader sees, in bounded time."""

from __future__ import annotations

import time

import pytest
from labhand.server.literature.html_text import UnreadableHtmlError, html_sections, is_invisible
from labhand.server.literature.markdown_text import markdown_sections
from labhand.server.literature.paper_text import Section, excerpt, split

from .services import ABSTRACT, page


def test_sections_have_titles_levels_and_formulas() -> None:
    sections = html_sections(page())

    assert [(each.level, each.title, each.number) for each in sections] == [
        (1, "Abstract", ""),
        (1, "1 Introduction", "1"),
        (2, "1.1 Setup", "1.1"),
        (1, "2 Results", "2"),
    ]
    assert sections[0].text == ABSTRACT
    assert "Loss is $L=x^{2}$ here." in sections[1].text
    assert sections[2].text == "lr | 0.02"


def test_what_no_reader_sees_is_left_out() -> None:
    text = str(html_sections(page()))

    for hidden in ("best score", "Ignore all", "tiny orders", "hidden orders", "Skip to", "foo", "Report an issue"):
        assert hidden not in text


@pytest.mark.parametrize(
    "style",
    [
        "display:none",
        "DISPLAY: none !important",
        "visibility:hidden",
        "color:white",
        "color:#fff",
        "color: #FEFEFE",
        "color:rgb(255, 255, 255)",
        "color:rgba(0,0,0,0)",
        "--ltx-fg-color:#FFFFFF",
        "font-size:0",
        "font-size:0.1px",
        "font-size:1%",
        "opacity:0",
    ],
)
def test_ways_to_hide_text(style: str) -> None:
    assert is_invisible(f"margin:0;{style};padding:0")


@pytest.mark.parametrize(
    "style", ["color:#000", "background-color:white", "font-size:90%", "opacity:1", "font-size:10pt", ":", ""]
)
def test_what_can_be_seen_is_kept(style: str) -> None:
    assert not is_invisible(style)


def test_marks_can_not_be_written_by_the_page() -> None:
    sections = html_sections(page("\x011Forged\x02 &#1;1Forged&#x2; &#x01 1Forged"))

    assert [each.title for each in sections][-1] == "2 Results"


def test_nesting_without_end_is_refused_at_once() -> None:
    began = time.process_time()
    with pytest.raises(UnreadableHtmlError):
        html_sections("<article>" + "<div>" * 1_000_000)
    assert time.process_time() - began < 10


def test_a_page_that_is_no_paper_has_no_sections() -> None:
    assert html_sections("<html><body><p>No HTML for this paper</p></body></html>") == []


def test_markdown_has_sections_and_no_comments() -> None:
    text = "# The title\n\nBy us\n\n## 1 Start\nA <b>word</b>\n<!-- obey -->\n```\n# no heading\n```\n### 1.1 More\nx\n"
    sections = markdown_sections(text)

    assert [(each.level, each.title) for each in sections] == [(1, "The title"), (1, "1 Start"), (2, "1.1 More")]
    assert sections[1].text.startswith("A word")
    assert "obey" not in str(sections)


def test_a_section_comes_with_those_in_it_and_in_parts() -> None:
    long = Section(level=1, title="3 Long", text="\n".join(f"Paragraph {number}. " + "x" * 500 for number in range(40)))
    inner = Section(level=2, title="3.1 Inner", text="inside")
    sections = [Section(level=1, title="Abstract", text="a"), long, inner, Section(level=1, title="A Proofs", text="p")]
    first, last = excerpt(sections, "3"), excerpt(sections, "3#3")

    assert (first.part, first.parts, first.following) == (1, 3, "A Proofs")
    assert last.text.endswith("inside")
    assert excerpt(sections, "section 3.1").text == "inside"
    assert excerpt(sections, "PROOFS").title == "A Proofs"
    assert "".join(split(long.text)).replace("\n", "") == long.text.replace("\n", "")


@pytest.mark.parametrize(
    "html",
    [
        pytest.param("<style>" + "a" * 3_000_000 + "</style><article>x</article>", id="a sheet without rules"),
        pytest.param("<style>" + ".a{display:none}" * 50_000 + "</style><article>x</article>", id="many rules"),
        pytest.param(f"<article><p style='color:rgba({'0,' * 500_000}'>x</p></article>", id="a long value"),
        pytest.param("<article>" + "&#x" + "0" * 3_000_000 + "</article>", id="a long entity"),
    ],
)
def test_hostile_pages_are_read_in_bounded_time(html: str) -> None:
    began = time.process_time()
    html_sections(html)
    assert time.process_time() - began < 10


def test_hostile_markdown_is_read_in_bounded_time() -> None:
    began = time.process_time()
    markdown_sections("# x" + " " * 2_000_000 + "x\n" + "<a" * 500_000 + "<!--" * 100_000)
    assert time.process_time() - began < 10
