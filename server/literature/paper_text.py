"""A paper's text as sections: its outline, and the part that a caller names."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from pydantic import BaseModel, ConfigDict

from ..errors import BadInputError, NotFoundError, nearest

MAX_PART = 8000
"""Characters of a section that one answer shows."""
PART_MARK = "#"
_NUMBER = re.compile(r"(?:section|appendix)?\s*((?:\d+|[A-Z])(?:\.\d+)*)\.?(?=\s|$)", re.IGNORECASE)


class Section(BaseModel):
    """A section.

    Attributes:
        level: 1 for a section, 2 for one within it.
        title: With its number, as the paper has it.
        text: Paragraphs, one a line, without those of the sections within it.
    """

    model_config = ConfigDict(frozen=True)

    level: int
    title: str
    text: str

    @property
    def number(self) -> str:
        """The number in its title: `3.1`, or `A`; empty if it has none."""
        match = _NUMBER.match(self.title)
        return match[1].upper() if match and (match[1][0].isdigit() or "." in match[0] or match.end() < len(self.title)) else ""


class PaperText(BaseModel):
    """The text of a paper.

    Attributes:
        place: Where it was fetched: the host.
        sections: In order.
    """

    model_config = ConfigDict(frozen=True)

    place: str
    sections: tuple[Section, ...]


class Excerpt(BaseModel):
    """A part of a text.

    Attributes:
        title: Of the section.
        text: The part.
        part: Its number, from 1.
        parts: How many there are.
        following: The title of the next section; empty after the last one.
    """

    title: str
    text: str
    part: int
    parts: int
    following: str


def excerpt(sections: Sequence[Section], asked: str) -> Excerpt:
    """Return a part of a section, with the sections within it.

    Args:
        sections: Of the paper.
        asked: A number or a title, with `#2` for its second part.

    Raises:
        BadInputError: The part doesn't exist.
        NotFoundError: The section doesn't.
    """
    name, mark, number = asked.strip().rpartition(PART_MARK)
    if not mark or not number.isdecimal():
        name, number = asked.strip(), "1"
    place = _find(sections, name)
    section = sections[place]
    end = next((later for later in range(place + 1, len(sections)) if sections[later].level <= section.level), len(sections))
    inner = [f"{each.title}\n{each.text}" for each in sections[place + 1 : end]]
    parts = split("\n".join(filter(None, [section.text, *inner])))
    part = int(number[:6])
    if not 1 <= part <= len(parts):
        raise BadInputError(
            f"{section.title!r} has {len(parts)} parts, and no part {part}", f'Give section="{name}{PART_MARK}1"'
        )
    following = sections[end].title if end < len(sections) else ""
    return Excerpt(title=section.title, text=parts[part - 1], part=part, parts=len(parts), following=following)


def split(text: str, most: int = MAX_PART) -> list[str]:
    """Return a text in parts of at most `most` characters, cut between paragraphs where possible; at least one part."""
    parts: list[str] = []
    rest = text
    while len(rest) > most:
        ends = (rest.rfind("\n", most // 2, most), rest.rfind(". ", most // 2, most) + 1, most)
        cut = next(end for end in ends if end > 0)
        parts.append(rest[:cut].rstrip())
        rest = rest[cut:].lstrip()
    return [*parts, rest]


def _find(sections: Sequence[Section], name: str) -> int:
    """Return the place of a section: by its title, by its number, or by a part of its title that is the first such."""
    wanted = _folded(name)
    number = _NUMBER.fullmatch(name.strip())
    tests: tuple[Callable[[Section], bool], ...] = (
        lambda section: _folded(section.title) == wanted,
        lambda section: number is not None and section.number == number[1].upper(),
        lambda section: bool(wanted) and wanted in _folded(section.title),
    )
    for test in tests:
        for place, section in enumerate(sections):
            if test(section):
                return place
    titles = [section.title for section in sections]
    raise NotFoundError(f"The paper has no section {name[:80]!r}", nearest(name, titles, "sections"))


def _folded(title: str) -> str:
    return " ".join(re.sub(r"[\W_]+", " ", title).split()).casefold()
