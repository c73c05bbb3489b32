"""What computing costs: pools, clusters, spending and the allowance."""
