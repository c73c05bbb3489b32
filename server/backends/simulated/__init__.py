"""Runs on a virtual clock: for planning, and for rehearsals that cost nothing."""
