"""What the lab tells a researcher: Markdown only."""
