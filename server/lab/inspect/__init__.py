"""Looking at one experiment: its record, its log, its source and what it changed."""
