"""How validations go on: the rules of their stages, and what runs next."""
