"""What a failure storm holds together, as conditions in SQL. Standard library only: processes that must start fast use it."""

# ruff: noqa: S608  what is put into the statements are constants

from __future__ import annotations

SCOPE = "COALESCE('g' || grid || ' ' || variant, tree) || ' ' || gpu"
"""What a storm holds together: the cells of one variant of a grid; outside of grids, the replicates of one source.

On one kind of device: what runs out of memory on one may fit another.
"""
SETTING = "'setting ' || setting"
"""What the failure of the unchanged source holds together: a setting."""
SCOPES = f"({SCOPE}, {SETTING})"
HELD = f"EXISTS (SELECT 1 FROM holds WHERE scope IN {SCOPES} AND since >= launched_at)"
