"""The literature: finding papers, reading them, and citing them in experiments and notes."""
