"""What many experiments say together, as figures and as plots."""
