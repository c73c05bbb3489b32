"""The person's report, and the sealed test split that it alone shows."""
