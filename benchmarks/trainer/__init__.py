"""How much the built-in trainer learns for each CPU second, beside other recipes."""
