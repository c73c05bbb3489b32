"""What scores are compared with: strata, champions, validations."""
