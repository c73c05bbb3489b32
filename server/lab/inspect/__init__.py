"""One experiment in detail: its record, its log, its source, and the difference from another source."""
