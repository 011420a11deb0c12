"""The files of checkpoints: how they are written, sealed, kept and read. Knows nothing of the engine."""
