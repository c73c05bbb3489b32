"""What a caller can do: the verbs behind the tools."""
