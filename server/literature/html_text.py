"""The sections of a paper in HTML, as LaTeXML writes it for arXiv and ar5iv. What no reader sees is dropped.

Papers carry orders to language models in white or tiny type: whatever is hidden, too small to read, or white, is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from selectolax.lexbor import LexborHTMLParser, LexborNode, SelectolaxError

from .paper_text import Section

MAX_DEPTH = 600
"""Elements within elements. The parser's time grows with the square of the depth."""
MAX_SELECTORS = 100
"""Selectors of hidden text in the page's own style sheets: each is looked for in the whole page."""
MAX_VALUE = 60
"""Characters of a value in a style. Longer ones hide nothing, and would take long to be compared."""
NO_TEXT = "script,style,noscript,template,nav,footer,header,head,button,form,svg,iframe,object,.ltx_ERROR,.ltx_page_footer"
BLOCKS = "p,li,tr,figcaption,blockquote,pre,div,section,article,dt,dd,table,ul,ol"
HEADINGS = "h1,h2,h3,h4,h5,h6"
LEVELS = {
    "ltx_title_section": 1,
    "ltx_title_appendix": 1,
    "ltx_title_bibliography": 1,
    "ltx_title_abstract": 1,
    "ltx_title_subsection": 2,
    "ltx_title_subsubsection": 3,
    "ltx_title_paragraph": 4,
}
"""Classes of headings in LaTeXML's pages."""
HEAD, HEAD_END, BLOCK, CELL = "\x01", "\x02", "\x03", "\x04"
"""Marks in the text. They can't occur in it, as control characters are removed before."""
_CONTROLS = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f]|&#x0*1?[0-9a-f](?![0-9a-f]);?|&#0*(?:[12]?[0-9]|3[01])(?![0-9]);?", re.IGNORECASE
)
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)")
_CLOSED_BY_OTHERS = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
    | {"p", "li", "dd", "dt", "tr", "td", "th", "thead", "tbody", "tfoot", "option"}
)
"""Elements that have no end, or that end without an end tag."""
_SIZE = re.compile(r"([\d.]+)\s*(px|pt|em|rem|ex|%|)")
_WHITE = re.compile(
    r"(?:white|transparent|snow|ivory|#f[a-f0-9]f[a-f0-9]f[a-f0-9](?:[a-f0-9]{2})?|#fff[a-f0-9]?"
    r"|rgba?\(\s*25[0-5]\s*[, ]\s*25[0-5]\s*[, ]\s*25[0-5].*\)|rgba\(.*[,/]\s*0?\.?0*\s*\))"
)
_SMALLEST = {"px": 4.0, "pt": 3.0, "em": 0.3, "rem": 0.3, "ex": 0.6, "%": 30.0, "": 4.0}


class UnreadableHtmlError(Exception):
    """The page is nested too deeply to be parsed in bounded time."""


def html_sections(html: str) -> list[Section]:
    """Return the sections of a paper; none if the page isn't one.

    Raises:
        UnreadableHtmlError: See there.
    """
    plain = _CONTROLS.sub("", html)
    _refuse_deep(plain)
    tree = LexborHTMLParser(plain)
    root = tree.css_first("article.ltx_document, article, .ltx_page_content, main")
    if root is None:
        return []
    for node in list(_invisible(tree)):
        node.decompose()
    root = tree.css_first("article.ltx_document, article, .ltx_page_content, main")
    if root is None:
        return []
    _mark(root)
    return list(_cut(root.text(deep=True)))


def _refuse_deep(html: str) -> None:
    depth = 0
    for tag in _TAG.finditer(html):
        if tag[2].lower() not in _CLOSED_BY_OTHERS:
            depth += -1 if tag[1] else 1
            if depth > MAX_DEPTH:
                raise UnreadableHtmlError(f"its elements are nested more than {MAX_DEPTH} deep")


def _invisible(tree: LexborHTMLParser) -> Iterator[LexborNode]:
    """Yield what no reader sees. The rules of the page's own style sheets count, as far as their selectors can be read."""
    hidden: list[str] = []
    for sheet in tree.css("style"):
        rules = (rule.rpartition("{") for rule in sheet.text().split("}"))  # linear, as an expression wouldn't be
        hidden += [selector.rpartition("{")[2].strip() for selector, _, style in rules if is_invisible(style)]
    yield from tree.css("[hidden]")
    for node in tree.css("[style],font[color]"):
        attributes = node.attributes
        if is_invisible(attributes.get("style") or "") or is_invisible(f"color:{attributes.get('color') or ''}"):
            yield node
    for selector in hidden[:MAX_SELECTORS]:
        try:
            yield from tree.css(selector)
        except (SelectolaxError, ValueError):
            continue
    yield from tree.css(NO_TEXT)


def is_invisible(style: str) -> bool:
    """Return whether a style hides text: not displayed, white, transparent, or too small to read."""
    for declaration in style.lower().split(";"):
        name, _, value = (part.strip() for part in declaration.partition(":"))
        value = value.removesuffix("!important").strip()[:MAX_VALUE]
        if (name, value) in {("display", "none"), ("visibility", "hidden"), ("visibility", "collapse")}:
            return True
        if (name == "color" or name.endswith("fg-color")) and _WHITE.fullmatch(value):
            return True
        if name in {"font-size", "opacity"} and _is_tiny(value, is_opacity=name == "opacity"):
            return True
    return False


def _is_tiny(value: str, *, is_opacity: bool) -> bool:
    match = _SIZE.fullmatch(value)
    if match is None:
        return False
    try:
        number = float(match[1])
    except ValueError:
        return False
    if is_opacity:
        return number < (10 if match[2] == "%" else 0.1)
    return number < _SMALLEST[match[2]]


def _mark(root: LexborNode) -> None:
    """Write formulas as text, and put marks where headings, blocks and cells are."""
    for node in root.css("math"):
        node.replace_with(f"${node.attributes.get('alttext') or node.text(deep=True)}$")
    for node in root.css(HEADINGS):
        title = " ".join(node.text(deep=True, separator=" ").split())
        node.replace_with(f"{HEAD}{_level(node)}{title}{HEAD_END}")
    for node in root.css("td,th"):
        node.insert_after(CELL)
    for node in root.css(BLOCKS):
        node.insert_after(BLOCK)
    for node in root.css("br"):
        node.replace_with(BLOCK)


def _level(node: LexborNode) -> int:
    """Return the level of a heading: 0 for the paper's title."""
    classes = (node.attributes.get("class") or "").split()
    if "ltx_title_document" in classes:
        return 0
    return next((LEVELS[name] for name in classes if name in LEVELS), max(0, int((node.tag or "h2")[1]) - 1))


def _cut(text: str) -> Iterator[Section]:
    """Yield the sections of a text with marks; empty ones only if others are within them."""
    front, *parts = text.split(HEAD)
    if front_text := _paragraphs(front):
        yield Section(level=1, title="Front matter", text=front_text)
    for part in parts:
        head, _, body = part.partition(HEAD_END)
        level, title = int(head[:1] or "1"), head[1:].strip()
        paragraphs = _paragraphs(body)
        if level == 0:
            if paragraphs:
                yield Section(level=1, title="Front matter", text=paragraphs)
        elif title:
            yield Section(level=level, title=title, text=paragraphs)


def _paragraphs(text: str) -> str:
    lines = (" ".join(line.replace(CELL, " | ").split()).rstrip("| ") for line in text.split(BLOCK))
    return "\n".join(filter(None, lines))
