"""How a run starts: its Redis server, `mpirun`, and the check of what this machine has.

A rank other than 0 imports `launch.worker` and nothing else of this; `launch.place` is small enough for any
process that asks whether it is a rank at all.
"""
