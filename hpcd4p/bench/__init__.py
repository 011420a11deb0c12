"""The benchmark: what this engine costs and gains, beside what the bare parts and other systems do.

Every figure is a ratio of two things measured in the same run, in turns, on the same machine:
absolute numbers say more about the machine than about the engine. Nothing here decides whether a
run passes; a target that is missed is printed as missed.
"""
