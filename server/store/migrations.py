"""How a database becomes one of the newest schema.

The schema's version is the number that SQLite keeps in `user_version`. `schema.sql` describes the newest one; a database of an
older one is brought to it by the migrations that it lacks, all in one transaction.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

from ..errors import SettingsError

_FROM_1 = """
-- The reference of every stratum is the champion, by name. Before, it was the newest champion that had a score there.
ALTER TABLE strata ADD COLUMN champion INTEGER REFERENCES champions;
ALTER TABLE strata ADD COLUMN reference_sd REAL;
CREATE TEMP TABLE newest AS
    SELECT champions.number, tree, experiment FROM champions JOIN sources USING (commit_hash)
    ORDER BY champions.number DESC LIMIT 1;
CREATE TEMP TABLE replicates AS
    SELECT experiments.number, stratum FROM experiments, newest WHERE score IS NOT NULL AND stratum IS NOT NULL
    AND (experiments.tree = newest.tree OR (newest.experiment IS NULL AND purpose = 'baseline'));
UPDATE strata SET champion = (SELECT number FROM newest);
UPDATE strata SET reference = NULL, replicates = 0 WHERE number NOT IN (SELECT stratum FROM replicates);
UPDATE experiments SET gain = NULL WHERE number IN (SELECT number FROM replicates)
    OR stratum NOT IN (SELECT stratum FROM replicates);
UPDATE experiments SET verdict = 'reference', reason = 'the reference that others are compared with'
    WHERE verdict NOT IN ('confirmed', 'not_shown') AND number IN (SELECT number FROM replicates);
UPDATE experiments SET verdict = 'inconclusive', reason = 'no_reference: the champion has no score in this stratum'
    WHERE verdict NOT IN ('confirmed', 'not_shown') AND score IS NOT NULL
    AND stratum NOT IN (SELECT stratum FROM replicates) AND doubt IS NULL AND reason NOT LIKE 'suspected:%';
DROP INDEX experiments_winners;
CREATE INDEX experiments_winners ON experiments (stratum, score, tree, purpose, gain)
    WHERE verdict IN ('promising', 'confirmed');
DROP TABLE replicates;
DROP TABLE newest;
-- A grid has all its cells, also those that existed before. For older grids it isn't known which these were.
CREATE TABLE reused_cells (
    grid       INTEGER NOT NULL REFERENCES grids,
    experiment INTEGER NOT NULL,
    variant    TEXT NOT NULL,
    PRIMARY KEY (grid, experiment)
) STRICT, WITHOUT ROWID;
-- A variant's name stands before what it changed, where it is shown and searched with it.
UPDATE experiments SET changes = variant || ': ' || changes WHERE variant <> '';
INSERT INTO experiments_text (experiments_text) VALUES ('rebuild');
-- A run folder names the experiment's nonce, so that a result counts only for its own source.
ALTER TABLE experiments ADD COLUMN nonce TEXT NOT NULL DEFAULT '';
"""

_FROM_2 = """
-- The metrics that experiments aren't judged by. Earlier versions read none.
CREATE TABLE metric_values (
    name       TEXT NOT NULL,
    experiment INTEGER NOT NULL REFERENCES experiments,
    value      REAL NOT NULL,
    PRIMARY KEY (name, experiment)
) STRICT, WITHOUT ROWID;
CREATE INDEX metric_values_sorted ON metric_values (name, value, experiment);
-- A slot may be a group of GPUs, and a run holds all of them.
ALTER TABLE pools ADD COLUMN gpus_per_slot INTEGER NOT NULL DEFAULT 1;
ALTER TABLE runs ADD COLUMN gpus INTEGER NOT NULL DEFAULT 1;
"""

_FROM_3 = """
-- The literature: papers that were found, read and cited.
CREATE TABLE papers (                   -- that were found or read
    id       TEXT PRIMARY KEY,          -- as it is shown: arXiv:…, doi:…, openalex:…, s2:…
    record   TEXT NOT NULL,             -- JSON: title, authors, year and so on, each with its source
    found_at REAL NOT NULL,
    read_at  REAL                       -- of the first read_paper
) STRICT, WITHOUT ROWID;

