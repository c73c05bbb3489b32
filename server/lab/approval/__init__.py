"""Approval of spending: plans that agents propose and people decide about. No tool decides."""
