"""How a study runs: attempts, where they lie and what becomes of them, Slurm, the driver."""
