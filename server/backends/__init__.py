"""What runs things: one protocol, one implementation a module."""
