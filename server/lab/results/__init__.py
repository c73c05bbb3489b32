"""The table of results: its rows, its pages and its exports."""
