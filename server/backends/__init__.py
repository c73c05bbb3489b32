"""What runs experiments: one contract (`base`), a folder for each backend, and `registry`, which makes them."""
