"""What the person decides while research goes on: a pause, and messages. No tool can undo it."""
