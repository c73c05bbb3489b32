"""Training scripts that the built-in trainer is compared with."""
