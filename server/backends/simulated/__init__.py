"""The `simulated` backend: runs that end at once with a score from a formula, for planning and rehearsals."""
