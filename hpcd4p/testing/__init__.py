"""The test kit that is shipped: a whole cluster in one process, in virtual time, with seeded faults."""
