"""Runs on clusters that SkyPilot launches; docs/skypilot.md tells how."""
