"""What a source is and how it changes: repository, knobs, edits, merges, differences."""
