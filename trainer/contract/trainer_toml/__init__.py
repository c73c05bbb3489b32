"""`trainer.toml`: one module for each of its tables, read and checked in one place for the server and for the runner."""
