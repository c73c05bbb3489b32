"""What an agent's client runs by itself: when a session starts, and when the agent ends its turn. Standard library only."""
