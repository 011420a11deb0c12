"""The benchmark: what this engine costs and gains, beside what the bare parts and other systems do.

Every figure is a ratio of two things that are measured in the same run, in turns, on the same machine:
absolute numbers say more about the machine than about the engine. Nothing passes or fails here; a target that
is missed is printed as missed.
"""
