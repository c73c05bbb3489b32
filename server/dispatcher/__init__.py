"""The process that starts, follows, adopts and stops runs."""

from .process import dispatch

__all__ = ["dispatch"]
