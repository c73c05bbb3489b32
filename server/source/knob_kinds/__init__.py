"""The kinds of files that have knobs: how the knobs of each are found and set."""
