"""What the server and the trainer both know: files, formats and names. Standard library only."""
