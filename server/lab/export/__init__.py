"""What leaves the lab for other programs: a branch in the person's repository, a patch, rows as JSON Lines."""
