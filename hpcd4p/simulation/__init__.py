"""Runs of the pool, simulated: real policies, granularity and scaler; ranks, cores and Redis are a model."""
