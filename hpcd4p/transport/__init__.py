"""How it moves: protocols, their in-memory twins, MPI (the only importer of mpi4py) and Redis."""
