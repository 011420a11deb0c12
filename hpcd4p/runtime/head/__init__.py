"""What rank 0 has besides: sources, the coordinator, the scaler, the figures."""
