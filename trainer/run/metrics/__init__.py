"""The metrics of a run: numbers in its output and in files that it wrote, read when none of its processes runs any more."""
