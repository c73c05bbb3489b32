"""What waits and what runs: the queue, runs, and how they end."""
