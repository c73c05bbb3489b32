"""A person's own evaluator: a script that runs after training, in a sandbox of its own, and prints the score."""
