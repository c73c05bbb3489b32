"""Pictures: plain numbers in, PNG out. They know nothing of the lab."""
