"""The conditions that runs are measured under: how much of the machine each run got, and whether scores drift with time."""
