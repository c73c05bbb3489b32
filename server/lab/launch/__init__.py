"""Launching: single experiments, grids and validations become queued experiments."""