CREATE TABLE paper_ids (                -- every id of each paper
    id    TEXT PRIMARY KEY,
    paper TEXT NOT NULL REFERENCES papers
) STRICT, WITHOUT ROWID;

CREATE TABLE paper_texts (              -- that were read
    paper      TEXT PRIMARY KEY REFERENCES papers,
    content    TEXT NOT NULL,           -- JSON: where it is from, and its sections
    fetched_at REAL NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE paper_answers (            -- of services to searches
    source     TEXT NOT NULL,
    request    TEXT NOT NULL,           -- URL, without keys
    papers     TEXT NOT NULL,           -- JSON
    fetched_at REAL NOT NULL,
    PRIMARY KEY (source, request)
) STRICT, WITHOUT ROWID;

CREATE TABLE citations (                -- of papers, by experiments and notes
    number     INTEGER PRIMARY KEY,
    paper      TEXT NOT NULL REFERENCES papers,
    section    TEXT NOT NULL DEFAULT '',
    experiment INTEGER REFERENCES experiments,
    note       INTEGER REFERENCES notes
) STRICT;
CREATE INDEX citations_by_experiments ON citations (experiment, paper) WHERE experiment IS NOT NULL;
CREATE INDEX citations_by_papers ON citations (paper);
"""

_FROM_4 = """
-- What the person says to the research, until a note answers it.
CREATE TABLE messages (                 -- of the person, to whoever does the research
    number     INTEGER PRIMARY KEY,
    written_by TEXT NOT NULL,
    written_at REAL NOT NULL,
    text       TEXT NOT NULL,
    note       INTEGER REFERENCES notes -- that answers it
) STRICT;
CREATE INDEX messages_open ON messages (number) WHERE note IS NULL;
"""

_FROM_5 = """
-- Plans of spending that a person approves, and what is launched as part of them.
CREATE TABLE plans (                    -- of spending, for a person to approve or reject
    number      INTEGER PRIMARY KEY,
    content     TEXT NOT NULL,          -- JSON: questions, designs with their cost, what would count as success
    digest      TEXT NOT NULL,          -- of the content: a decision names it
    gpu_seconds REAL NOT NULL,
    usd         REAL NOT NULL,          -- in the worst case
    proposed_by TEXT NOT NULL,
    proposed_at REAL NOT NULL,
    state       TEXT NOT NULL DEFAULT 'open',  -- approved, rejected
    decided_by  TEXT,
    decided_at  REAL,
    decided_in  TEXT,                   -- command, dashboard, client
    reason      TEXT NOT NULL DEFAULT '',
    expires_at  REAL,                   -- of an approval; null for none
    unplanned_gpu_seconds REAL NOT NULL DEFAULT 0,  -- spent and reserved outside of plans when it was approved
    unplanned_usd         REAL NOT NULL DEFAULT 0
) STRICT;
ALTER TABLE experiments ADD COLUMN plan INTEGER REFERENCES plans;
ALTER TABLE validations ADD COLUMN plan INTEGER REFERENCES plans;
CREATE INDEX experiments_plan ON experiments (plan, status, gpu_seconds, usd) WHERE plan IS NOT NULL;
"""

MIGRATIONS: tuple[str, ...] = (_FROM_1, _FROM_2, _FROM_3, _FROM_4, _FROM_5)
"""Statements that bring version n to n + 1, beginning with version 1. A released migration never changes."""


def missing_statements(version: int, newest: int, path: Path) -> list[str]:
    """The statements that bring a database of `version` (0 for an empty one) to the newest."""
    if version > newest:
        raise SettingsError(
            f"{path} was written by a newer labhand: its schema has version {version}, this labhand supports up to {newest}",
            "Upgrade labhand",
        )
    scripts = MIGRATIONS[version - 1 :] if version else (schema(),)
    return [statement for script in scripts for statement in statements(script)]


def schema() -> str:
    """The newest schema, as SQL."""
    return Path(__file__).with_name("schema.sql").read_text("utf-8")


def statements(script: str) -> list[str]:
    """The statements of a script one by one: `executescript` would commit the transaction that they belong to."""
    complete: list[str] = []
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            complete.append(statement)
            statement = ""
    return complete
