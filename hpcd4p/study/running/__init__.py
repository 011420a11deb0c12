"""How a study runs: attempts, their folders and states, Slurm, the driver."""
