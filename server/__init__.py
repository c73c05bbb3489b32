"""The laboratory: what is known, what runs, and what may be said about it."""
