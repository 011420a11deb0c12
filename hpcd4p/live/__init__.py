"""What is seen of a run while it goes on: a small file beside its record, and how it is read."""
