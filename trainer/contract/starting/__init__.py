"""Starting a runner: as a new process, or through a fork server."""
