"""Reference workflows, written with the public names only."""
