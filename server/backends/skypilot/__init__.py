"""The `skypilot` backend: runs on clusters that SkyPilot launches; docs/skypilot.md describes it."""
