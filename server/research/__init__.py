"""Pure functions on numbers: what the evidence allows one to say."""
