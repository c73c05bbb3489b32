"""The built-in language model trainer."""
