"""The `local` backend: runs on this machine, each with a detached runner."""
