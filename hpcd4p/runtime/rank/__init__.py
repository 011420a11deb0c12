"""The loop of a rank, and what it has: its link to the broker, the pool's part, accounts."""
