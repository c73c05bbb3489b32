"""The process that starts, polls, adopts and stops runs."""
