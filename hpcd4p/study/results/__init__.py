"""The results of a study: the facts of its attempts, and the results file, written and read."""
