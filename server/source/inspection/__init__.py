"""What the code of a source uses, found by parsing: flags, needs, names that nothing provides."""
