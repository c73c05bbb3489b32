"""What a run printed: its log, the lines and the numbers in them."""
