"""Runs on this machine, a detached runner for each."""
