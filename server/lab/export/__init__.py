"""What leaves the lab for other programs: a branch in the person's repository, a patch, files of rows, runs of a tracker."""
