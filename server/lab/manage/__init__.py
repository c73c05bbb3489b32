"""Keeping the lab in order: cancelling and the notebook."""
