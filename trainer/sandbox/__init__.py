"""The bounds of untrusted code, and the processes that it runs in."""
