"""The metric, computed outside of the experiment's processes."""
