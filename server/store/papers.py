"""Papers that were found, read and cited, and the answers of the services that know them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .database import Reader, Transaction


@dataclass(frozen=True, slots=True)
class PaperRow:
    """A paper.

    Attributes:
        id: As it is shown.
        record: JSON.
        read_at: When it was first read, as a Unix time; None if it was only found.
    """

    id: str
    record: str
    read_at: float | None = None


@dataclass(frozen=True, slots=True)
class CitedPaper:
    """A paper, and who cites it.

    Attributes:
        paper: The paper.
        experiments: Numbers of experiments.
        notes: Numbers of notes.
        sections: What of it is cited, where that was said.
    """

    paper: PaperRow
    experiments: Sequence[int]
    notes: Sequence[int]
    sections: Sequence[str]


async def find_paper(reader: Reader, ids: Sequence[str]) -> PaperRow | None:
    """Return the paper that has one of the ids."""
    row = await reader.row(
        "SELECT papers.id, record, read_at FROM paper_ids JOIN papers ON papers.id = paper"
        " WHERE paper_ids.id IN (SELECT value FROM json_each(?)) LIMIT 1",
        (json.dumps(list(ids)),),
    )
    return PaperRow(row["id"], row["record"], row["read_at"]) if row else None


async def save_paper(tx: Transaction, paper: PaperRow, ids: Iterable[str], at: float) -> None:
    """Write a paper down, in the place of an earlier record with its id."""
    await tx.execute(
        "INSERT INTO papers (id, record, found_at) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET record = excluded.record",
        (paper.id, paper.record, at),
    )
    await tx.many(
        "INSERT INTO paper_ids (id, paper) VALUES (?, ?) ON CONFLICT DO NOTHING",
        [(each, paper.id) for each in ids],
    )


async def find_text(reader: Reader, paper: str) -> tuple[str, float] | None:
    """Return the text of a paper as JSON, and when it was fetched."""
    row = await reader.row("SELECT content, fetched_at FROM paper_texts WHERE paper = ?", (paper,))
    return (row["content"], row["fetched_at"]) if row else None


async def save_text(tx: Transaction, paper: str, content: str, at: float) -> None:
    """Write down the text of a paper, as JSON."""
    await tx.execute("INSERT OR REPLACE INTO paper_texts VALUES (?, ?, ?)", (paper, content, at))


async def mark_read(tx: Transaction, paper: str, at: float) -> None:
    """Write down that a paper was read, unless it was before."""
    await tx.execute("UPDATE papers SET read_at = ? WHERE id = ? AND read_at IS NULL", (at, paper))


async def find_answer(reader: Reader, source: str, request: str) -> tuple[str, float] | None:
    """Return a service's answer to a search as JSON, and when it was fetched."""
    row = await reader.row("SELECT papers, fetched_at FROM paper_answers WHERE source = ? AND request = ?", (source, request))
    return (row["papers"], row["fetched_at"]) if row else None


async def save_answer(tx: Transaction, source: str, request: str, papers: str, at: float) -> None:
    """Write down a service's answer to a search, as JSON."""
    await tx.execute("INSERT OR REPLACE INTO paper_answers VALUES (?, ?, ?, ?)", (source, request, papers, at))


async def cite(
    tx: Transaction, citations: Iterable[tuple[str, str]], *, experiments: Sequence[int] = (), note: int | None = None
) -> None:
    """Write down that experiments, or a note, cite papers.

    Args:
        tx: The transaction.
        citations: Ids of papers, each with the section that is cited; empty for the whole paper.
        experiments: Numbers of the experiments.
        note: Number of the note.
    """
    by: list[tuple[int | None, int | None]] = [(number, None) for number in experiments]
    by += [(None, note)] if note is not None else []
    await tx.many(
        "INSERT INTO citations (paper, section, experiment, note) VALUES (?, ?, ?, ?)",
        [(paper, section, *citing) for paper, section in citations for citing in by],
    )


async def cited_by(reader: Reader, experiment: int) -> list[tuple[PaperRow, str]]:
    """Return the papers that an experiment cites, each with the section."""
    rows = await reader.rows(
        "SELECT id, record, read_at, section FROM citations JOIN papers ON id = paper WHERE experiment = ? ORDER BY number",
        (experiment,),
    )
    return [(PaperRow(row["id"], row["record"], row["read_at"]), row["section"]) for row in rows]


async def read_or_cited(reader: Reader) -> list[CitedPaper]:
    """Return the papers that were read or are cited, in the order of their ids."""
    rows = await reader.rows(
        "SELECT id, record, read_at,"
        " json_group_array(DISTINCT experiment) FILTER (WHERE experiment IS NOT NULL) AS experiments,"
        " json_group_array(DISTINCT note) FILTER (WHERE note IS NOT NULL) AS notes,"
        " json_group_array(DISTINCT section) FILTER (WHERE section <> '') AS sections"
        " FROM papers LEFT JOIN citations ON paper = id GROUP BY id HAVING read_at IS NOT NULL OR count(number) > 0 ORDER BY id"
    )
    return [
        CitedPaper(
            PaperRow(row["id"], row["record"], row["read_at"]),
            sorted(json.loads(row["experiments"])),
            sorted(json.loads(row["notes"])),
            sorted(json.loads(row["sections"])),
        )
        for row in rows
    ]
