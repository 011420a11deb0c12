"""What only rank 0 has: the sources, the coordinator, the scaler and the figures."""
