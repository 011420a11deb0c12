"""What a study gives: the facts of its attempts, and the results file, written and read."""
