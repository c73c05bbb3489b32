"""One run, from its preparation to its result."""
