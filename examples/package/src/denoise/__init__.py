"""Removes noise from a signal."""
