"""A transaction, both sides: what a rank has written and its way to the commit, what it gets."""
