"""A trainer from a folder that knows nothing of labhand: the folder is surveyed, a `trainer.toml` is proposed, and tried."""
