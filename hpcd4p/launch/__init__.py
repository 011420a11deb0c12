"""How a run starts: its Redis server, `mpirun`, and the check of what this machine has.

Nothing here may be imported by a rank other than 0; `launch.place` alone is light enough to be asked
by any process whether it is a rank at all.
"""
