"""How much of sixteen GPUs' time trains, beside the same campaign run as a script runs it."""
