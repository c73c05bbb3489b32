"""The report for the person, which is the only place that shows the test split."""
