"""What the lab remembers: SQLite, one writer at a time, readers never blocked."""
