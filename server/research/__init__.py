"""Statistics: pure functions from numbers to verdicts, effects, designs and estimates."""
